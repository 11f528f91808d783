"""Where models run, and in which number format."""

from __future__ import annotations

import gc

import torch

from genmodels.errors import ConfigError


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """The device to run on.

    Args:
        name: 'cpu', 'cuda', 'cuda:1', 'mps' ...; 'auto' or None takes the first that is there of CUDA, MPS
            and the CPU.
    Raises:
        ConfigError: there is no such device here.
    """
    if name is None or name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if not _is_there(device):
        raise ConfigError(
            f"device {str(name)!r} is not there: choose one of {', '.join(_found())}, or 'auto'"
        )
    return device


def half_dtype(device: torch.device) -> torch.dtype:
    """The half precision that suits a device: float16; on a CPU, which has no products in it, bfloat16."""
    return torch.bfloat16 if device.type == "cpu" else torch.float16


def release_memory() -> None:
    """Give the memory of models that nobody holds any longer back to the system and its GPU.

    Without it a dropped model's memory on a GPU stays with this process, for what comes next.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def _found() -> list[str]:
    cuda = [f"'cuda:{i}'" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return ["'cpu'", *cuda, *(["'mps'"] if torch.backends.mps.is_available() else [])]
