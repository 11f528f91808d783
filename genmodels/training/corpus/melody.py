"""Melodies: phrases of four bars over a style's rhythms, with a motif, its answer and a close."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from genmodels.training.corpus.harmony import Harmony
from genmodels.training.corpus.parts import held_marks
from genmodels.training.corpus.piece import Note
from genmodels.training.corpus.theory import nearest

WIDEST_LEAP = 12
_REACH = 6


@dataclass(frozen=True)
class Idea:
    """One note of a melody before it has a pitch: beat and length in beats, accent, scale steps from the
    centre."""

    beat: float
    length: float
    accent: bool
    degree: int


Phrase = tuple[tuple[Idea, ...], ...]


def make_phrase(rng: Random, rhythms: tuple[str, ...]) -> Phrase:
    """Four bars: a motif, a continuation, the motif again (at times a step away), and a close."""
    sounding = [rhythm for rhythm in rhythms if set(rhythm) & set("Xx")]
    first, second = rng.choice(sounding), rng.choice(rhythms)
    last = rng.choice(sorted(sounding, key=lambda text: sum(mark in "Xx" for mark in text))[:3])
    motif = _walk(rng, first, rng.choice((-2, 0, 0, 2)))
    then = _walk(rng, second, motif[-1].degree + rng.choice((-1, 1)))
    shift = rng.choice((0, 0, 0, -1, 1))
    again = tuple(Idea(i.beat, i.length, i.accent, _bound(i.degree + shift)) for i in motif)
    close = _walk(rng, last, again[-1].degree, towards=rng.choice((0, 0, -3, 2)))
    return (motif, then, again, close)


def _walk(rng: Random, rhythm: str, start: int, towards: int | None = None) -> tuple[Idea, ...]:
    """Degrees for a bar's rhythm: mostly steps, leaps back towards the middle, a straight way `towards`."""
    marks = held_marks(rhythm, frozenset("Xx"))
    ideas, degree = [], _bound(start)
    for number, (step, mark, length) in enumerate(marks):
        if towards is not None and number == len(marks) - 1:
            degree = towards if abs(towards - degree) <= 4 else degree
        ideas.append(Idea(step / 4, length, mark == "X", degree))
        back = -1 if degree > 0 else 1
        degree = _bound(degree + rng.choice((-1, -1, 1, 1, back, 2 * back, 3 * back, 0)))
    return tuple(ideas)


def _bound(degree: int) -> int:
    return max(-_REACH + 1, min(_REACH, degree))


def melody_bar(
    ideas: tuple[Idea, ...], bar: int, harmony: Harmony, scale: tuple[int, ...], centre: int
) -> list[Note]:
    """A bar of a phrase as notes: on the first beat, under accents and long notes a tone of the chord.

    `scale` holds the pitches that may sound, `centre` is the pitch of degree 0."""
    middle = scale.index(nearest(scale, centre))
    notes: list[Note] = []
    for idea in ideas:
        pitch = scale[max(0, min(len(scale) - 1, middle + idea.degree))]
        strong = idea.beat == 0 or idea.accent or idea.length > 0.7
        if strong:
            classes = harmony.at(bar, idea.beat).pitch_classes
            tones = tuple(tone for tone in range(scale[0], scale[-1] + 1) if tone % 12 in classes)
            pitch = nearest(tones or scale, pitch)
        notes.append(Note(idea.beat, idea.length * 0.97, pitch, 106 if idea.accent else 98 if strong else 86))
    return notes
