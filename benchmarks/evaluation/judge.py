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
TAUGHT_BRIEFLY = Cut(4.0, 4.0, tempos=True)
"""Of the length in which a change must be heard."""
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
        quick: a short form, with fewer renders. workers: processes that render, decode and describe.
    """

    def __init__(self, codec: CompressionModel, folder: Path, quick: bool, workers: int) -> None:
        self.codec, self.folder, self.workers = codec, folder, workers
        self.amount = QUICK if quick else FULL
        self.probe = cache(self._probe)
        self.taught = cache(self._taught)

    @cached_property
    def renders(self) -> Corpus:
        """Renders that no training has heard."""
        amount, folder = self.amount.held_out, self.folder / "held-out"
        return write_corpus(folder, amount, HELD_OUT_SEED, self.workers)[:amount]

    @cached_property
    def held_out(self) -> Corpus:
        """The same after the codec."""
        return decoded_corpus(self.renders, self.codec, "held-out renders", self.workers)

    def stretches(self, cut: Cut) -> Described:
        """Held-out renders, described."""
        return described(self.held_out, cut, "listening to held-out renders", self.workers)

    @cached_property
    def material(self) -> dict[str, Corpus]:
        """What the probes learn from: items and sketches as they are and after the codec."""
        amount, folder = self.amount, self.folder
        items = write_corpus(folder / "items", amount.items, TAUGHT_SEED, self.workers)[: amount.items]
        sketches = write_corpus(folder / "sketches", amount.sketches, SKETCH_SEED, self.workers, sketch)
        plain = {"items": items, "sketches": sketches[: amount.sketches]}
        decoded = {
            f"{name} after the codec": decoded_corpus(corpus, self.codec, name, self.workers)
            for name, corpus in plain.items()
        }
        return plain | decoded

    def _taught(self, cut: Cut) -> Described:
        """The material of the probes in such pieces."""
        parts = [
            described(corpus, cut, f"learning from {name}", self.workers)
            for name, corpus in self.material.items()
        ]
        return sum(parts[1:], parts[0])

    def _probe(self, question: str, cut: Cut = TAUGHT) -> Probe:
        """The probe of a question of `QUESTIONS`, taught on pieces of some length."""
        return trained(next(each for each in QUESTIONS if each.name == question), self.taught(cut))

    def missing_s(self, probes: bool) -> float:
        """Seconds of work, on one core, until the held-out renders and (if wanted) the probes are there."""
        held_out = self.folder / "held-out"
        work = [(held_out, self.amount.held_out, ITEM_S)]
        if probes:
            work += [
                (self.folder / "items", self.amount.items, ITEM_S),
                (self.folder / "sketches", self.amount.sketches, SKETCH_S),
            ]
        total = 0.0
        for renders, count, seconds in work:
            decoded = decoded_folder(renders, self.codec)
            total += seconds * max(0, count - _numbered(renders)) / RENDERING
            total += seconds * max(0, count - _numbered(decoded)) / LISTENING
        return total


def _numbered(folder: Path) -> int:
    return len(list(folder.glob("[0-9]*.json")))
