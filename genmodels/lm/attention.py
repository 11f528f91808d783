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
    hidden = torch.full((min(BLOCK, length), length), -math.inf, dtype=q.dtype, device=q.device)
    outputs, start = [], 0
    for block in torch.split(q * scale, BLOCK, 2):
        stop = start + block.shape[2]
        # a slice of everything would still be copied on the way back
        keys, values = (k, v) if stop == length else (k[:, :, :stop], v[:, :, :stop])
        scores = torch.matmul(block, keys.transpose(-1, -2)) + hidden[: stop - start, :stop].triu(1 + start)
        outputs.append(torch.matmul(scores.softmax(-1), values))
        start = stop
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs, 2)


def masked_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Exact attention over few keys by plain products.

    On a CPU in bfloat16, forward and backward over 16 keys take a fifth to a third of the time of
    `scaled_dot_product_attention`.

    Args:
        q: [B, H, T, D].
        k, v: [B, H, Tc, D].
        mask: bool, broadcastable to [B, H, T, Tc], true where a key may be seen; None where all may.
    Returns:
        [B, H, T, D].
    """
    scores = torch.matmul(q * (1 / math.sqrt(q.shape[3])), k.transpose(-1, -2))
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.matmul(scores.softmax(-1), v)
