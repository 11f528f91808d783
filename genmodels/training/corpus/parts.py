"""Bars of bass and chords from pattern strings; on the grid, in beats from the bar."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.drums import VELOCITY, bar_of
from genmodels.training.corpus.harmony import Harmony
from genmodels.training.corpus.piece import STEPS_PER_BEAT, Note
from genmodels.training.corpus.theory import Chord, nearest, place

WALK = "walk"


def bass_bar(pattern: str, bar: int, beats_per_bar: int, harmony: Harmony, low: int) -> list[Note]:
    """Bass notes of one bar by a pattern of `Grooves.bass`; roots lie in [low, low + 12)."""
    notes = []
    steps = beats_per_bar * STEPS_PER_BEAT
    for step, mark, length in held_marks(bar_of(pattern, bar, steps), frozenset("Rr35678ag")):
        for beat, part in harmony.split(bar, step / STEPS_PER_BEAT, length):
            chord = harmony.at(bar, beat)
            pitch = _bass_pitch(mark, chord, harmony.after(bar, beat), low)
            if mark == "g":
                notes.append(Note(beat, 0.08, pitch, 48))
            else:
                velocity = 110 if mark == "R" else 98 if step % STEPS_PER_BEAT == 0 else 90
                notes.append(Note(beat, part, pitch, velocity))
    return notes


def _bass_pitch(mark: str, chord: Chord, following: Chord, low: int) -> int:
    root = place(chord.root, low)
    intervals = {
        "5": chord.fifth - (12 if root + chord.fifth > low + 14 else 0),
        "8": 12,
        "3": chord.third,
        "6": 9,
        "7": min(chord.seventh, 12),
    }
    pitch = root + intervals.get(mark, 0)
    if mark == "a":
        target = nearest((place(following.root, low) - 12, place(following.root, low)), root)
        pitch = target - 1 if target > root else target + 1
    return max(pitch, 26)


def walking_bar(bar: int, beats_per_bar: int, harmony: Harmony, low: int, rng: Random) -> list[Note]:
    """A walking bass: the root where a chord begins, chord tones between, and before a change of chord a step
    of one or two semitones to the next root. No leap is wider than an octave."""
    notes: list[Note] = []
    previous = place(harmony.at(bar, 0.0).root, low)
    for beat in range(beats_per_bar):
        chord, following = harmony.at(bar, beat), harmony.after(bar, beat)
        begins = any(start == beat for start, _ in harmony.bars[bar])
        leads_on = beat == beats_per_bar - 1 or any(start == beat + 1 for start, _ in harmony.bars[bar])
        roots = tuple(place(chord.root, low) + octave for octave in (0, 12))
        if begins:
            pitch = nearest(roots, previous)
        elif leads_on:
            target = nearest(tuple(place(following.root, low) + octave for octave in (0, 12)), previous)
            pitch = target + rng.choice((-1, -1, 1, -2, 2))
        else:
            tones = [root + interval % 12 for root in roots for interval in chord.intervals]
            near = [tone for tone in tones if 0 < abs(tone - previous) <= 7 and tone < low + 20]
            pitch = rng.choice(near or [previous])
        pitch = max(low - 3, pitch)
        notes.append(Note(float(beat), 0.92, pitch, 104 if begins else 94))
        if beat in (1, 3) and rng.random() < 0.12:
            notes.append(Note(beat + 0.5, 0.4, pitch, 76))
        previous = pitch
    return notes


def chord_bar(
    pattern: str, bar: int, beats_per_bar: int, harmony: Harmony, voicings: dict[Chord, tuple[int, ...]]
) -> list[Note]:
    """Chords (marks X, x, o) or arpeggio (digits) of one bar in the given voicings."""
    steps = beats_per_bar * STEPS_PER_BEAT
    notes: list[Note] = []
    for step, mark, length in held_marks(bar_of(pattern, bar, steps), frozenset("Xxo0123456789")):
        beat = step / STEPS_PER_BEAT
        if mark in VELOCITY:
            velocity = round(VELOCITY[mark] * 0.82)
            for start, part in harmony.split(bar, beat, length):
                voicing = voicings[harmony.at(bar, start)]
                notes.extend(Note(start, part, pitch, velocity) for pitch in voicing)
        else:
            voicing = voicings[harmony.at(bar, beat)]
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
