"""Scales, chords from roman numerals, voice leading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Mode = Literal["major", "minor"]

NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
MINOR_SCALES = frozenset({"minor", "dorian", "phrygian", "harmonic minor", "minor pentatonic", "blues"})
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_SUFFIXES: dict[str, tuple[int, ...]] = {
    "maj7": (4, 7, 11),
    "maj9": (4, 11, 14),
    "m7b5": (3, 6, 10),
    "dim": (3, 6),
    "dim7": (3, 6, 9),
    "sus2": (2, 7),
    "sus4": (5, 7),
    "7sus4": (5, 7, 10),
    "13": (4, 10, 21),
    "5": (7,),
}
_BY_THIRD: dict[str, tuple[int, ...]] = {"": (7,), "6": (7, 9), "7": (7, 10), "9": (10, 14), "add9": (7, 14)}
_ROMAN = re.compile(r"^([b#]?)([IViv]+)(.*)$")


@dataclass(frozen=True)
class Chord:
    """A chord: root pitch class 0-11, intervals over the root in semitones (root included), name as 'Am7'."""

    root: int
    intervals: tuple[int, ...]
    name: str

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes, root first."""
        return tuple((self.root + interval) % 12 for interval in self.intervals)

    @property
    def third(self) -> int:
        """Semitones from the root to the second chord tone."""
        return self.intervals[1] % 12

    @property
    def fifth(self) -> int:
        """Semitones from the root to a sounding fifth (7 when the chord has none)."""
        return 6 if 6 in self.intervals else 7

    @property
    def seventh(self) -> int:
        """Semitones from the root to a seventh that fits (the octave where the chord says nothing of it)."""
        return next((i for i in self.intervals if i in (9, 10, 11)), 12)


def key_name(tonic: int, mode: Mode) -> str:
    """'A minor' from 9, 'minor'."""
    return f"{NOTE_NAMES[tonic % 12]} {mode}"


def roman_chord(symbol: str, tonic: int, mode: Mode) -> Chord:
    """The chord that a roman numeral means in a key: 'i', 'VI', 'V7', 'bVIImaj7', 'iim7b5', 'I5'.

    Capitals are major, small letters minor; in minor keys III, VI and VII stand on the natural minor scale.
    Raises ValueError for a symbol it cannot read."""
    match = _ROMAN.match(symbol)
    if match is None or match.group(2).upper() not in _NUMERALS:
        raise ValueError(f"chord symbol {symbol!r} is not a roman numeral I..VII with a known suffix")
    accidental, numeral, suffix = match.groups()
    minor = numeral.islower()
    degree = SCALES[mode][_NUMERALS.index(numeral.upper())]
    root = (tonic + degree + {"b": -1, "#": 1, "": 0}[accidental]) % 12
    if suffix in _SUFFIXES:
        upper = _SUFFIXES[suffix]
    elif suffix in _BY_THIRD:
        upper = (3 if minor else 4, *_BY_THIRD[suffix])
    else:
        known = ", ".join(name for name in (*_BY_THIRD, *_SUFFIXES) if name)
        raise ValueError(f"chord symbol {symbol!r}: unknown suffix {suffix!r}; known: {known}")
    quality = "m" if minor and suffix in _BY_THIRD else ""
    return Chord(root, (0, *upper), NOTE_NAMES[root] + quality + suffix)


def scale_pitches(tonic: int, steps: tuple[int, ...], low: int, high: int) -> tuple[int, ...]:
    """MIDI pitches of a scale in [low, high]."""
    classes = {(tonic + step) % 12 for step in steps}
    return tuple(pitch for pitch in range(low, high + 1) if pitch % 12 in classes)


def nearest(pitches: tuple[int, ...], pitch: float) -> int:
    """The member of `pitches` nearest to `pitch`; the lower one when two are as near."""
    return min(pitches, key=lambda p: (abs(p - pitch), p))


def place(pitch_class: int, low: int) -> int:
    """The lowest MIDI pitch of a pitch class that is not below `low`."""
    return low + (pitch_class - low) % 12


@lru_cache(maxsize=16384)
def voice(chord: Chord, previous: tuple[int, ...] | None, centre: int = 62) -> tuple[int, ...]:
    """Close voicing of a chord, low to high: the inversion that moves least from `previous` and stays near
    `centre` (MIDI pitch)."""
    classes = chord.pitch_classes
    candidates = []
    for low in range(centre - 12, centre + 3):
        for turn in range(len(classes)):
            pitches = [place(classes[turn], low)]
            for pitch_class in classes[turn + 1 :] + classes[:turn]:
                pitches.append(place(pitch_class, pitches[-1] + 1))
            candidates.append(tuple(pitches))

    def cost(pitches: tuple[int, ...]) -> float:
        middle = sum(pitches) / len(pitches)
        distance = abs(middle - centre) + 0.5 * (pitches[-1] - pitches[0])
        if previous is None:
            return distance
        return voice_movement(previous, pitches) + 0.5 * distance

    return min(candidates, key=cost)


def voice_movement(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Semitones that the voices of `other` lie from the nearest voices of `one`, in sum."""
    return float(sum(min(abs(p - q) for q in one) for p in other))
