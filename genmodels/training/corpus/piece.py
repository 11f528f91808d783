"""A composed piece as data: notes, tracks, sections and the facts that captions speak about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["drums", "bass", "chords", "lead", "pad"]
Texture = Literal["full", "solo", "drums only", "no drums", "bass and drums"]


@dataclass(frozen=True)
class Note:
    """One note. `start` and `length` in beats from the beginning of the piece, human timing included;
    `pitch` MIDI 0-127 (of a drum track: the General MIDI drum); `velocity` 1-127."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Track:
    """Notes of one instrument. `program` is the General MIDI program from 0 (of drums: the kit);
    `volume` is MIDI controller 7, 0-127. With `pump` the track ducks on every beat."""

    role: Role
    program: int
    notes: tuple[Note, ...]
    volume: int = 100
    pump: bool = False

    @property
    def is_drums(self) -> bool:
        """Whether the notes are drums, without pitch."""
        return self.role == "drums"


@dataclass(frozen=True)
class Section:
    """Bars [start_bar, start_bar + bars) in which `roles` play."""

    name: str
    start_bar: int
    bars: int
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Piece:
    """A whole piece: constant tempo, beat 0 of bar 0 at sample 0, cut at the end of its last bar.

    `instruments` are the names of what plays, the most prominent first; `names` and `moods` are words that
    people would type for it; `cutoff_hz` and `drive` are the colour of the mix (0 = none)."""

    seed: int
    style: str
    texture: Texture
    bpm: float
    beats_per_bar: int
    bars: int
    tonic: int
    mode: Literal["major", "minor"]
    chords: tuple[str, ...]
    tracks: tuple[Track, ...]
    sections: tuple[Section, ...]
    instruments: tuple[str, ...]
    names: tuple[str, ...]
    moods: tuple[str, ...]
    cutoff_hz: float = 0.0
    drive: float = 0.0

    @property
    def seconds_per_beat(self) -> float:
        """Length of one beat in seconds."""
        return 60.0 / self.bpm

    @property
    def duration_s(self) -> float:
        """Length of all bars in seconds."""
        return self.bars * self.beats_per_bar * self.seconds_per_beat

    @property
    def has_drums(self) -> bool:
        """Whether any drum sounds."""
        return any(track.is_drums for track in self.tracks)
