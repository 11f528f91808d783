"""What is known of every frame of a rendered piece: the beat in the bar and the sounding chroma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import Piece
from genmodels.training.corpus.render import HOP_LENGTH, SAMPLE_RATE, frame_count

FRAME_RATE = SAMPLE_RATE / HOP_LENGTH
RELEASE_S = 0.12


@dataclass(frozen=True)
class FrameLabels:
    """Labels at 50 frames a second; frame f covers samples [640 f, 640 f + 640).

    `beat`: float32 [T], position in the bar at the frame's first sample, in beats, 0 <= beat < beats_per_bar.
    `chroma`: uint8 [T, 12], 255 = the strongest pitch class of the frame, all 0 when no harmony sounds."""

    bpm: float
    beats_per_bar: int
    beat: np.ndarray
    chroma: np.ndarray


def frame_labels(piece: Piece) -> FrameLabels:
    """The labels of a piece, one for each frame of its render."""
    frames = frame_count(piece)
    beats = np.arange(frames, dtype=np.float64) / FRAME_RATE * piece.bpm / 60.0
    in_bar = np.mod(beats, piece.beats_per_bar).astype(np.float32)
    in_bar[in_bar >= piece.beats_per_bar] = 0.0
    return FrameLabels(piece.bpm, piece.beats_per_bar, in_bar, _chroma(piece, frames))


def _chroma(piece: Piece, frames: int) -> np.ndarray:
    strength = np.zeros((frames, 12), np.float64)
    for track in piece.tracks:
        if track.is_drums:
            continue
        decay_s = INSTRUMENTS[track.program].decay_s
        for note in track.notes:
            on = note.start * piece.seconds_per_beat * FRAME_RATE
            off = (note.start + note.length) * piece.seconds_per_beat * FRAME_RATE
            first = max(0, round(on))
            last = min(frames, max(first + 1, round(off + RELEASE_S * FRAME_RATE)))
            if first >= last:
                continue
            index = np.arange(first, last, dtype=np.float64)
            level = np.exp(-(index - first) / (decay_s * FRAME_RATE))
            level *= np.clip(1.0 - (index - off) / (RELEASE_S * FRAME_RATE), 0.0, 1.0)
            column = strength[first:last, note.pitch % 12]
            np.maximum(column, level * (note.velocity / 127.0), out=column)
    peak = strength.max(axis=1, keepdims=True)
    scaled = np.where(peak > 0.02, strength / np.maximum(peak, 0.02), 0.0)
    return np.round(scaled * 255.0).astype(np.uint8)
