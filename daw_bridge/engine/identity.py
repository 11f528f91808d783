"""Which weights run on what: facts by which it can be told whether two runs must give the same tokens."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

SAMPLED = 4096
CPU_INFO = "/proc/cpuinfo"


def weights_digest(modules: Iterable[nn.Module]) -> str:
    """A fingerprint of weights, 16 hexadecimal digits: of every tensor its name, type and shape, and up to
    `SAMPLED` values evenly spread over it, so that the largest models take milliseconds too."""
    import torch

    digest = hashlib.sha256()
    for module in modules:
        for name, tensor in module.state_dict().items():
            if not isinstance(tensor, torch.Tensor):
                continue
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            flat = tensor.detach().reshape(-1)
            spread = flat[:: max(1, len(flat) // SAMPLED)][:SAMPLED].cpu().contiguous()
            digest.update(spread.view(torch.uint8).numpy().tobytes() if spread.numel() else b"")
    return digest.hexdigest()[:16]


def hardware_name(device: torch.device) -> str:
    """What computes: the GPU's or the processor's name."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()} ({device.type})"


def _processor() -> str:
    try:
        with open(CPU_INFO, encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
