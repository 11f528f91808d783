"""What the instrument asks of whatever takes its sound."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MAX_LEAD_S = 0.25


class Output(Protocol):
    """A sink of float32 blocks [n, channels] with its own clock.

    ``written`` is the instrument's sample counter: the absolute number of the next output sample. One thread
    writes; `position` may be called from any thread.

    Attributes:
        name: for people.
        sample_rate: Hz. channels: 1 or more. blocksize: frames of a device callback, 0 if it varies.
        latency_s: seconds from `write` to the ear, the lead kept in the buffer included.
        written: samples written so far, plus the number that it started from.
        lead_s: seconds kept in the buffer; may be set while it plays, to `MAX_LEAD_S` at most.
        underruns: times that the device wanted samples and there were none.
        silence_s: seconds that this lasted in all.
        xruns: gaps that the device itself reports: a sound server or a callback that was late.
    """

    name: str
    sample_rate: int
    channels: int
    blocksize: int
    lead_s: float
    underruns: int
    silence_s: float
    xruns: int

    @property
    def latency_s(self) -> float: ...

    @property
    def written(self) -> int: ...

    @property
    def alive(self) -> bool:
        """False once the device is gone (no callback for a second); a new output must then be opened."""

    def start(self) -> None:
        """Begin to take samples. Raises `DeviceError` when the device refuses."""

    def stop(self) -> None:
        """Stop at once and free the device; may be called twice."""

    def writable(self) -> int:
        """Frames that may be written now so that the lead stays at its target; 0 when there is enough."""

    def write(self, block: NDArray[np.float32]) -> None:
        """Append ``block`` [n, channels], values within -1..1, n <= writable()."""

    def position(self) -> float:
        """Output sample that is being heard now; at most ``written``."""
