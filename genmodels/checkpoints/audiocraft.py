"""Checkpoints as AudioCraft writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from genmodels.checkpoints.audiocraft_config import AudiocraftConfig
from genmodels.checkpoints.reading import read_pickle
from genmodels.errors import CheckpointError


@dataclass(frozen=True)
class Package:
    """What a file of AudioCraft holds.

    Args:
        path: the file.
        state: weights by name.
        config: its `xp.cfg`.
    """

    path: Path
    state: dict[str, Tensor]
    config: AudiocraftConfig


@dataclass(frozen=True)
class Redirect:
    """A codec file that only names another codec."""

    name: str


def read_package(path: Path) -> Package | Redirect:
    """Read an exported file (of the first release, without 'version' and 'exported', or a later one) or a
    training checkpoint.

    Raises:
        CheckpointError: missing, truncated, or something else.
    """
    package = read_pickle(path)
    name = package.get("pretrained")
    if isinstance(name, str) and "best_state" not in package:
        return Redirect(name)
    state = _best_state(package, path)
    text = package.get("xp.cfg")
    if not isinstance(text, str):
        held = ", ".join(sorted(map(str, package))[:6]) or "nothing"
        raise CheckpointError(
            f"{path} is no checkpoint of AudioCraft: it has no configuration 'xp.cfg' as text; it holds: "
            f"{held}"
        )
    return Package(path, state, AudiocraftConfig(text, str(path)))


def _best_state(package: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    # sharded training leaves an empty best_state beside the filled one
    found = package.get("fsdp_best_state") or package.get("best_state")
    if isinstance(found, dict) and isinstance(found.get("model"), dict):
        found = found["model"]
    if not isinstance(found, dict) or not found:
        held = ", ".join(sorted(map(str, package))[:6]) or "nothing"
        raise CheckpointError(
            f"{path} is no checkpoint of AudioCraft: it has no weights under 'best_state'; it holds: {held}"
        )
    wrong = [str(key) for key, value in found.items() if not isinstance(value, Tensor)]
    if wrong:
        raise CheckpointError(f"{path}: {wrong[0]!r} under 'best_state' is no tensor")
    return {str(key): value for key, value in found.items()}


def modern_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names of today for those of older attention (`self_attn.mha.in_proj_weight`)."""
    return {name.replace(".mha.", "."): value for name, value in state.items()}
