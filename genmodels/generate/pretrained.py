"""Any published model by name, as the class that plays it."""

from __future__ import annotations

from pathlib import Path

import torch

from genmodels.generate.audiogen import AudioGen
from genmodels.generate.loaded import load_to_play
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision


def get_pretrained(
    name: str | Path = "mini", device: torch.device | str | None = None, precision: Precision = "auto"
) -> MusicGen | AudioGen:
    """Load a model as what it is: AudioGen where its checkpoint says so, MusicGen otherwise.

    Args:
        name: see `load_model`.
        device: see `pick_device`.
        precision: see `make_decoder`.
    Raises:
        CheckpointError: there is no such model, or its files cannot be used.
        ConfigError: unknown precision or device.
    """
    found = load_to_play(name, device, precision)
    made = AudioGen if found.kind == "audiogen" else MusicGen
    return made(
        found.name, found.compression_model, found.lm, found.max_duration, found.extend_stride, precision
    )
