"""An output without a sound card: the monotonic clock takes the samples."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# a clock without steps would always have room for a few samples more, and its feeder never a rest
BLOCK_S = 0.0025


class NullOutput:
    """Consumes ``sample_rate`` frames a second and throws them away.

    Args:
        lead_s: seconds written ahead of the clock.
        first_sample: number of the first sample, where an output takes over from another.
        clock: seconds, monotonic; tests give their own.
    """

    def __init__(
        self,
        sample_rate: int = 48000,
        channels: int = 2,
        lead_s: float = 0.05,
        first_sample: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = "null clock"
        self.sample_rate = sample_rate
        self.channels = channels
        self.blocksize = max(1, round(BLOCK_S * sample_rate))
        self.lead_s = lead_s
        self.underruns = 0
        self.silence_s = 0.0
        self.xruns = 0
        self._clock = clock
        self._first = first_sample
        self._written = first_sample
        self._began: float | None = None

    @property
    def latency_s(self) -> float:
        """The lead; there is no device behind it."""
        return self.lead_s

    @property
    def written(self) -> int:
        """Number of the next sample."""
        return self._written

    @property
    def alive(self) -> bool:
        """Always: a clock cannot be unplugged."""
        return True

    def start(self) -> None:
        """Start the clock."""
        self._began = self._clock()

    def stop(self) -> None:
        """Stop the clock; `position` stays where it is."""
        if self._began is not None:
            self._first = round(self.position())
            self._began = None

    def writable(self) -> int:
        """Frames missing to the lead; notes an underrun when the clock has overtaken what was written."""
        if self._began is None:
            return 0
        late = self._elapsed() - self._written
        if late > 0:
            self._began += late / self.sample_rate
            if self._written > self._first:
                self.underruns += 1
                self.silence_s += late / self.sample_rate
        lead = round(self.lead_s * self.sample_rate)
        missing = max(0, round(self._elapsed()) + lead - self._written)
        return missing if missing >= self.blocksize else 0

    def write(self, block: NDArray[np.float32]) -> None:
        """Count ``block`` [n, channels]."""
        self._written += len(block)

    def position(self) -> float:
        """Output sample of now."""
        return min(self._elapsed(), float(self._written))

    def _elapsed(self) -> float:
        if self._began is None:
            return float(self._first)
        return self._first + (self._clock() - self._began) * self.sample_rate
