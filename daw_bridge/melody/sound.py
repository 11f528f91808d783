"""A phrase as plain sound, for models that hear a melody as a recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from daw_bridge.melody.phrase import Note, Phrase
from genmodels.conditioning.recording import Recording

FADE_S = 0.01
LEVEL = 0.2
# of fundamental, octave and double octave: octaves alone leave the pitch class as it is
PARTIALS = ((1, 1.0), (2, 0.4), (4, 0.15))


def recording_of(phrase: Phrase, bpm: float, sample_rate: int = 32000) -> Recording:
    """One repetition of a phrase at a tempo, each note as a steady tone with its octaves, so that nothing but
    its pitch class is to be heard in it; a note across the end goes on at the beginning.

    Args:
        bpm: beats a minute, > 0.
    Returns:
        mono, exactly ``round(beats * 60 / bpm * sample_rate)`` samples, within [-1, 1].
    """
    rate = sample_rate * 60.0 / bpm
    sound = np.zeros(round(phrase.beats * rate), dtype=np.float64)
    for note in phrase.notes:
        tone = _tone(note, round(note.length * rate), sample_rate)
        places = (round(note.start * rate) + np.arange(len(tone))) % len(sound)
        np.add.at(sound, places, tone)
    peak = float(np.abs(sound).max(initial=0.0))
    return Recording((sound / max(1.0, peak)).astype(np.float32)[None], sample_rate)


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
