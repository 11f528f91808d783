"""What all discriminators share: their interface and their layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm


@dataclass(frozen=True)
class Verdict:
    """What a discriminator says about a batch of audio.

    Attributes:
        scores: one tensor [B, ...] for each of its parts; the higher, the more real.
        maps: for each part, the outputs of its hidden layers, for feature matching.
    """

    scores: list[Tensor]
    maps: list[list[Tensor]]


class Discriminator(nn.Module, ABC):
    """Tells recorded audio from generated audio, by several parts that each look at it in another way."""

    @abstractmethod
    def forward(self, x: Tensor) -> Verdict:
        """Audio [B, C, N] to the verdict on it."""


class LayerStack(nn.Module):
    """Convolutions with a leaky ReLU after each but the last; keeps what comes out of each hidden one."""

    def __init__(self, layers: Sequence[nn.Module], slope: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.activation = nn.LeakyReLU(slope)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """x to (the last layer's output, the hidden layers' outputs)."""
        maps: list[Tensor] = []
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
            maps.append(x)
        return last(x), maps


class DiscriminatorSet(Discriminator):
    """Several discriminating parts, each a module that maps audio [B, C, N] to (scores, maps)."""

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Verdict:
        """See `Discriminator`."""
        scores, maps = zip(*(part(x) for part in self.parts), strict=True)
        return Verdict(list(scores), list(maps))


def conv1d(inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    """Weight-normed convolution over [B, C, N] that keeps the length, but for its stride."""
    layer = nn.Conv1d(inside, outside, kernel, stride, (kernel - 1) // 2, groups=groups)
    return cast(nn.Module, weight_norm(layer))


def conv2d(
    inside: int,
    outside: int,
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
) -> nn.Module:
    """Weight-normed convolution over [B, C, H, W] that keeps both lengths, but for its strides."""
    padding = ((kernel[0] - 1) * dilation[0] // 2, (kernel[1] - 1) * dilation[1] // 2)
    layer = nn.Conv2d(inside, outside, kernel, stride, padding, dilation)
    return cast(nn.Module, weight_norm(layer))
