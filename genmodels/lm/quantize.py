"""8-bit weights with one scale a row."""

from __future__ import annotations

import torch
from torch import Tensor


def quantize_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round a matrix to 8 bits, symmetrically, with one scale an output row.

    The scale is rounded to bfloat16 before the weights are divided by it, so kernels that take bfloat16
    scales add no error. The largest weight of a row always becomes +-127, so quantizing the dequantized
    matrix again changes nothing.

    Args:
        weight: [out, in] float.
    Returns:
        int8 [out, in], and scale [out] float32.
    """
    weight = weight.detach().float()
    scale = (weight.abs().amax(1) / 127).bfloat16().float()
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return (weight / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale


def dequantize_rows(weight: Tensor, scale: Tensor) -> Tensor:
    """The float32 matrix of what `quantize_rows` returned."""
    return weight.float() * scale.float()[:, None]
