"""Renders of the corpus as material for trackers: stretches of sound, and what is true of them."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from benchmarks.evaluation import description, features
from benchmarks.evaluation.description import Matrix, describe, stretched
from benchmarks.evaluation.features import FRAMES_A_SECOND, RATE, Mel, Samples, log_mel
from benchmarks.evaluation.workers import each_of
from daw_bridge.engine.identity import weights_digest
from genmodels.codec.base import CompressionModel
from genmodels.training.corpus.dataset import CorpusItem, read_corpus
from genmodels.training.corpus.facts import SceneFacts

CORPUS_FRAME = 640
SHORTEST_S = 4.0
SKIPPED_S = 0.2
"""What is left out at a scene's beginning: the one before rings out there."""
LOWEST_BPM, HIGHEST_BPM = 70.0, 170.0
WIDEST_STRETCH = 1.7


Corpus = Sequence[CorpusItem]


def through(codec: CompressionModel, sound: Samples) -> Samples:
    """What the codec makes of mono sound at 32 kHz: encoded and decoded, as long as before."""
    device = next(codec.parameters()).device
    with torch.inference_mode():
        tokens, scale = codec.encode(torch.from_numpy(np.asarray(sound))[None, None].to(device))
        decoded: Samples = codec.decode(tokens, scale)[0, 0, : len(sound)].float().cpu().numpy()
    return decoded


def decoded_folder(folder: Path, codec: CompressionModel) -> Path:
    """Where a corpus folder's items are kept after the codec."""
    return folder.with_name(f"{folder.name}-{weights_digest([codec])}")


def decoded_corpus(corpus: Corpus, codec: CompressionModel, what: str, workers: int = 1) -> Corpus:
    """The items of a folder after the codec, kept as a corpus folder beside it; an item that was composed or
    rendered anew is decoded anew."""
    target = decoded_folder(corpus[0].audio_path.parent, codec)
    target.mkdir(exist_ok=True)
    missing = [item for item in corpus if not _is_decoded(item, target)]
    each_of(partial(_decode, codec, target), missing, f"{what} through the codec", workers)
    return read_corpus(target)[: len(corpus)]


def _is_decoded(item: CorpusItem, target: Path) -> bool:
    facts = target / f"{item.name}.json"
    return facts.exists() and json.loads(facts.read_text()).get("source") == source_of(item)


def _decode(codec: CompressionModel, target: Path, item: CorpusItem) -> None:
    soundfile.write(str(target / item.audio_path.name), through(codec, item.audio()), RATE)
    shutil.copy(item.labels_path, target)
    facts = target / f"{item.name}.json"
    partial_path = facts.with_suffix(".part")
    partial_path.write_text(json.dumps({**item.facts, "source": source_of(item)}))
    os.replace(partial_path, facts)


def source_of(item: CorpusItem) -> str:
    """A fingerprint of an item's sound and facts."""
    facts = json.dumps(item.facts, sort_keys=True).encode()
    return hashlib.sha256(item.audio_path.read_bytes() + facts).hexdigest()[:16]


@dataclass(frozen=True)
class Described:
    """Descriptions of stretches of scenes [n, D], and the scene of each."""

    values: Matrix
    scenes: list[SceneFacts]

    def __add__(self, other: Described) -> Described:
        return Described(np.concatenate([self.values, other.values]), self.scenes + other.scenes)


@dataclass(frozen=True)
class Cut:
    """How scenes are cut.

    Attributes:
        seconds: length; a shorter scene of at least `SHORTEST_S` is taken whole.
        step_s: from one to the next.
        tempos: add the same at another tempo, drawn from `LOWEST_BPM` to `HIGHEST_BPM`; `only_tempos` leaves
            out the original one.
    """

    seconds: float
    step_s: float
    tempos: bool = False
    only_tempos: bool = False


def described(corpus: Corpus, cut: Cut, what: str = "listening", workers: int = 1) -> Described:
    """Stretches of the items of one folder. Kept item by item beside the folder until the item or the way of
    describing changes."""
    store = store_of(corpus[0].audio_path.parent, cut)
    store.mkdir(parents=True, exist_ok=True)
    missing = [item for item in corpus if not _is_described(item, store)]
    each_of(partial(_describe, cut, store), missing, what, workers)
    values: list[Matrix] = []
    scenes: list[SceneFacts] = []
    for item in corpus:
        with np.load(_description(item, store)) as kept:
            values.append(kept["values"].astype(np.float32))
            scenes += [item.scenes[index] for index in kept["scenes"]]
    return Described(np.concatenate(values), scenes)


def store_of(folder: Path, cut: Cut) -> Path:
    """Where descriptions of a corpus folder are kept: another place for another way of describing."""
    constants = SHORTEST_S, SKIPPED_S, LOWEST_BPM, HIGHEST_BPM, WIDEST_STRETCH
    source = "".join(inspect.getsource(part) for part in (features, description, _described_item, _cut_up))
    key = hashlib.sha256(f"{source}{cut}{constants}".encode()).hexdigest()[:12]
    return folder.with_name(f"{folder.name}-described-{key}")


def _description(item: CorpusItem, store: Path) -> Path:
    return store / f"{item.name}.npz"


def _is_described(item: CorpusItem, store: Path) -> bool:
    """Whether a description is there, of the item as it is now."""
    path = _description(item, store)
    if not path.exists():
        return False
    with np.load(path) as kept:
        return str(kept["source"]) == source_of(item)


def _describe(cut: Cut, store: Path, item: CorpusItem) -> None:
    values, scenes = _described_item(item, cut)
    path = _description(item, store)
    partial_path = path.with_suffix(".part")
    with partial_path.open("wb") as file:
        np.savez(
            file,
            values=values.astype(np.float16),
            scenes=np.array(scenes, np.int32),
            source=np.str_(source_of(item)),
        )
    os.replace(partial_path, path)


def _described_item(item: CorpusItem, cut: Cut) -> tuple[Matrix, list[int]]:
    mel = log_mel(item.audio())
    rng = np.random.default_rng(item.facts["seed"])
    values, indices = [], []
    for index, scene in enumerate(item.scenes):
        for window in _cut_up(mel, scene, cut, rng):
            values.append(describe(window))
            indices.append(index)
    size = len(describe(np.zeros((2 * FRAMES_A_SECOND, features.BANDS), np.float32)))
    return np.array(values, np.float32).reshape(-1, size), indices


def _cut_up(mel: Mel, scene: SceneFacts, cut: Cut, rng: np.random.Generator) -> Iterator[Mel]:
    a_frame = CORPUS_FRAME * FRAMES_A_SECOND // RATE
    first = scene.start_frame * a_frame + round(SKIPPED_S * FRAMES_A_SECOND)
    whole = mel[first : scene.end_frame * a_frame]
    if len(whole) < SHORTEST_S * FRAMES_A_SECOND:
        return
    factor = scene.bpm / rng.uniform(LOWEST_BPM, HIGHEST_BPM)
    other = stretched(whole, float(np.clip(factor, 1 / WIDEST_STRETCH, WIDEST_STRETCH)))
    for version in ([] if cut.only_tempos else [whole]) + ([other] if cut.tempos else []):
        length = min(len(version), round(cut.seconds * FRAMES_A_SECOND))
        for start in range(0, len(version) - length + 1, round(cut.step_s * FRAMES_A_SECOND)):
            yield version[start : start + length]


def cut_sounds(corpus: Corpus, seconds: float) -> Iterator[Samples]:
    """Consecutive stretches of so many seconds of some items."""
    for item in corpus:
        yield from features.pieces(item.audio(), seconds)


@dataclass(frozen=True)
class Beaten:
    """A stretch with drums and the seconds of its beats."""

    sound: Samples
    beats: npt.NDArray[np.float64]
    bpm: float


def beaten(corpus: Corpus, seconds: float) -> Iterator[Beaten]:
    """For each scene with drums, its first seconds and the beats that its labels say."""
    for item in corpus:
        sound, labels = item.audio(), item.labels()
        for scene in item.scenes:
            stop = scene.start_frame + round(seconds * RATE / CORPUS_FRAME)
            if not scene.drums or stop > min(scene.end_frame, len(labels.beat)):
                continue
            beat = np.asarray(labels.beat[scene.start_frame : stop], np.float64)
            whole = np.flatnonzero(np.floor(beat[1:]) != np.floor(beat[:-1])) + 1
            first = [0.0] if beat[0] % 1.0 < 1e-3 else []
            # a beat falls between two frames: where it would be on the line through the later one
            late = (beat[whole] % 1.0) * 60.0 / scene.bpm
            seconds_of = whole * CORPUS_FRAME / RATE - late
            piece = sound[scene.start_frame * CORPUS_FRAME : stop * CORPUS_FRAME]
            yield Beaten(piece, np.concatenate([first, seconds_of]), scene.bpm)


@dataclass(frozen=True)
class Turn:
    """The seconds that follow a change of style, and the styles before and after."""

    sound: Samples
    before: str
    after: str


def turns(corpus: Corpus, seconds: float, audible: Callable[[SceneFacts], bool]) -> Iterator[Turn]:
    """Where one scene follows another in another style, which can be heard as `audible` has it."""
    for item in corpus:
        sound, scenes = item.audio(), item.scenes
        for before, after in pairwise(scenes):
            first = after.start_frame * CORPUS_FRAME
            stop = first + round(seconds * RATE)
            if before.style != after.style and audible(after) and stop <= after.end_frame * CORPUS_FRAME:
                yield Turn(sound[first:stop], before.style, after.style)
