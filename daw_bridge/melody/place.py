"""SongPlace: where in the song something was played, and whether that is still the same song."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SongPlace:
    """A place in the song.

    Attributes:
        beat: quarter notes since bar 1, by the meter there.
        beats_per_bar: that meter.
        origin: beats that had passed, since the instrument began, where the song's beat 0 lies. Another one
            says that the song has jumped: to bar 1, to where a host is, or to other numbers of its beats.
    """

    beat: float
    beats_per_bar: int
    origin: float = 0.0
