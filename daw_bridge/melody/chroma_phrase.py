"""ChromaPhrase: a melody that was heard instead of played, as it was heard: pitch classes by sixteenth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, pairwise

import numpy as np

from daw_bridge.errors import MelodyError, shorten_text
from daw_bridge.melody.phrase import MAX_BEATS, MIN_BEATS, PHRASE_TEXT, Note, Phrase
from genmodels.conditioning.harmony import Chroma, normalise

WORD = "chroma"
STEPS_PER_BEAT = 4
MAX_STEPS = 2048
OCTAVE = 60
STRONG = 0.6
_STEP = re.compile(r"[0-9a-f]{12}")
_TOP = 15


@dataclass(frozen=True)
class ChromaPhrase:
    """Chroma that repeats every ``beats`` beats, in steps of equal length.

    Args:
        steps: 1 to `MAX_STEPS`, each of twelve hexadecimal digits: the strengths of the pitch classes from
            C, ``f`` being the strongest.
        beats: length, as of a `Phrase`.
    Raises:
        MelodyError: a value is out of range.
    """

    steps: tuple[str, ...]
    beats: float

    def __post_init__(self) -> None:
        if not MIN_BEATS <= self.beats <= MAX_BEATS:
            raise MelodyError(f"a phrase of {self.beats} beats: allowed are {MIN_BEATS:g}..{MAX_BEATS:g}")
        if not 1 <= len(self.steps) <= MAX_STEPS:
            raise MelodyError(f"a phrase of {len(self.steps)} steps: allowed are 1..{MAX_STEPS}")
        for step in self.steps:
            if not _STEP.fullmatch(step):
                raise MelodyError(f"step {shorten_text(step)!r} of a phrase is not of 12 digits 0..f, from C")

    @classmethod
    def of(cls, chroma: Chroma, beats: float) -> ChromaPhrase:
        """Chroma [T, 12] that spans ``beats`` beats: the mean of each sixteenth, in sixteen degrees.

        Raises:
            MelodyError: the length is out of range.
        """
        count = min(MAX_STEPS, max(1, round(beats * STEPS_PER_BEAT)))
        edges = np.linspace(0, len(chroma), count + 1)
        rows = [chroma[int(a) : max(int(a) + 1, int(b))] for a, b in pairwise(edges)]
        means = np.array([row.mean(0) if len(row) else np.zeros(12) for row in rows])
        return cls(tuple(_word(mean) for mean in means), beats)

    @property
    def values(self) -> Chroma:
        """[steps, 12] in [0, 1]."""
        return self._values

    @cached_property
    def _values(self) -> Chroma:
        digits = [[int(digit, 16) for digit in step] for step in self.steps]
        values: Chroma = np.array(digits, np.float32) / np.float32(_TOP)
        return values

    @property
    def notes(self) -> tuple[Note, ...]:
        """The same as notes of one octave: a note for as long as a pitch class keeps its strength."""
        return tuple(self._runs())

    def text(self) -> str:
        """The phrase as one line, read by `read_phrase`."""
        return " ".join([f"{self.beats:.4f}".rstrip("0").rstrip("."), WORD, *self.steps])

    def _runs(self) -> Iterator[Note]:
        size = self.beats / len(self.steps)
        for pitch in range(12):
            place = 0
            for digit, run in groupby(int(step[pitch], 16) for step in self.steps):
                length = len(list(run))
                if digit:
                    velocity = max(1, round(127 * digit / _TOP))
                    yield Note(OCTAVE + pitch, place * size, length * size, velocity)
                place += length


AnyPhrase = Phrase | ChromaPhrase
"""A phrase of notes, or one of chroma."""


@lru_cache(maxsize=32)
def read_phrase(text: str) -> AnyPhrase | None:
    """Read the text of a phrase, of notes or of chroma; None for an empty one.

    Raises:
        MelodyError: the text cannot be read, or a value is out of range.
    """
    words = text.split(maxsplit=2)
    if len(words) < 2 or words[1] != WORD:
        return Phrase.parse(text)
    try:
        beats = float(words[0])
    except ValueError:
        raise MelodyError(f"phrase {shorten_text(text)!r} is not {PHRASE_TEXT}") from None
    return ChromaPhrase(tuple(words[2].split()) if len(words) > 2 else (), beats)


def check_phrase(text: str) -> None:
    """Raise `ValueError` unless the text is a phrase or empty."""
    try:
        read_phrase(text)
    except MelodyError as error:
        raise ValueError(str(error)) from error


def sharpened(chroma: Chroma) -> Chroma:
    """Chroma [T, 12] of sound without what is weak beside each frame's strongest class: that is overtones and
    the width of the analysis, which a model that was told of notes has never heard of."""
    strong: Chroma = np.where(chroma >= STRONG * chroma.max(axis=1, keepdims=True), chroma, np.float32(0.0))
    return normalise(strong)


def _word(mean: Chroma) -> str:
    return "".join(f"{round(float(value) * _TOP):x}" for value in np.clip(mean, 0.0, 1.0))
