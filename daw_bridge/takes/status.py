"""Small facts about takes that others pass around."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

KeeperState = Literal["off", "waiting", "recording", "failed"]


@dataclass(frozen=True)
class Place:
    """Where a voice lies: its deck, the output sample of its frame 0, and those between which it sounds."""

    deck: int
    origin: int
    start: int
    stop: int | None = None


@dataclass(frozen=True)
class TakeStatus:
    """What is being recorded.

    Attributes:
        state: ``'off'``, ``'waiting'`` (for music), ``'recording'``, or ``'failed'`` (the take ended early;
            the next one begins with the next start from silence).
        name: given by whoever plays, or the folder's.
        seconds: of sound so far.
        folder: the take's, or None.
    """

    state: KeeperState = "off"
    name: str = ""
    seconds: float = 0.0
    folder: Path | None = None


NO_TAKE = TakeStatus()
