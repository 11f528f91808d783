"""CaptureStatus: how far the capture of a melody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CaptureState = Literal["idle", "count-in", "recording", "overdub"]


@dataclass(frozen=True)
class CaptureStatus:
    """What becomes of notes and sound that are to be a phrase.

    Attributes:
        bars, beats: that are left until the recording begins (``'count-in'``) or ends (``'recording'``), the
            running ones counted; 0 in the other states.
    """

    state: CaptureState = "idle"
    bars: int = 0
    beats: int = 0


NO_CAPTURE = CaptureStatus()
