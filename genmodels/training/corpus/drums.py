"""Drum bars from pattern strings: accents, ghost notes, fills."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.instruments import DRUMS
from genmodels.training.corpus.piece import Note
from genmodels.training.corpus.styles import Drums

VELOCITY = {"X": 114, "x": 94, "o": 58}
STEPS_PER_BEAT = 4
_LOUDNESS = {
    "hat": 0.92,
    "open": 0.85,
    "ride": 0.92,
    "pedal": 0.85,
    "maracas": 0.95,
    "tambourine": 0.85,
    "crash": 0.85,
}
_FILLS = (
    {"snare": "xoxX", "kick": "X..."},
    {"snare": "x.xx", "tom": "...X"},
    {"high tom": "Xx..", "tom": "..x.", "low tom": "...X"},
    {"snare": "X.X.", "kick": ".x.x"},
)


def bar_of(pattern: str, bar: int, steps: int) -> str:
    """The characters of bar number `bar` (from 0) of a pattern that is one or more bars of `steps` long.

    Raises ValueError when the pattern is not a whole number of bars."""
    if not pattern or len(pattern) % steps:
        raise ValueError(
            f"pattern {pattern!r} has {len(pattern)} steps, not a whole number of bars of {steps}"
        )
    start = bar * steps % len(pattern)
    return pattern[start : start + steps]


def drum_bar(pattern: Drums, bar: int, beats_per_bar: int, *, fill: int | None = None) -> list[Note]:
    """Notes of one bar, `start` in beats from the bar's beginning, on the grid.

    `fill` (index, any integer) replaces the last beat by a fill."""
    steps = beats_per_bar * STEPS_PER_BEAT
    notes = []
    for name, text in pattern.items():
        for step, mark in enumerate(bar_of(text, bar, steps)):
            in_fill = fill is not None and step >= steps - STEPS_PER_BEAT
            if mark in VELOCITY and not in_fill:
                notes.append(_hit(name, step, mark))
    if fill is not None:
        for name, text in _FILLS[fill % len(_FILLS)].items():
            notes.extend(
                _hit(name, steps - STEPS_PER_BEAT + step, mark)
                for step, mark in enumerate(text)
                if mark in VELOCITY
            )
    return notes


def vary(pattern: Drums, rng: Random) -> Drums:
    """The pattern with one small change, an extra kick at times: same grid, same backbeat."""
    changed = dict(pattern)
    if "kick" in changed and rng.random() < 0.6:
        text = changed["kick"]
        free = [i for i, mark in enumerate(text) if mark == "." and i % 2 == 0 and i % 8 != 4]
        if free:
            step = rng.choice(free)
            changed["kick"] = text[:step] + "x" + text[step + 1 :]
    return changed


def _hit(name: str, step: int, mark: str) -> Note:
    velocity = round(VELOCITY[mark] * _LOUDNESS.get(name, 1.0))
    return Note(step / STEPS_PER_BEAT, 0.2, DRUMS[name], velocity)
