"""Harmony as plain sound, for models that hear a melody as a recording."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from daw_bridge.melody.chroma_phrase import OCTAVE, AnyPhrase
from daw_bridge.melody.phrase import Note
from daw_bridge.melody.track import PhraseChroma, SteppedChroma
from genmodels.conditioning.harmony import ChordProgression, ChromaTrack, ConstantChroma, chord_pitches
from genmodels.conditioning.recording import Recording
from genmodels.errors import ConditionError

SAMPLE_RATE = 32000
FADE_S = 0.01
LEVEL = 0.2
# of fundamental, octave and double octave: octaves alone leave the pitch class as it is
PARTIALS = ((1, 1.0), (2, 0.4), (4, 0.15))
CONSTANT_BEATS = 4.0
CONSTANT_BPM = 120.0
# the place where a recording begins is rounded, so that the same harmony is the same recording
PLACES_PER_BEAT = 480


def recording_of(phrase: AnyPhrase, bpm: float, sample_rate: int = SAMPLE_RATE) -> Recording:
    """One repetition of a phrase at a tempo, each note as a steady tone with its octaves, so that nothing but
    its pitch class is to be heard in it; a note across the end goes on at the beginning.

    Args:
        bpm: beats a minute, > 0.
    Returns:
        mono, exactly ``round(beats * 60 / bpm * sample_rate)`` samples, within [-1, 1].
    """
    return _sounding(phrase.notes, phrase.beats, bpm, 0, sample_rate)


def recording_of_track(track: ChromaTrack, sample_rate: int = SAMPLE_RATE) -> Recording:
    """One turn of a track, as `recording_of`, from the stream's frame 0 on: repeated from there, it is at
    every frame what the track is.

    Raises:
        ConditionError: a track of another kind than decks have.
    """
    if isinstance(track, ConstantChroma):
        top = max(track.values) or 1.0
        notes = tuple(
            Note(OCTAVE + pitch, 0.0, CONSTANT_BEATS, max(1, round(127 * value / top)))
            for pitch, value in enumerate(track.values)
            if value > 0
        )
        return _sounding(notes, CONSTANT_BEATS, CONSTANT_BPM, 0, sample_rate)
    if isinstance(track, PhraseChroma | SteppedChroma):
        notes, beats = track.phrase.notes, track.phrase.beats
    elif isinstance(track, ChordProgression):
        notes, beats = _chord_notes(track), float(len(track.chords) * track.transport.beats_per_bar)
    else:
        raise ConditionError(f"a {type(track).__name__} cannot be made a recording: use a phrase or chords")
    first = float(track.transport.beats_at(0)) % beats
    return _sounding(notes, beats, track.transport.bpm, round(first * PLACES_PER_BEAT), sample_rate)


def _chord_notes(track: ChordProgression) -> tuple[Note, ...]:
    bar = track.transport.beats_per_bar
    return tuple(
        Note(OCTAVE + pitch, float(number * bar), float(bar))
        for number, chord in enumerate(track.chords)
        for pitch in chord_pitches(chord)
    )


@lru_cache(maxsize=8)
def _sounding(notes: tuple[Note, ...], beats: float, bpm: float, first: int, sample_rate: int) -> Recording:
    """One turn of notes, from the place ``first`` on."""
    rate = sample_rate * 60.0 / bpm
    sound = np.zeros(round(beats * rate), dtype=np.float64)
    for note in notes:
        tone = _tone(note, round(note.length * rate), sample_rate)
        places = (round(note.start * rate) + np.arange(len(tone))) % len(sound)
        np.add.at(sound, places, tone)
    peak = float(np.abs(sound).max(initial=0.0))
    turned = np.roll(sound / max(1.0, peak), -round(first / PLACES_PER_BEAT * rate))
    return Recording(turned.astype(np.float32)[None], sample_rate)


def _tone(note: Note, count: int, sample_rate: int) -> npt.NDArray[np.float64]:
    frequency = 440.0 * 2.0 ** ((note.pitch - 69) / 12)
    time = np.arange(count) / sample_rate
    partials = [(number, level) for number, level in PARTIALS if number * frequency < sample_rate / 2]
    tone = sum(
        (level * np.sin(2 * np.pi * number * frequency * time) for number, level in partials), 0.0 * time
    )
    fade = np.minimum(1.0, np.minimum(time, time[::-1]) / FADE_S) if count else time
    shaped: npt.NDArray[np.float64] = tone * fade * LEVEL * note.velocity / 127.0
    return shaped
