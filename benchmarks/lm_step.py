"""A step of the language model, beside its peer's in the same run."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.peer import CARD, CODEBOOKS, DIM, FFN, HEADS, LAYERS, TransformersPeer
from benchmarks.results import Figure, Outcome
from benchmarks.settings import CONDITIONS, config
from genmodels.checkpoints.builders import build_lm
from genmodels.generate.voices import VoiceConditioner
from genmodels.lm.decoder import Precision, make_decoder
from genmodels.lm.model import LMModel
from genmodels.lm.native import available
from genmodels.lm.segment import Segment


def lm_step(steps: int, rounds: int, threads: int = 1) -> Outcome:
    """Milliseconds of a step with guidance and top-k 250, ours and the peer's in turn, random weights.

    Args:
        steps: length of a take, from an empty past.
        rounds: takes of each; the ratio is the median over rounds.
        threads: of torch, for both.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    peer = TransformersPeer()
    own = config("mini_lm")["lm"]
    geometry = (own["num_layers"], own["dim"], own["num_heads"], own["n_q"], own["card"])
    if geometry != (LAYERS, DIM, HEADS, CODEBOOKS, CARD) or own["hidden_scale"] * DIM != FFN:
        raise RuntimeError(f"mini's geometry {geometry} is no longer the peer's: change benchmarks/peer.py")
    lm = build_lm(own).eval()
    kinds: list[Precision] = ["fp32", "int8"]
    if available(lm):
        kinds.append("native")
    takes: dict[str, list[npt.NDArray[np.float64]]] = {kind: [] for kind in ("peer", *kinds)}
    for _ in range(rounds):
        takes["peer"].append(peer.step_ms(steps))
        for kind in kinds:
            takes[kind].append(_step_ms(lm, kind, steps))
    note = f"{steps} steps, {rounds} rounds in turn, {threads} thread" + ("s" if threads > 1 else "")
    figures = [Figure("step, Transformers fp32", float(np.median(takes["peer"])), "ms", note=note)]
    figures += [Figure(f"step, ours {kind}", float(np.median(takes[kind])), "ms") for kind in kinds]
    best = kinds[-1]
    figures.append(
        Figure(f"step, ours {best}, p99", float(np.percentile(takes[best], 99)), "ms", at_most=20.0)
    )
    for kind in kinds[1:]:
        ratios = [
            float(np.median(theirs) / np.median(own))
            for theirs, own in zip(takes["peer"], takes[kind], strict=True)
        ]
        figures.append(
            Figure(f"faster than Transformers, {kind}", float(np.median(ratios)), "x", at_least=3.0)
        )
    series = {f"ours {kind}": np.median(takes[kind], axis=0).tolist() for kind in kinds}
    return Outcome("lm", figures, {"Transformers fp32": np.median(takes["peer"], axis=0).tolist(), **series})


def _step_ms(lm: LMModel, precision: Precision, steps: int) -> npt.NDArray[np.float64]:
    """Milliseconds of each step but the first of one take."""
    segment = Segment(make_decoder(lm, precision), lm.pattern_provider.get_pattern(steps), 1)
    segment.use(VoiceConditioner(lm, 50.0, steps / 50.0).rows([CONDITIONS], [1]))
    times = []
    for _ in range(steps):
        segment.step()
        times.append(time.perf_counter())
    return np.diff(times) * 1000.0
