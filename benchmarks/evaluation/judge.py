"""What the parts of an evaluation judge by: held-out renders after the codec, and the probes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from benchmarks.evaluation.material import (
    Corpus,
    Cut,
    Described,
    decoded_corpus,
    decoded_folder,
    described,
    store_of,
)
from benchmarks.evaluation.probe import Probe
from benchmarks.evaluation.sketches import sketch
from benchmarks.evaluation.text import QUESTIONS, trained
from genmodels.codec.base import CompressionModel
from genmodels.training.corpus.dataset import write_corpus
from genmodels.training.corpus.held_out import VALIDATION_SEEDS

TAUGHT_SEED, SKETCH_SEED = 700_001, 720_001
HELD_OUT_SEED = VALIDATION_SEEDS.start + 50_000
PIECE_S = 10.0
TAUGHT = Cut(PIECE_S, 5.0, tempos=True)
AS_IT_IS = Cut(PIECE_S, PIECE_S)
AT_ANY_TEMPO = Cut(PIECE_S, PIECE_S, tempos=True, only_tempos=True)

ITEM_S, SKETCH_S = 27.0, 12.0
RENDERING, LISTENING = 34.0, 40.0
"""Times real time, on one core: composing and rendering; the codec and descriptions."""


@dataclass(frozen=True)
class Amount:
    """How many items are held out, and how many items and sketches are taught."""

    held_out: int
    items: int
    sketches: int


FULL, QUICK = Amount(120, 280, 480), Amount(30, 40, 120)


class Judge:
    """Held-out renders and probes, made when they are first needed and kept in a folder.

    Args:
        codec: of the model that is judged. folder: where renders and descriptions are kept.
        quick: a short form, with fewer renders. workers: processes that render.
    """

    def __init__(self, codec: CompressionModel, folder: Path, quick: bool, workers: int) -> None:
        self.codec, self.folder, self.workers = codec, folder, workers
        self.amount = QUICK if quick else FULL
        self.probe = cache(self._probe)

    @cached_property
    def renders(self) -> Corpus:
        """Renders that no training has heard."""
        amount, folder = self.amount.held_out, self.folder / "held-out"
        return write_corpus(folder, amount, HELD_OUT_SEED, self.workers)[:amount]

    @cached_property
    def held_out(self) -> Corpus:
        """The same after the codec."""
        return decoded_corpus(self.renders, self.codec)

    def stretches(self, cut: Cut) -> Described:
        """Held-out renders, described."""
        return described(self.held_out, cut, what="listening to held-out renders")

    @cached_property
    def taught(self) -> Described:
        """What the probes learn from: renders as they are and after the codec, at two tempos each."""
        amount, folder = self.amount, self.folder
        items = write_corpus(folder / "items", amount.items, TAUGHT_SEED, self.workers)
        sketches = write_corpus(folder / "sketches", amount.sketches, SKETCH_SEED, self.workers, sketch)
        return described(items[: amount.items], TAUGHT, self.codec, "learning from items") + described(
            sketches[: amount.sketches], TAUGHT, self.codec, "learning from sketches"
        )

    def _probe(self, question: str) -> Probe:
        """The probe of a question of `QUESTIONS`."""
        return trained(next(each for each in QUESTIONS if each.name == question), self.taught)

    def missing_s(self, probes: bool) -> float:
        """Seconds of work, on one core, until the held-out renders and (if wanted) the probes are there."""
        held_out = self.folder / "held-out"
        decoded = decoded_folder(held_out, self.codec)
        work = [(held_out, decoded, self.amount.held_out, ITEM_S)]
        if probes:
            items, sketches = self.folder / "items", self.folder / "sketches"
            work += [
                (items, store_of(items, TAUGHT, self.codec), self.amount.items, ITEM_S),
                (sketches, store_of(sketches, TAUGHT, self.codec), self.amount.sketches, SKETCH_S),
            ]
        total = 0.0
        for renders, heard, count, seconds in work:
            total += seconds * max(0, count - _numbered(renders, "json")) / RENDERING
            total += seconds * max(0, count - _numbered(heard, "npz")) / LISTENING
        return total


def _numbered(folder: Path, ending: str) -> int:
    return len(list(folder.glob(f"[0-9]*.{ending}")))
