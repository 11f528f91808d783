"""Bars of bass, chords and melody from pattern strings and chords; on the grid, in beats from the bar."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from genmodels.training.corpus.drums import STEPS_PER_BEAT, VELOCITY, bar_of
from genmodels.training.corpus.piece import Note
from genmodels.training.corpus.theory import Chord, nearest, place


def bass_bar(
    pattern: str, bar: int, beats_per_bar: int, chord: Chord, following: Chord, low: int
) -> list[Note]:
    """Bass notes of one bar over `chord`; roots lie in [low, low + 12)."""
    steps = beats_per_bar * STEPS_PER_BEAT
    root = place(chord.root, low)
    target = nearest((place(following.root, low) - 12, place(following.root, low)), root)
    pitches = {
        "R": root,
        "r": root,
        "5": root + chord.fifth - (12 if root + chord.fifth > low + 14 else 0),
        "8": root + 12,
        "3": root + chord.third,
        "a": target - 1 if target > root else target + 1,
    }
    notes = []
    for step, mark, length in held_marks(bar_of(pattern, bar, steps), frozenset(pitches)):
        velocity = 110 if mark == "R" else 98 if step % STEPS_PER_BEAT == 0 else 90
        notes.append(Note(step / STEPS_PER_BEAT, length, max(pitches[mark], 28), velocity))
    return notes


def chord_bar(pattern: str, bar: int, beats_per_bar: int, voicing: tuple[int, ...]) -> list[Note]:
    """Chords (marks X, x, o) or arpeggio (digits) of one bar in the given voicing."""
    steps = beats_per_bar * STEPS_PER_BEAT
    notes: list[Note] = []
    for step, mark, length in held_marks(bar_of(pattern, bar, steps), frozenset("Xxo0123456789")):
        beat = step / STEPS_PER_BEAT
        if mark in VELOCITY:
            velocity = round(VELOCITY[mark] * 0.82)
            notes.extend(Note(beat, length, pitch, velocity) for pitch in voicing)
        else:
            octave, index = divmod(int(mark), len(voicing))
            velocity = 92 if step % STEPS_PER_BEAT == 0 else 78
            notes.append(Note(beat, length, voicing[index] + 12 * octave, velocity))
    return notes


def held_marks(text: str, marks: frozenset[str]) -> list[tuple[int, str, float]]:
    """(step, mark, length in beats) of every mark in a bar; `-` lengthens the mark before it."""
    found = []
    for step, mark in enumerate(text):
        if mark in marks:
            end = step + 1
            while end < len(text) and text[end] == "-":
                end += 1
            found.append((step, mark, (end - step) / STEPS_PER_BEAT * 0.95))
    return found


@dataclass(frozen=True)
class Motif:
    """A melody's idea, `bars` long: notes as (beat, length in beats, scale steps from the centre)."""

    bars: int
    notes: tuple[tuple[float, float, int], ...]


def make_motif(rng: Random, beats_per_bar: int, density: float, bars: int = 2) -> Motif:
    """A motif on eighth notes: strong beats are likelier, and it walks mostly by step."""
    beats = [0.0]
    for eighth in range(1, bars * beats_per_bar * 2):
        strong = 1.5 if eighth % (2 * beats_per_bar) == 0 else 1.1 if eighth % 2 == 0 else 0.7
        if rng.random() < density * strong:
            beats.append(eighth / 2)
    total = float(bars * beats_per_bar)
    if beats[-1] > total - 0.6 and len(beats) > 2:
        beats.pop()
    degree = rng.choice((-2, 0, 0, 2))
    notes: list[tuple[float, float, int]] = []
    for beat, end in zip(beats, [*beats[1:], total], strict=True):
        notes.append((beat, min(end - beat, 3.0) * 0.92, degree))
        degree += rng.choice((-2, -1, -1, -1, 1, 1, 1, 2, 3 if degree < 0 else -3))
        degree = max(-5, min(6, degree))
    return Motif(bars, tuple(notes))


def answer(motif: Motif, rng: Random) -> Motif:
    """The motif again with another ending: its last third moves, the rhythm stays."""
    keep = max(1, len(motif.notes) * 2 // 3)
    shift = rng.choice((-2, -1, 1, 2))
    changed = tuple((beat, length, degree + shift) for beat, length, degree in motif.notes[keep:])
    return Motif(motif.bars, motif.notes[:keep] + changed)


def lead_bar(
    motif: Motif, bar: int, beats_per_bar: int, chord: Chord, scale: tuple[int, ...], centre: int
) -> list[Note]:
    """Melody of bar number `bar` (from 0 within the phrase): on strong beats and long notes a chord tone."""
    start = bar % motif.bars * beats_per_bar
    middle = scale.index(nearest(scale, centre))
    tones = tuple(pitch for pitch in scale if pitch % 12 in chord.pitch_classes) or scale
    notes = []
    for beat, length, degree in motif.notes:
        if start <= beat < start + beats_per_bar:
            pitch = scale[max(0, min(len(scale) - 1, middle + degree))]
            strong = beat == start or length > 0.9
            if strong:
                pitch = nearest(tones, pitch)
            notes.append(Note(beat - start, length, pitch, 104 if strong else 90))
    return notes
