"""Human timing and dynamics: swing, laid-back parts, strummed chords, chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import Note, Role
from genmodels.training.corpus.styles.style import Style

MAX_SHIFT_S = 0.012
MAX_STRUM_S = 0.02


def swing(beat: float, ratio: float, unit: int) -> float:
    """A straight beat position swung: pairs of `unit` sixteenths, the second one at `ratio` of the pair."""
    pair = unit * 2 / 4
    whole, within = divmod(beat, pair)
    half = pair / 2
    swung = within * ratio / 0.5 if within < half else ratio * pair + (within - half) * (1 - ratio) / 0.5
    return whole * pair + swung


def played(
    notes: Iterable[Note],
    role: Role,
    instrument: str,
    style: Style,
    rng: Random,
    seconds_per_beat: float,
    force: float,
) -> list[Note]:
    """Notes of one bar as a player would place them: swung, early or late by at most 12 ms, chords of
    strummed instruments spread over at most 20 ms, velocities by `force` (1 is as written) and chance."""
    strum_ms = 0.0 if role == "drums" else INSTRUMENTS[instrument].strum_ms
    result: list[Note] = []
    late = style.late_ms.get(role, 0.0)
    chance = style.jitter_ms * (0.6 if role == "drums" else 1.0)
    voices: dict[float, int] = {}
    for note in notes:
        voice = voices.get(note.start, 0)
        voices[note.start] = voice + 1
        shift = max(-MAX_SHIFT_S, min(MAX_SHIFT_S, (late + rng.gauss(0.0, chance)) / 1000))
        shift += min(MAX_STRUM_S, voice * strum_ms / 1000)
        start = swing(note.start, style.swing, style.swing_unit) + shift / seconds_per_beat
        end = swing(note.start + note.length, style.swing, style.swing_unit)
        velocity = max(16, min(127, round(note.velocity * force + rng.gauss(0.0, 3.0))))
        result.append(replace(note, start=start, length=max(0.05, end - start), velocity=velocity))
    return result
