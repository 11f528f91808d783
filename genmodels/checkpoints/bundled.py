"""The bundled model `mini`, and any other folder of the same format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from yaml import YAMLError  # type: ignore[import-untyped]

from genmodels.checkpoints.builders import build_codec, build_lm
from genmodels.checkpoints.quantized import dequantize_state_dict, quantize_state_dict
from genmodels.checkpoints.reading import usable_configuration
from genmodels.codec.base import CompressionModel
from genmodels.errors import CheckpointError
from genmodels.lm.model import LMModel

BUNDLED = Path(__file__).parent / "mini"
"""The folder of the bundled model."""

_FILES = ("config.yaml", "codec.safetensors", "lm.safetensors")


def save_mini(
    folder: Path | str,
    codec: CompressionModel,
    lm: LMModel,
    config: Mapping[str, Any],
    info: Mapping[str, Any],
) -> int:
    """Write a model's folder: `config.yaml`, and `codec.safetensors` and `lm.safetensors` (see
    `quantize_state_dict`).

    Each file is replaced whole, so a reader never sees half of one.

    Args:
        folder: made if needed.
        codec, lm: the trained models.
        config: {codec: ..., lm: ...} as `build_codec` and `build_lm` take them; lm with max_duration and
            extend_stride.
        info: facts about the training, kept under `info`.
    Returns:
        bytes written in all.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in (("codec", codec), ("lm", lm)):
        state = quantize_state_dict(module.state_dict())
        _replace(folder / f"{name}.safetensors", partial(save_file, state))
    text = OmegaConf.to_yaml(
        OmegaConf.create({"codec": config["codec"], "lm": config["lm"], "info": dict(info)})
    )
    _replace(folder / "config.yaml", lambda path: path.write_text(text, encoding="utf-8"))
    return sum((folder / name).stat().st_size for name in _FILES)


def load_mini(
    device: torch.device | str = "cpu", folder: Path | str = BUNDLED
) -> tuple[CompressionModel, LMModel, dict[str, Any]]:
    """Load a model's folder.

    Returns:
        codec and language model in evaluation mode on `device`, and facts: the training's, with max_duration
        and extend_stride in seconds.
    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the configuration.
    """
    folder = Path(folder)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"model folder {folder} lacks {', '.join(missing)}: it must hold {', '.join(_FILES)}"
        )
    path = folder / "config.yaml"
    with usable_configuration(path):
        try:
            config = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
        except (OmegaConfBaseException, YAMLError, OSError) as error:
            raise CheckpointError(f"{path} cannot be read: {error}") from error
        if not isinstance(config, dict) or not {"codec", "lm"} <= set(config):
            raise CheckpointError(f"{path} must hold the sections codec and lm")
        codec = build_codec(config["codec"])
        lm = build_lm(config["lm"])
        info: dict[str, Any] = dict(config.get("info") or {})
        info["max_duration"] = float(config["lm"]["max_duration"])
        info["extend_stride"] = float(config["lm"]["extend_stride"])
    _load(codec, _read(folder / "codec.safetensors"), folder / "codec.safetensors")
    _load(lm, _read(folder / "lm.safetensors"), folder / "lm.safetensors")
    return codec.to(device).eval(), lm.to(device).eval(), info


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return dequantize_state_dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error}. Restore the file from the repository"
        ) from error


def _load(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(dict(state))
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit config.yaml: {error}") from error


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(path.name + ".part")
    write(temporary)
    # safetensors makes files that only their owner can read
    temporary.chmod(0o644)
    os.replace(temporary, path)
