"""Several decks on one model: in one batch, and one after the other."""

from __future__ import annotations

import time

import numpy as np
import torch

from benchmarks.realtime import bundled_model
from benchmarks.results import Figure, Outcome
from benchmarks.settings import CONDITIONS
from genmodels.generate.continuation import Continuation
from genmodels.generate.group import ContinuationGroup
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision
from genmodels.lm.native import available

COUNTS = (1, 2, 4, 8)
CHUNK = 5
"""Frames that each deck gets in a turn, as in the worker."""


def decks(rounds: int, threads: int = 1) -> Outcome:
    """Seconds of music a second of all decks taken together, with guidance, sampling and decoding.

    Args:
        rounds: turns of `CHUNK` frames, of the batch and of single decks alternately; ratios are medians
            over them.
        threads: of torch.
    """
    torch.set_num_threads(threads)
    figures = []
    for device, precision in _kinds():
        model, what = bundled_model(device, precision)
        for count in COUNTS:
            figures += _measure(model, f"{device} {precision}", count, rounds, what)
    return Outcome("decks", figures)


def _kinds() -> list[tuple[str, Precision]]:
    kinds: list[tuple[str, Precision]] = [("cpu", "int8")]
    if available(bundled_model("cpu", "int8")[0].lm):
        kinds.insert(0, ("cpu", "native"))
    if torch.cuda.is_available():
        kinds.append(("cuda", "half"))
    return kinds


def _measure(model: MusicGen, kind: str, count: int, rounds: int, what: str) -> list[Figure]:
    group = ContinuationGroup()
    together, apart = ([Continuation(model, CONDITIONS, seed) for seed in range(count)] for _ in range(2))
    group.advance(dict.fromkeys(together, CHUNK))
    for stream in apart:
        stream.advance(CHUNK)
    times = np.zeros((2, rounds))
    steps = np.zeros((2, rounds))
    for number in range(rounds):
        to_frame = CHUNK * (number + 2)
        begun = time.perf_counter()
        group.advance(dict.fromkeys(together, to_frame))
        middle = time.perf_counter()
        for stream in apart:
            stream.advance(to_frame)
        times[:, number] = middle - begun, time.perf_counter() - middle
        steps[:, number] = together[0].stats.step.last, sum(stream.stats.step.last for stream in apart)
    music = count * CHUNK / together[0].frame_rate
    batch, single = music / np.median(times, axis=1)
    ratio, step_ratio = (float(np.median(pair[1] / pair[0])) for pair in (times, steps))
    plural = "s" if count > 1 else ""
    note = f"one after the other {single:.1f} x; {what}, {rounds} rounds in turn"
    figures = [Figure(f"{kind}, {count} deck{plural}", float(batch), "x real time", note=note)]
    if count > 1:
        note = f"the language model's step alone {step_ratio:.2f} x"
        figures.append(Figure(f"{kind}, {count} decks, faster in one batch", ratio, "x", note=note))
    return figures
