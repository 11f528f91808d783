"""What makes a style recognisable, as data.

Patterns are strings on the grid of sixteenth notes, one or more bars long (16 steps a bar of 4/4, 12 of 3/4
and 6/8). `X` accent, `x` normal, `o` soft, `-` hold, `.` rest. Drums also have `d` and `t`: a roll of two or
three strokes in the step. Chords may be arpeggios instead: digits count the chord's voices from below. Bass:
`R` root accented, `r` root, `5` fifth, `8` octave, `3` third, `6` sixth, `7` seventh, `g` ghost note, `a`
approach to the next chord's root. Melodies are rhythms: `X` and `x` with holds and rests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from genmodels.training.corpus.piece import Meter, Mix, Role, Texture
from genmodels.training.corpus.theory import Mode

Drums = Mapping[str, str]
Progressions = Mapping[Mode, tuple[str, ...]]


@dataclass(frozen=True)
class Grooves:
    """Vocabulary of a style in one meter.

    Attributes:
        light, full: drums of verses and of choruses; a style without drums has none.
        fills: drums at the end of a phrase, at most a bar long, laid on the bar's end.
        bass, chords, arps: accompaniment; `bass` may hold the word `walk` for a walking bass.
        leads: rhythms of a melody's bars.
    """

    light: tuple[Drums, ...] = ()
    full: tuple[Drums, ...] = ()
    fills: tuple[Drums, ...] = ()
    bass: tuple[str, ...] = ()
    chords: tuple[str, ...] = ()
    arps: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Style:
    """One style. Instruments are keys of `INSTRUMENTS` and `KITS`; repeated ones are likelier.

    Attributes:
        name: its key; `names` are the words that people type for it, the usual one first.
        bpm: usual range of quarter notes a minute.
        moods: words that fit it in any key; `mood_by_mode` those that need the mode.
        grooves: vocabulary by meter; `three` is the share of pieces in 3/4 or 6/8 where there are both.
        progressions: roman numerals, one a bar, two joined by a dash share a bar.
        scales: of the melody, by mode.
        minor_share: share of pieces in minor.
        form: sections of four bars each, gone through from the first or from the middle.
        intros, breaks: sets of roles that play there.
        arp_chance, lead_chance, pad_chance: how often a full band has them.
        duos: pairs of a melody and a chord instrument that play without others.
        swing, swing_unit: see `Piece`.
        jitter_ms: standard deviation of human timing; `late_ms` lays a role behind the beat.
        bass_low, chord_centre, lead_shift: registers, MIDI pitches and octaves.
        levels: loudness of roles in dB where it differs from the usual.
        pump, echo: see `Track`; echo in beats for leads and arpeggios.
        fill_chance: how often a phrase inside a section ends with a fill.
    """

    name: str
    names: tuple[str, ...]
    bpm: tuple[int, int]
    moods: tuple[str, ...]
    grooves: Mapping[Meter, Grooves]
    progressions: Progressions
    mood_by_mode: Mapping[Mode, tuple[str, ...]] = field(default_factory=lambda: MODE_MOODS)
    scales: Mapping[Mode, tuple[str, ...]] = field(default_factory=lambda: PLAIN_SCALES)
    minor_share: float = 0.5
    three: float = 0.3
    form: tuple[str, ...] = ("intro", "verse", "chorus", "verse", "break", "chorus")
    intros: tuple[tuple[Role, ...], ...] = (("drums", "bass"), ("chords", "bass"), ("chords", "drums"))
    breaks: tuple[tuple[Role, ...], ...] = (("chords", "lead", "pad"), ("drums", "bass"))
    kits: tuple[str, ...] = ("standard",)
    bass: tuple[str, ...] = ("finger bass",)
    chords: tuple[str, ...] = ("grand piano",)
    arp: tuple[str, ...] = ()
    lead: tuple[str, ...] = ("grand piano",)
    pad: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    duos: tuple[tuple[str, str], ...] = ()
    arp_chance: float = 0.0
    lead_chance: float = 0.65
    pad_chance: float = 0.3
    textures: Mapping[Texture, float] = field(default_factory=lambda: TEXTURES)
    swing: float = 0.5
    swing_unit: int = 1
    jitter_ms: float = 2.5
    late_ms: Mapping[Role, float] = field(default_factory=dict)
    bass_low: int = 33
    chord_centre: int = 62
    lead_shift: int = 0
    levels: Mapping[Role, float] = field(default_factory=dict)
    pump: bool = False
    echo: float = 0.0
    fill_chance: float = 0.6
    mix: Mix = field(default_factory=Mix)


TEXTURES: Mapping[Texture, float] = {
    "full": 0.66, "no drums": 0.1, "duo": 0.06, "solo": 0.08, "drums only": 0.06, "bass and drums": 0.04,
}  # fmt: skip
MODE_MOODS: Mapping[Mode, tuple[str, ...]] = {
    "major": ("happy", "bright", "uplifting", "cheerful", "sunny", "optimistic"),
    "minor": ("dark", "sad", "melancholic", "moody", "serious", "wistful"),
}
HARD_MOODS: Mapping[Mode, tuple[str, ...]] = {
    "major": ("uplifting", "bright", "euphoric"),
    "minor": ("dark", "menacing", "moody", "ominous"),
}
PLAIN_SCALES: Mapping[Mode, tuple[str, ...]] = {"major": ("major",), "minor": ("minor",)}
PENTATONIC: Mapping[Mode, tuple[str, ...]] = {
    "major": ("major pentatonic",),
    "minor": ("minor pentatonic",),
}
BLUES: Mapping[Mode, tuple[str, ...]] = {"major": ("blues", "mixolydian"), "minor": ("blues",)}
MODAL: Mapping[Mode, tuple[str, ...]] = {
    "major": ("major", "lydian", "mixolydian"),
    "minor": ("minor", "dorian"),
}
DARK_SCALES: Mapping[Mode, tuple[str, ...]] = {"major": ("major",), "minor": ("minor", "phrygian")}
