"""Where the beat is: tempo, metre and beat position by frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genmodels.errors import ConditionError


@dataclass(frozen=True)
class Transport:
    """A steady pulse, laid on the frames of a stream. A tempo map is made by replacing it from a frame on.

    Args:
        bpm: beats a minute, in [20, 400].
        beats_per_bar: in [1, 16].
        beat: beat position (0 = a bar's first beat) at `frame`; may be negative.
        frame: the frame at which `beat` holds.
        frame_rate: frames a second, > 0.
    Raises:
        ConditionError: a value is out of range.
    """

    bpm: float
    beats_per_bar: int = 4
    beat: float = 0.0
    frame: int = 0
    frame_rate: float = 50.0

    def __post_init__(self) -> None:
        if not 20 <= self.bpm <= 400:
            raise ConditionError(f"transport bpm is {self.bpm}, must be in [20, 400]")
        if not 1 <= self.beats_per_bar <= 16:
            raise ConditionError(f"transport beats_per_bar is {self.beats_per_bar}, must be in [1, 16]")
        if not math.isfinite(self.beat):
            raise ConditionError(f"transport beat is {self.beat}, must be finite")
        if not self.frame_rate > 0:
            raise ConditionError(f"transport frame_rate is {self.frame_rate}, must be > 0")

    def beats_at(self, frames: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Beat positions at frame numbers of any shape."""
        elapsed = np.asarray(frames, dtype=np.float64) - self.frame
        return self.beat + elapsed * (self.bpm / 60.0 / self.frame_rate)


def transport_features(transport: Transport | None, start: int, stop: int) -> npt.NDArray[np.float32]:
    """What `TransportConditioner` takes for the frames [start, stop).

    Returns:
        [stop - start, 4] float32: beat within the bar (in beats), beats a bar, bpm, presence (1); all zero
        when absent.
    """
    features = np.zeros((stop - start, 4), dtype=np.float32)
    if transport is not None:
        features[:, 0] = np.mod(transport.beats_at(np.arange(start, stop)), transport.beats_per_bar)
        features[:, 1:] = transport.beats_per_bar, transport.bpm, 1.0
    return features
