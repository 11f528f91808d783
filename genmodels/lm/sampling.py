"""Drawing tokens from logits, with randomness that depends on nothing but a seed and a position."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genmodels.errors import GenerationError
from genmodels.lm.sampling_params import SamplingParams

__all__ = ["SamplingParams", "sample", "step_noise"]


_SEED_MASK = (1 << 64) - 1


def step_noise(seed: int, step: int, codebooks: int, card: int) -> np.ndarray:
    """Gumbel noise of one stream step.

    The same (seed, step) gives the same noise on every machine, so a step that is generated again (after a
    rollback, in a replay, in another chunking) draws the same tokens from the same logits. Counter-based
    (Philox) and taken from raw bits.

    Args:
        seed: any integer; taken modulo 2**64.
        step: absolute step of the stream, >= 0.
    Returns:
        [codebooks, card] float32.
    """
    count = codebooks * card
    key = np.array([seed & _SEED_MASK, step], dtype=np.uint64)
    bits = np.random.Philox(key=key).random_raw((count + 1) // 2).astype("<u8", copy=False)
    # 23 bits and a half: exact in float32 and never 0 or 1, so both logarithms are finite
    uniform = ((bits.view("<u4")[:count] >> np.uint32(9)).astype(np.float32) + np.float32(0.5)) * np.float32(
        2**-23
    )
    noise: np.ndarray = -np.log(-np.log(uniform))
    return noise.reshape(codebooks, card)


def sample(logits: Tensor, params: SamplingParams, noise: Tensor | None = None) -> Tensor:
    """Draw one token a row by the Gumbel-max rule.

    Args:
        logits: [..., card], float32.
        params: how to draw.
        noise: Gumbel noise, broadcastable to `logits` (see `step_noise`); not needed when greedy.
    Returns:
        tokens [...] int64.
    Raises:
        GenerationError: sampling was asked for without noise.
    """
    if params.greedy:
        return logits.argmax(-1)
    if noise is None:
        raise GenerationError(
            "sample: random sampling needs `noise`; make it with step_noise(seed, step, codebooks, card)"
        )
    scores = logits / params.temperature
    if params.top_p > 0:
        ordered, order = scores.sort(dim=-1, descending=True)
        probabilities = ordered.softmax(-1)
        dropped = probabilities.cumsum(-1) - probabilities > params.top_p
        scores = scores.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -torch.inf)
    elif 0 < params.top_k < scores.shape[-1]:
        smallest = scores.topk(params.top_k, dim=-1, sorted=False).values.amin(-1, keepdim=True)
        scores = scores.masked_fill(scores < smallest, -torch.inf)
    return (scores + noise).argmax(-1)
