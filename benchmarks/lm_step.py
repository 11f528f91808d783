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
    ours: list[npt.NDArray[np.float64]] = []
    plain: list[npt.NDArray[np.float64]] = []
    theirs: list[npt.NDArray[np.float64]] = []
    for _ in range(rounds):
        theirs.append(peer.step_ms(steps))
        ours.append(_step_ms(lm, "int8", steps))
        plain.append(_step_ms(lm, "fp32", steps))
    ratios = [
        float(np.median(peer_ms) / np.median(own_ms)) for peer_ms, own_ms in zip(theirs, ours, strict=True)
    ]
    note = f"{steps} steps, {rounds} rounds in turn, {threads} thread" + ("s" if threads > 1 else "")
    return Outcome(
        "lm",
        [
            Figure("step, Transformers fp32", float(np.median(theirs)), "ms", note=note),
            Figure("step, ours fp32", float(np.median(plain)), "ms"),
            Figure("step, ours int8", float(np.median(ours)), "ms"),
            Figure("step, ours int8, p99", float(np.percentile(ours, 99)), "ms", at_most=20.0),
            Figure("faster than Transformers", float(np.median(ratios)), "x", at_least=3.0),
        ],
        {
            "Transformers fp32": np.median(theirs, axis=0).tolist(),
            "ours fp32": np.median(plain, axis=0).tolist(),
            "ours int8": np.median(ours, axis=0).tolist(),
        },
    )


def _step_ms(lm: LMModel, precision: Precision, steps: int) -> npt.NDArray[np.float64]:
    """Milliseconds of each step but the first of one take."""
    segment = Segment(make_decoder(lm, precision), lm.pattern_provider.get_pattern(steps), 1)
    segment.use(VoiceConditioner(lm).rows([CONDITIONS], [1]))
    times = []
    for _ in range(steps):
        segment.step()
        times.append(time.perf_counter())
    return np.diff(times) * 1000.0
