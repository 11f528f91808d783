"""A composed piece as data: notes, tracks, sections and the facts that captions speak about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from genmodels.training.corpus.theory import Mode

Role = Literal["drums", "bass", "chords", "arp", "lead", "pad"]
Texture = Literal["full", "no drums", "duo", "solo", "drums only", "bass and drums"]
Meter = Literal["4/4", "3/4", "6/8"]

ROLES: tuple[Role, ...] = ("drums", "bass", "chords", "arp", "lead", "pad")
PROMINENCE: tuple[Role, ...] = ("lead", "chords", "arp", "pad", "bass", "drums")
"""Roles, the one that listeners name first in front."""

METERS: dict[Meter, int] = {"4/4": 4, "3/4": 3, "6/8": 3}
"""Quarter notes a bar, as a DAW counts them."""

STEPS_PER_BEAT = 4


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
    """Notes of one instrument.

    Attributes:
        role: its part in the piece.
        instrument: a key of `INSTRUMENTS`, of a drum track one of `KITS`.
        notes: sorted by start.
        level_db: loudness in the mix, relative to the drums' usual one.
        pump: ducks on every beat, as dance music does.
        echo: repeats, in beats of delay; 0 is none.
    """

    role: Role
    instrument: str
    notes: tuple[Note, ...]
    level_db: float = 0.0
    pump: bool = False
    echo: float = 0.0

    @property
    def is_drums(self) -> bool:
        """Whether the notes are drums, without pitch."""
        return self.role == "drums"


@dataclass(frozen=True)
class Section:
    """Bars [start_bar, start_bar + bars) in which `roles` sound, `energy` 0..1 of full force."""

    name: str
    start_bar: int
    bars: int
    roles: tuple[Role, ...]
    energy: float = 1.0

    @property
    def end_bar(self) -> int:
        """The bar after its last."""
        return self.start_bar + self.bars


@dataclass(frozen=True)
class Mix:
    """Colour of the mix.

    Attributes:
        room: a key of `ROOMS`.
        wet_db: level of the room, relative to the dry sound.
        low_pass_hz, high_pass_hz: limits of the spectrum, 0 is none.
        drive: saturation, 0 is none, 1 is gentle, 3 is rough.
        noise_db: vinyl noise, dBFS; -inf is none.
        sweep: whether a filter opens over the sections that build up.
    """

    room: str = "room"
    wet_db: float = -14.0
    low_pass_hz: float = 0.0
    high_pass_hz: float = 0.0
    drive: float = 0.0
    noise_db: float = float("-inf")
    sweep: bool = False


@dataclass(frozen=True)
class Piece:
    """A piece in one style: constant tempo, beat 0 of bar 0 at sample 0, cut at the end of its last bar.

    Attributes:
        seed: what it was composed from.
        style: a key of `STYLES`.
        texture: what kind of ensemble plays.
        bpm: quarter notes a minute.
        meter: time signature; the bar has `beats_per_bar` quarter notes.
        tonic, mode: the key; `scale` names the scale of the melody.
        chords: chord names, one string a bar.
        names, moods: words that people would type for it.
        swing, swing_unit: where the second of a pair of `swing_unit` sixteenths lies in the pair (0.5 is
            straight).
    """

    seed: int
    style: str
    texture: Texture
    bpm: float
    meter: Meter
    bars: int
    tonic: int
    mode: Mode
    scale: str
    chords: tuple[str, ...]
    tracks: tuple[Track, ...]
    sections: tuple[Section, ...]
    names: tuple[str, ...]
    moods: tuple[str, ...]
    swing: float = 0.5
    swing_unit: int = 1
    mix: Mix = field(default_factory=Mix)

    @property
    def beats_per_bar(self) -> int:
        """Quarter notes a bar."""
        return METERS[self.meter]

    @property
    def seconds_per_beat(self) -> float:
        """Length of one beat in seconds."""
        return 60.0 / self.bpm

    @property
    def bar_s(self) -> float:
        """Length of one bar in seconds."""
        return self.beats_per_bar * self.seconds_per_beat

    @property
    def duration_s(self) -> float:
        """Length of all bars in seconds."""
        return self.bars * self.bar_s

    @property
    def has_drums(self) -> bool:
        """Whether any drum sounds."""
        return any(track.is_drums for track in self.tracks)

    def track(self, role: Role) -> Track | None:
        """The track of a role, None where the piece has none."""
        return next((track for track in self.tracks if track.role == role), None)
