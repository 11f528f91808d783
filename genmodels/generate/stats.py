"""How long things take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class RunningMean:
    """An exponentially fading mean of durations in milliseconds.

    Attributes:
        last: the latest one. mean: the fading mean. count: how many there were.
    """

    last: float = 0.0
    mean: float = 0.0
    count: int = 0

    def add(self, ms: float) -> None:
        """Count one duration."""
        self.count += 1
        self.last = ms
        self.mean += (ms - self.mean) * max(1.0 / self.count, 0.02)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count how long the body takes."""
        start = time.perf_counter()
        yield
        self.add((time.perf_counter() - start) * 1e3)


@dataclass
class StreamStats:
    """Durations in a streaming session.

    Attributes:
        step: one step of the language model, sampling included.
        prefill: one chunk of a prompt.
        codec: decoding of what one call of `advance` made.
    """

    step: RunningMean = field(default_factory=RunningMean)
    prefill: RunningMean = field(default_factory=RunningMean)
    codec: RunningMean = field(default_factory=RunningMean)
