"""Drum bars from pattern strings: accents, ghost notes, rolls, fills and builds."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.instruments import DRUMS
from genmodels.training.corpus.piece import STEPS_PER_BEAT, Note
from genmodels.training.corpus.styles.style import Drums

VELOCITY = {"X": 114, "x": 94, "o": 56, "d": 84, "t": 80}
_STROKES = {"d": 2, "t": 3}
_LOUDNESS = {
    "hat": 0.9,
    "open": 0.85,
    "ride": 0.9,
    "pedal": 0.85,
    "maracas": 0.9,
    "shaker": 0.85,
    "tambourine": 0.85,
    "crash": 0.85,
    "claves": 0.8,
}


def bar_of(pattern: str, bar: int, steps: int) -> str:
    """The characters of bar number `bar` (from 0) of a pattern that is one or more bars of `steps` long.

    Raises ValueError when the pattern is not a whole number of bars."""
    if not pattern or len(pattern) % steps:
        raise ValueError(
            f"pattern {pattern!r} has {len(pattern)} steps, not a whole number of bars of {steps}"
        )
    start = bar * steps % len(pattern)
    return pattern[start : start + steps]


def drum_bar(pattern: Drums, bar: int, beats_per_bar: int, fill: Drums | None = None) -> list[Note]:
    """Notes of one bar, `start` in beats from the bar's beginning, on the grid.

    A `fill` replaces what the pattern has in the last steps of the bar, as many as the fill has."""
    steps = beats_per_bar * STEPS_PER_BEAT
    length = min(steps, max(map(len, fill.values()))) if fill else 0
    notes = []
    for name, text in pattern.items():
        for step, mark in enumerate(bar_of(text, bar, steps)[: steps - length]):
            notes.extend(_hits(name, step, mark))
    for name, text in (fill or {}).items():
        for step, mark in enumerate(text[-length:]):
            notes.extend(_hits(name, steps - min(length, len(text)) + step, mark))
    return notes


def vary(pattern: Drums, rng: Random) -> Drums:
    """The pattern with one small change, an extra kick or a ghost note: same grid, same backbeat."""
    changed = dict(pattern)
    name, mark = ("kick", "x") if rng.random() < 0.6 else ("snare", "o")
    if name in changed:
        text = changed[name]
        free = [i for i, found in enumerate(text) if found == "." and i % 8 != 4 and (i % 2 or mark == "x")]
        if free:
            step = rng.choice(free)
            changed[name] = text[:step] + mark + text[step + 1 :]
    return changed


def build_bar(bar: int, bars: int, beats_per_bar: int) -> list[Note]:
    """Bar `bar` of a build of `bars`: a snare that doubles its pace and grows, over a kick on the beat."""
    steps = beats_per_bar * STEPS_PER_BEAT
    progress = bar / max(1, bars - 1)
    every = 4 if progress < 0.3 else 2 if progress < 0.7 else 1
    notes = []
    for step in range(0, steps, every):
        velocity = round(60 + 50 * (bar + step / steps) / bars)
        notes.append(Note(step / STEPS_PER_BEAT, 0.2, DRUMS["snare"], velocity))
        if step % STEPS_PER_BEAT == 0 and progress < 0.9:
            notes.append(Note(step / STEPS_PER_BEAT, 0.2, DRUMS["kick"], 105))
    return notes


def _hits(name: str, step: int, mark: str) -> list[Note]:
    if mark not in VELOCITY:
        return []
    velocity = round(VELOCITY[mark] * _LOUDNESS.get(name, 1.0))
    strokes = _STROKES.get(mark, 1)
    return [
        Note((step + stroke / strokes) / STEPS_PER_BEAT, 0.2 / strokes, DRUMS[name], velocity)
        for stroke in range(strokes)
    ]
