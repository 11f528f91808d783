"""The corpus on disk: one FLAC, one NPZ and one JSON file an item; written resumably, read back lazily."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from genmodels.errors import GenModelsError
from genmodels.training.corpus.facts import COMPOSER, SceneFacts, item_facts
from genmodels.training.corpus.labels import FrameLabels, frame_labels
from genmodels.training.corpus.piece import Piece
from genmodels.training.corpus.render import SAMPLE_RATE, find_fluidsynth, find_soundfont, render
from genmodels.training.corpus.suite import compose_item


class CorpusError(GenModelsError):
    """A corpus folder cannot be written or read."""


@dataclass(frozen=True)
class CorpusItem:
    """One item of a corpus folder. `facts` is the JSON file, see `item_facts`."""

    name: str
    audio_path: Path
    labels_path: Path
    facts: dict[str, Any]

    @property
    def scenes(self) -> list[SceneFacts]:
        """Stretches in which the same instruments play, with labels and captions, in order."""
        return [SceneFacts(**scene) for scene in self.facts["scenes"]]

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return float(self.facts["duration_s"])

    def audio(self) -> npt.NDArray[np.float32]:
        """float32 mono at 32 kHz, [T * 640]."""
        audio, rate = soundfile.read(str(self.audio_path), dtype="float32")
        if rate != SAMPLE_RATE:
            raise CorpusError(f"{self.audio_path} has {rate} samples a second, {SAMPLE_RATE} expected")
        return np.asarray(audio, np.float32)

    def labels(self) -> FrameLabels:
        """Beat, meter, tempo [T] and chroma [T, 12] of every frame."""
        with np.load(self.labels_path) as arrays:
            return FrameLabels(*(arrays[name] for name in ("beat", "beats_per_bar", "bpm", "chroma")))


Composer = Callable[[int], tuple[Piece, ...]]
"""What makes an item's pieces of a seed; a function of a module, so that other processes find it."""


def write_corpus(
    folder: Path, count: int, seed: int, workers: int = 1, composer: Composer | None = None
) -> list[CorpusItem]:
    """Composes and renders items 0 .. count - 1 into `folder`; item i is that of seed `seed + i`.

    One call at a time writes a folder. Complete items of the same seed are kept, so an interrupted call goes
    on where it was; an item's JSON file appears last, whole. `workers` processes render at a time. Raises
    RenderError when items are missing and so is FluidSynth or the soundfont, CorpusError when the folder
    holds items of other seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob(".*.part"):
        left_over.unlink(missing_ok=True)
    missing = [index for index in range(count) if not _complete(folder, index, seed + index)]
    if missing:
        find_fluidsynth()
        find_soundfont()
    columns = (
        TextColumn("composing and rendering"), BarColumn(), MofNCompleteColumn(), TextColumn("time"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns) as progress:
        task = progress.add_task("items", total=count, completed=count - len(missing))
        if workers <= 1:
            for index in missing:
                _write_item(folder, index, seed + index, composer or compose_item)
                progress.advance(task)
        else:
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                compose = composer or compose_item
                jobs = [pool.submit(_write_item, folder, index, seed + index, compose) for index in missing]
                try:
                    for job in as_completed(jobs):
                        job.result()
                        progress.advance(task)
                except BaseException:
                    # waits: the second shutdown, at the end of the block, would take the cancelling back
                    pool.shutdown(cancel_futures=True)
                    raise
    return read_corpus(folder)


def read_corpus(folder: Path) -> list[CorpusItem]:
    """The complete items of a folder, in order. Raises CorpusError when there are none."""
    items = [
        CorpusItem(
            path.stem, path.with_suffix(".flac"), path.with_suffix(".npz"), json.loads(path.read_text())
        )
        for path in sorted(folder.glob("[0-9]*.json"))
    ]
    if not items:
        command = f"python -m genmodels.training.corpus --out {folder}"
        raise CorpusError(f"no corpus items in {folder}: write some with `{command}`")
    return items


def _write_item(folder: Path, index: int, seed: int, composer: Composer) -> None:
    pieces = composer(seed)
    labels = frame_labels(*pieces)
    audio = render(*pieces)
    stem = folder / f"{index:05d}"
    with _appearing(stem.with_suffix(".flac")) as path:
        soundfile.write(str(path), audio, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    with _appearing(stem.with_suffix(".npz")) as path, path.open("wb") as file:
        np.savez_compressed(file, **vars(labels))
    with _appearing(stem.with_suffix(".json")) as path:
        path.write_text(json.dumps(item_facts(seed, pieces), indent=1))


def _complete(folder: Path, index: int, seed: int) -> bool:
    stem = folder / f"{index:05d}"
    path = stem.with_suffix(".json")
    if not all(stem.with_suffix(suffix).is_file() for suffix in (".json", ".flac", ".npz")):
        return False
    facts = json.loads(path.read_text())
    if facts.get("composer") != COMPOSER:
        return False
    found = facts["seed"]
    if found != seed:
        raise CorpusError(
            f"{path} is the piece of seed {found}, not {seed}: choose another folder or the same --seed"
        )
    return True


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
