"""Causal attention for training on a CPU."""

from __future__ import annotations

import math

import torch
from torch import Tensor

BLOCK = 256


def blockwise_causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Exact causal attention, queries taken in blocks that see only the keys up to their end.

    On a CPU in bfloat16, forward and backward together take about half the time of
    `scaled_dot_product_attention`, whose backward is the slow part; the score matrices of one layer are kept
    for it.

    Args:
        q, k, v: [B, H, T, D].
    Returns:
        [B, H, T, D].
    """
    length, scale = q.shape[2], 1 / math.sqrt(q.shape[3])
    hidden = torch.full((min(BLOCK, length),) * 2, -math.inf, dtype=q.dtype, device=q.device).triu(1)
    outputs = []
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        scores = torch.matmul(q[:, :, start:stop] * scale, k[:, :, :stop].transpose(-1, -2))
        own = scores[..., start:] + hidden[: stop - start, : stop - start]
        weights = torch.cat([scores[..., :start], own], -1).softmax(-1)
        outputs.append(torch.matmul(weights, v[:, :, :stop]))
    return torch.cat(outputs, 2)
