"""Notes and phrases: what was played, in beats, and the text in which the parameter table carries it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from daw_bridge.errors import MelodyError, shorten_text

MIN_BEATS = 0.25
MAX_BEATS = 1024.0
MAX_NOTES = 1024
MIN_LENGTH = 1e-4
TOUCH = 1e-9
DEFAULT_VELOCITY = 100
MAX_TEXT = 32_000
PHRASE_TEXT = (
    "a length in beats and notes such as '8 C4@0+1 60@1.5+0.5*80' (pitch@start+length*velocity), "
    "a length, the word chroma and steps of twelve digits 0..f such as '1 chroma f00000000000 ...', "
    "or '' for off"
)
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NUMBER = r"(?:\d{1,5}(?:\.\d{0,6})?|\.\d{1,6})"
_NOTE = re.compile(rf"(?:(\d{{1,3}})|([A-G])([#b]?)(-?\d))@({_NUMBER})\+({_NUMBER})(?:\*(\d{{1,3}}))?")


@dataclass(frozen=True)
class Note:
    """A note in beats (quarter notes).

    Args:
        pitch: MIDI number, 0..127 (60 is C4).
        start: beat of its onset, from wherever the notes are counted.
        length: beats, > 0.
        velocity: 1..127.
    Raises:
        MelodyError: a value is out of range.
    """

    pitch: int
    start: float
    length: float
    velocity: int = DEFAULT_VELOCITY

    def __post_init__(self) -> None:
        if not 0 <= self.pitch <= 127:
            raise MelodyError(f"a note's pitch is {self.pitch}, must be 0..127")
        if not 1 <= self.velocity <= 127:
            raise MelodyError(f"a note's velocity is {self.velocity}, must be 1..127")
        if not (math.isfinite(self.start) and math.isfinite(self.length) and self.length > 0):
            raise MelodyError(f"a note of {self.length} beats at beat {self.start} is not possible")


@dataclass(frozen=True)
class Phrase:
    """Notes that repeat every ``beats`` beats; a note may sound across the end into the next repetition.

    Args:
        notes: each starts in [0, beats) and is at most ``beats`` long; at most `MAX_NOTES`.
        beats: length, `MIN_BEATS`..`MAX_BEATS`.
    Raises:
        MelodyError: a value is out of range.
    """

    notes: tuple[Note, ...]
    beats: float

    def __post_init__(self) -> None:
        if not MIN_BEATS <= self.beats <= MAX_BEATS:
            raise MelodyError(f"a phrase of {self.beats} beats: allowed are {MIN_BEATS:g}..{MAX_BEATS:g}")
        if len(self.notes) > MAX_NOTES:
            raise MelodyError(f"a phrase of {len(self.notes)} notes: at most {MAX_NOTES} are taken")
        for note in self.notes:
            if not 0 <= note.start < self.beats or note.length > self.beats:
                raise MelodyError(f"{note} does not fit a phrase of {self.beats:g} beats")

    @classmethod
    def of(cls, notes: Iterable[Note], beats: float) -> Phrase:
        """Lay notes that start anywhere on the repetition: starts are taken modulo the length, longer notes
        are cut to it, and of equal pitches that start together the longest stays."""
        laid: dict[tuple[float, int], Note] = {}
        for note in notes:
            start = note.start % beats
            start = 0.0 if start >= beats else start
            fitted = replace(note, start=start, length=min(note.length, beats))
            known = laid.get((start, note.pitch))
            if known is None or known.length < fitted.length:
                laid[start, note.pitch] = fitted
        return cls(tuple(laid[key] for key in sorted(laid)), beats)

    @classmethod
    def parse(cls, text: str) -> Phrase | None:
        """Read the form of `text`; None for an empty text. Pitches may be names, such as ``Eb4``.

        Raises:
            MelodyError: the text cannot be read, or a value is out of range.
        """
        words = text.split()
        if not words:
            return None
        try:
            beats = float(words[0])
        except ValueError:
            raise MelodyError(f"phrase {shorten_text(text)!r} is not {PHRASE_TEXT}") from None
        return cls.of((_read_note(word) for word in words[1:]), _in_range(beats))

    def text(self) -> str:
        """The phrase as one line, exact to 1/10000 of a beat; read by `parse`."""
        return " ".join([_number(self.beats), *map(_note_text, self.notes)])

    def plus(self, notes: Iterable[Note]) -> Phrase:
        """The phrase with more notes laid on it.

        Raises:
            MelodyError: there are too many.
        """
        return Phrase.of((*self.notes, *notes), self.beats)

    def repeated(self, start: float, stop: float) -> list[Note]:
        """The notes that sound in [start, stop) of the endless repetition, by start; positions count on."""
        first = math.floor(start / self.beats) - 1
        last = math.ceil(stop / self.beats)
        every = (
            replace(note, start=note.start + turn * self.beats)
            for turn in range(first, last)
            for note in self.notes
        )
        return sorted(
            (
                note
                for note in every
                if note.start < stop - TOUCH and note.start + note.length > start + TOUCH
            ),
            key=lambda note: note.start,
        )


def quantised(note: Note, grid: float) -> Note:
    """The note with its start on the nearest line of a grid in beats (0: as it is); its length stays."""
    return replace(note, start=round(note.start / grid) * grid) if grid > 0 else note


def _in_range(beats: float) -> float:
    if not MIN_BEATS <= beats <= MAX_BEATS:
        raise MelodyError(f"a phrase of {beats} beats: allowed are {MIN_BEATS:g}..{MAX_BEATS:g}")
    return beats


def _read_note(word: str) -> Note:
    match = _NOTE.fullmatch(word)
    if match is None:
        raise MelodyError(
            f"note {shorten_text(word)!r} of a phrase is not of the form C4@0+1 or 60@1.5+0.5*80"
        )
    number, name, accidental, octave, start, length, velocity = match.groups()
    pitch = int(number) if number else _named_pitch(name, accidental, int(octave))
    return Note(pitch, float(start), float(length), int(velocity or DEFAULT_VELOCITY))


def _named_pitch(name: str, accidental: str, octave: int) -> int:
    return 12 * (octave + 1) + _STEPS[name] + {"": 0, "#": 1, "b": -1}[accidental]


def _note_text(note: Note) -> str:
    velocity = "" if note.velocity == DEFAULT_VELOCITY else f"*{note.velocity}"
    return f"{note.pitch}@{_number(note.start)}+{_number(max(note.length, MIN_LENGTH))}{velocity}"


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"
