"""How fast a codec is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from genmodels.codec.base import CompressionModel

SECONDS = 10
ROUNDS = 3


@dataclass(frozen=True)
class CodecSpeed:
    """Seconds of audio that a second of processor time encodes, and decodes."""

    encode: float
    decode: float

    @property
    def both(self) -> float:
        """Seconds of audio that a second of processor time encodes and decodes."""
        return 1.0 / (1.0 / self.encode + 1.0 / self.decode)


@torch.no_grad()
def codec_speed(codec: CompressionModel) -> CodecSpeed:
    """The speed on as many threads as torch has now; the best of three, on ten seconds of noise."""
    device = next(codec.parameters()).device
    noise = 0.1 * torch.randn(1, codec.channels, SECONDS * codec.sample_rate, device=device)
    tokens, scale = codec.encode(noise)
    return CodecSpeed(
        SECONDS / _best(lambda: codec.encode(noise)), SECONDS / _best(lambda: codec.decode(tokens, scale))
    )


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)
