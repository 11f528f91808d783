"""Loading a model in order to play it."""

from __future__ import annotations

from pathlib import Path

import torch

from genmodels.checkpoints.loading import LmKind, LoadedModel, load_model
from genmodels.device import pick_device
from genmodels.errors import ConfigError
from genmodels.lm.decoder import PRECISIONS, Precision
from genmodels.lm.half import settle_layers


def load_to_play(
    name: str | Path, device: torch.device | str | None, precision: Precision, kind: LmKind | None = None
) -> LoadedModel:
    """A model whose weights are as small as `precision` lets them be, and are so before they get to a GPU.

    Args:
        name, device, kind: see `load_model`.
        precision: see `make_decoder`; it is checked before anything is fetched.
    Raises:
        CheckpointError: there is no such model, or its files cannot be used.
        ConfigError: unknown precision or device.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision is {precision!r}, must be one of {', '.join(map(repr, PRECISIONS))}")
    target = pick_device(device)
    found = load_model(name, "cpu", kind)
    settle_layers(found.lm, precision, target)
    found.lm.to(target)
    found.compression_model.to(target)
    return found
