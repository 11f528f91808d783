"""What is known of every frame of a rendered item: beat, meter, tempo and the sounding chroma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import Piece, Track
from genmodels.training.corpus.render import HOP_LENGTH, SAMPLE_RATE, frame_count

FRAME_RATE = SAMPLE_RATE / HOP_LENGTH
RELEASE_S = 0.12


@dataclass(frozen=True)
class FrameLabels:
    """Labels at 50 frames a second; frame f covers samples [640 f, 640 f + 640).

    Attributes:
        beat: float32 [T], position in the bar at the frame's first sample, 0 <= beat < beats_per_bar.
        beats_per_bar: float32 [T], quarter notes a bar.
        bpm: float32 [T], quarter notes a minute.
        chroma: uint8 [T, 12], 255 = the strongest pitch class of the frame, all 0 when no harmony sounds.
    """

    beat: npt.NDArray[np.float32]
    beats_per_bar: npt.NDArray[np.float32]
    bpm: npt.NDArray[np.float32]
    chroma: npt.NDArray[np.uint8]


def frame_labels(*pieces: Piece) -> FrameLabels:
    """The labels of pieces that follow each other, one for each frame of their render."""
    frames = frame_count(pieces)
    seconds = np.arange(frames, dtype=np.float64) / FRAME_RATE
    beat, per_bar, bpm = (np.zeros(frames, np.float32) for _ in range(3))
    strength = np.zeros((frames, 12), np.float64)
    start = 0.0
    for piece in pieces:
        # a bar line that falls on a frame must not end up a rounding error before it
        since = seconds - start + 1e-9
        own = since >= 0
        beat[own] = _in_bar(piece, since[own])
        per_bar[own], bpm[own] = piece.beats_per_bar, piece.bpm
        for track in piece.tracks:
            if not track.is_drums:
                _add_notes(strength, piece, track, start)
        start += piece.duration_s
    peak = strength.max(axis=1, keepdims=True)
    scaled = np.where(peak > 0.02, strength / np.maximum(peak, 0.02), 0.0)
    return FrameLabels(beat, per_bar, bpm, np.round(scaled * 255.0).astype(np.uint8))


def _in_bar(piece: Piece, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    beats = np.mod(seconds / piece.seconds_per_beat, piece.beats_per_bar).astype(np.float32)
    beats[beats >= piece.beats_per_bar] = 0.0
    return beats


def _add_notes(strength: npt.NDArray[np.float64], piece: Piece, track: Track, start_s: float) -> None:
    """Raises each note's pitch class to the note's level while it sounds; softer tracks count for less."""
    decay_s = INSTRUMENTS[track.instrument].decay_s
    weight = 10 ** (track.level_db / 20)
    for note in track.notes:
        on = (start_s + note.start * piece.seconds_per_beat) * FRAME_RATE
        off = on + note.length * piece.seconds_per_beat * FRAME_RATE
        first = max(0, round(on))
        last = min(len(strength), max(first + 1, round(off + RELEASE_S * FRAME_RATE)))
        if first >= last:
            continue
        index = np.arange(first, last, dtype=np.float64)
        level = np.exp(-(index - first) / (decay_s * FRAME_RATE))
        level *= np.clip(1.0 - (index - off) / (RELEASE_S * FRAME_RATE), 0.0, 1.0)
        column = strength[first:last, note.pitch % 12]
        np.maximum(column, level * weight * (note.velocity / 127.0), out=column)
