"""Weights of trained codecs, from a training's checkpoint or a model folder."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from genmodels.checkpoints.bundled import BUNDLED, load_mini
from genmodels.errors import CheckpointError


def start_weights(name: str) -> dict[str, Tensor]:
    """The codec's state dict of `name`: a training's checkpoint.pt (its averaged weights), the folder of a
    model, or 'mini', the bundled one.

    Raises:
        CheckpointError: there is nothing of the kind there.
    """
    path = BUNDLED if name == "mini" else Path(name)
    if path.is_dir():
        return load_mini(folder=path)[0].state_dict()
    if not path.exists():
        raise CheckpointError(f"{path}: no such codec checkpoint; train the codec first")
    saved = torch.load(path, map_location="cpu", weights_only=True)
    weights: dict[str, Tensor] | None = saved.get("ema") or saved.get("model")
    if weights is None:
        raise CheckpointError(f"{path}: no checkpoint of a training")
    return weights
