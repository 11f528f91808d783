"""Small checkpoints: matrices as int8 with one scale a row, everything else as float16."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from genmodels.errors import CheckpointError
from genmodels.lm.quantize import dequantize_rows, quantize_rows

_SCALE = "_scale"
_CODEBOOK = "._codebook."
_SMALLEST = 16384


def quantize_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Shrink a state dict to little more than a byte a weight.

    Matrices of 16,384 elements and more become int8 `NAME` and float32 `NAME_scale` [out]. For a language
    model they are just what the int8 decoder runs, so nothing more is lost there. Codebooks and everything
    small become float16. A codebook's running sums, needed to train on, follow from its entries and counts,
    and are left out.
    """
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith("_codebook.embed_avg"):
            continue
        if (
            value.ndim == 2
            and value.numel() >= _SMALLEST
            and value.is_floating_point()
            and _CODEBOOK not in name
        ):
            out[name], out[name + _SCALE] = quantize_rows(value)
        else:
            out[name] = value.detach().half() if value.is_floating_point() else value.detach()
    return {name: value.contiguous().cpu() for name, value in out.items()}


def dequantize_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Back to float32 and complete.

    Raises:
        CheckpointError: an int8 matrix has no scale, or one of another length.
    """
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) in state:
            continue
        if value.dtype == torch.int8:
            scale = state.get(name + _SCALE)
            if scale is None or scale.shape != value.shape[:1]:
                raise CheckpointError(
                    f"checkpoint: int8 matrix {name!r} needs {name + _SCALE!r} of {len(value)} values"
                )
            out[name] = dequantize_rows(value, scale)
        else:
            out[name] = value.float() if value.is_floating_point() else value
    for name in [name for name in out if name.endswith("_codebook.embed")]:
        base = name.removesuffix("embed")
        if base + "cluster_size" in out:
            out.setdefault(base + "embed_avg", out[name] * out[base + "cluster_size"][:, None])
    return out
