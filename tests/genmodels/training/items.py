"""Items of a corpus folder, written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from genmodels.training.corpus.facts import SceneFacts


def scene(start: int, end: int, caption: str, bpm: float = 120.0) -> SceneFacts:
    """A scene of drums with one caption."""
    return SceneFacts(
        start,
        end,
        "rock",
        "drums only",
        True,
        "drums",
        ["standard"],
        ["verse"],
        bpm,
        "4/4",
        "C major",
        [caption],
    )


def write_item(
    folder: Path,
    index: int,
    audio: npt.NDArray[np.float32],
    scenes: Sequence[SceneFacts],
    chroma: npt.NDArray[np.uint8] | None = None,
) -> Path:
    """Writes audio, labels by frame (tempo of each scene, bars of four beats) and facts; returns the stem."""
    stem = folder / f"{index:05d}"
    frames = len(audio) // 640
    soundfile.write(f"{stem}.flac", audio, 32000, subtype="PCM_16")
    bpm = np.zeros(frames, np.float32)
    for found in scenes:
        bpm[found.start_frame : found.end_frame] = found.bpm
    beat = np.mod(np.concatenate([[0], np.cumsum(bpm[:-1] / 3000)]), 4).astype(np.float32)
    np.savez(
        f"{stem}.npz",
        beat=beat,
        bpm=bpm,
        beats_per_bar=np.full(frames, 4, np.float32),
        chroma=np.zeros((frames, 12), np.uint8) if chroma is None else chroma,
    )
    facts = {"seed": index, "duration_s": frames / 50, "scenes": [asdict(found) for found in scenes]}
    Path(f"{stem}.json").write_text(json.dumps(facts))
    return stem
