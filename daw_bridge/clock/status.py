"""How the clock that is followed fares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ClockState = Literal["waiting", "locked", "standing", "lost"]


@dataclass(frozen=True)
class ClockStatus:
    """The clock that is followed.

    Attributes:
        source: name, for people.
        state: ``'waiting'`` (nothing has come yet), ``'locked'``, ``'standing'`` (its song is stopped) or
            ``'lost'`` (nothing comes any more).
        tempo: its BPM; 0 while unknown.
        error_ms: by how much what is heard now is behind it; 0 where it has no beat.
    """

    source: str = "internal"
    state: ClockState = "locked"
    tempo: float = 0.0
    error_ms: float = 0.0


NO_CLOCK = ClockStatus()
