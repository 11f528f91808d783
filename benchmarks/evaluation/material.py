"""Renders of the corpus as material for trackers: windows of sound, and what is true of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.features import RATE, Samples, describe
from genmodels.training.corpus.dataset import read_corpus
from genmodels.training.corpus.facts import SceneFacts

WINDOW_S = 4.0
STEP_S = 3.0
FRAME_SAMPLES = 640


@dataclass(frozen=True)
class Described:
    """Windows of `WINDOW_S`, each inside one scene: descriptions [n, D], and the scene of each."""

    values: npt.NDArray[np.float64]
    scenes: list[SceneFacts]


def described(folder: Path, items: int = 0, per_scene: int = 3) -> Described:
    """Windows of a corpus folder's first items; 0 is all.

    Raises:
        CorpusError: the folder holds no corpus.
    """
    values, scenes = [], []
    for item in read_corpus(folder)[: items or None]:
        sound = item.audio()
        for scene in item.scenes:
            for window in list(_windows(sound, scene))[:per_scene]:
                values.append(describe(window))
                scenes.append(scene)
    return Described(np.array(values), scenes)


def _windows(sound: Samples, scene: SceneFacts) -> Iterator[Samples]:
    length, step = round(WINDOW_S * RATE), round(STEP_S * RATE)
    for start in range(scene.start_frame * FRAME_SAMPLES, scene.end_frame * FRAME_SAMPLES - length + 1, step):
        yield sound[start : start + length]


def pieces(folder: Path, seconds: float, items: int = 0) -> Iterator[Samples]:
    """Consecutive stretches of so many seconds of a corpus folder's first items."""
    length = round(seconds * RATE)
    for item in read_corpus(folder)[: items or None]:
        sound = item.audio()
        for start in range(0, len(sound) - length + 1, length):
            yield sound[start : start + length]


@dataclass(frozen=True)
class Beaten:
    """A stretch with drums and the seconds of its beats."""

    sound: Samples
    beats: npt.NDArray[np.float64]
    bpm: float


def beaten(folder: Path, seconds: float, items: int = 0) -> Iterator[Beaten]:
    """For each scene with drums, its first seconds and the beats that its labels say."""
    for item in read_corpus(folder)[: items or None]:
        sound, labels = item.audio(), item.labels()
        for scene in item.scenes:
            stop = scene.start_frame + round(seconds * RATE / FRAME_SAMPLES)
            if not scene.drums or stop > min(scene.end_frame, len(labels.beat)):
                continue
            beat = np.asarray(labels.beat[scene.start_frame : stop], np.float64)
            whole = np.flatnonzero(np.floor(beat[1:]) != np.floor(beat[:-1])) + 1
            first = [0.0] if beat[0] % 1.0 < 1e-3 else []
            # a beat falls between two frames: where it would be on the line through the later one
            late = (beat[whole] % 1.0) * 60.0 / scene.bpm
            seconds_of = whole * FRAME_SAMPLES / RATE - late
            piece = sound[scene.start_frame * FRAME_SAMPLES : stop * FRAME_SAMPLES]
            yield Beaten(piece, np.concatenate([first, seconds_of]), scene.bpm)
