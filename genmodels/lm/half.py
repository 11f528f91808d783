"""Half precision by weights.

The matrices of the layers are float16 or bfloat16, and so are the products with them; embeddings, norms, the
residual stream, the heads and the conditioners stay float32. These are the numbers that autocast would give,
without its casting every matrix at every step.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn

from genmodels.device import half_dtype
from genmodels.lm.transformer import Transformer

if TYPE_CHECKING:
    from genmodels.lm.model import LMModel


def half_transformer(transformer: Transformer, dtype: torch.dtype | None = None) -> Transformer:
    """A transformer with the same weights, its matrices in half precision.

    Whatever needs no change is shared, so that of one whose matrices are so already nothing is copied.

    Args:
        transformer: stays as it is.
        dtype: by default the one that `suitable_dtype` names.
    """
    dtype = dtype or suitable_dtype(transformer)
    if transformer.layer_dtype == dtype:
        return transformer
    replaced: dict[int, object] = {id(buffer): buffer for buffer in transformer.buffers()}
    for weight in transformer.parameters():
        is_matrix = weight.ndim == 2
        replaced[id(weight)] = (
            nn.Parameter(weight.detach().to(dtype), requires_grad=False) if is_matrix else weight
        )
    return copy.deepcopy(transformer, replaced)


def halve_layers(lm: LMModel, dtype: torch.dtype | None = None) -> None:
    """Turn the matrices of a model's layers into half precision for good: for playing on a GPU, where the
    float32 weights would only take room.

    Args:
        lm: changed in place.
        dtype: by default the one that `suitable_dtype` names.
    """
    dtype = dtype or suitable_dtype(lm.transformer)
    for weight in lm.transformer.parameters():
        if weight.ndim == 2:
            weight.data = weight.data.to(dtype)


def settle_layers(lm: LMModel, precision: str, device: torch.device) -> None:
    """Halve the layers of a model that has just been loaded for good, if it will be played so and not on a
    CPU.

    Args:
        lm: changed in place.
        precision: see `make_decoder`.
        device: where it will be played; it need not be there yet.
    """
    if precision in ("auto", "half") and device.type != "cpu":
        halve_layers(lm, suitable_dtype(lm.transformer, device))


def suitable_dtype(transformer: Transformer, device: torch.device | None = None) -> torch.dtype:
    """The half precision of the weights if they have one already, else that of the device (by default
    theirs); bfloat16 where a weight is beyond the range of float16."""
    if transformer.layer_dtype != torch.float32:
        return transformer.layer_dtype
    dtype = half_dtype(device or transformer.positions.device)
    if dtype == torch.float16:
        limit = torch.finfo(dtype).max
        matrices = [weight.detach() for weight in transformer.parameters() if weight.ndim == 2]
        if any(bool(weight.abs().amax() > limit) for weight in matrices):
            return torch.bfloat16
    return dtype
