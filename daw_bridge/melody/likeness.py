"""How much what sounds is what was asked for, and another order of the same notes to compare with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from daw_bridge.melody.phrase import Phrase
from genmodels.conditioning.harmony import Chroma

ORDERS = 16


def likeness(asked: Chroma, heard: Chroma) -> float:
    """Mean cosine of chroma [n, 12] over the frames in which both sound, 0..1; 0 where there is none."""
    lengths = np.linalg.norm(asked, axis=1) * np.linalg.norm(heard, axis=1)
    both = lengths > 0
    return float(np.mean((asked * heard).sum(axis=1)[both] / lengths[both])) if both.any() else 0.0


def reordered(phrase: Phrase, seed: int) -> Phrase:
    """The same notes at the same times, their pitches in another order: of some orders that are drawn, the
    one in which the fewest notes keep their pitch class."""
    pitches = np.array([note.pitch for note in phrase.notes])
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(pitches) for _ in range(ORDERS)]
    moved = min(orders, key=lambda order: int(np.sum(order % 12 == pitches % 12)))
    notes = (replace(note, pitch=int(pitch)) for note, pitch in zip(phrase.notes, moved, strict=True))
    return Phrase(tuple(notes), phrase.beats)
