"""LiveChroma: the chroma of sound while it comes, by the same definition as that of files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from daw_bridge.melody.chroma_phrase import sharpened
from genmodels.conditioning.harmony import CHROMA_WINDOW, chroma_of_windows

SILENCE: tuple[float, ...] = (0.0,) * 12
FRAME_RATE = 50.0
QUIETEST_DB = -120.0
# the level is of the frame itself, so that a sound begins and ends where it does, not half a window off
LEVEL_SAMPLES = 1024

Samples = npt.NDArray[np.float32]


class ChromaFrame(NamedTuple):
    """What was heard at a time.

    Attributes:
        at: when it sounded at the input, seconds of `time.monotonic`.
        chroma: twelve strengths from C, the strongest 1; all 0 in silence.
        level_db: of the sound, in dB below full scale.
    """

    at: float
    chroma: tuple[float, ...]
    level_db: float


class Analysed(NamedTuple):
    """As `ChromaFrame`, at a sample of the input."""

    sample: int
    chroma: tuple[float, ...]
    level_db: float


class LiveChroma:
    """Cuts sound into the frames of `chroma_of`: each looks half a window to either side, so that it can be
    given half a window after it sounded.

    Args:
        sample_rate: Hz.
        frame_rate: frames a second.
    """

    def __init__(self, sample_rate: int, frame_rate: float = FRAME_RATE) -> None:
        self._rate = sample_rate
        self._hop = sample_rate / frame_rate
        self._kept: Samples = np.zeros(CHROMA_WINDOW // 2, np.float32)
        self._first = -(CHROMA_WINDOW // 2)
        self._frame = 0

    def push(self, samples: Samples) -> list[Analysed]:
        """Take the next samples [n]; returns the frames that have become complete."""
        self._kept = np.concatenate([self._kept, samples])
        heard = []
        while (found := self._next()) is not None:
            heard.append(found)
        return heard

    def _next(self) -> Analysed | None:
        middle = round(self._frame * self._hop)
        start = middle - CHROMA_WINDOW // 2 - self._first
        window = self._kept[start : start + CHROMA_WINDOW]
        if len(window) < CHROMA_WINDOW:
            return None
        self._frame += 1
        self._kept, self._first = self._kept[start:], self._first + start
        chroma = sharpened(chroma_of_windows(window[None], self._rate))[0]
        here = window[(CHROMA_WINDOW - LEVEL_SAMPLES) // 2 : (CHROMA_WINDOW + LEVEL_SAMPLES) // 2]
        power = float(np.mean(np.square(here, dtype=np.float64)))
        level = max(QUIETEST_DB, 10.0 * np.log10(power)) if power > 0 else QUIETEST_DB
        return Analysed(middle, tuple(float(strength) for strength in chroma), float(level))


class Gate:
    """Silences frames below a level. It closes a little below the level at which it opens, so that a sound
    about there does not flicker."""

    HYSTERESIS_DB = 4.0

    def __init__(self) -> None:
        self._open = False

    def pass_through(self, frame: ChromaFrame, level_db: float) -> ChromaFrame:
        """The frame, or silence at its time."""
        self._open = frame.level_db >= level_db - (self.HYSTERESIS_DB if self._open else 0.0)
        return frame if self._open else frame._replace(chroma=SILENCE)
