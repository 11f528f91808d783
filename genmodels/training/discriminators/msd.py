"""Multi-scale discriminator (MelGAN, arXiv 1910.06711)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.training.discriminators.base import Discriminator, LayerStack, Verdict, conv1d

FIRST_KERNEL, KERNEL, LAST_KERNEL, SLOPE = 15, 5, 3, 0.2


class ScaleDiscriminator(nn.Module):
    """Grouped, strided convolutions on the waveform itself.

    Args:
        channels: audio channels.
        filters: channels of the first layer; each strided layer has its stride times more, but at most
            `max_filters`.
        strides: of the strided layers; their kernels are ten times as long, plus one.
    """

    def __init__(self, channels: int, filters: int, max_filters: int, strides: Sequence[int]) -> None:
        super().__init__()
        layers, width = [conv1d(channels, filters, FIRST_KERNEL)], filters
        for stride in strides:
            wider = min(width * stride, max_filters)
            layers.append(conv1d(width, wider, 10 * stride + 1, stride, groups=max(width // 4, 1)))
            width = wider
        wider = min(2 * width, max_filters)
        layers += [conv1d(width, wider, KERNEL), conv1d(wider, 1, LAST_KERNEL)]
        self.stack = LayerStack(layers, SLOPE)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Audio [B, C, N] to (scores [B, 1, n], maps)."""
        scores, maps = self.stack(x)
        return scores, maps


class MultiScaleDiscriminator(Discriminator):
    """`scales` times `ScaleDiscriminator`, each on audio of half the rate of the one before.

    The pooled audio does reach the next scale (AudioCraft drops it, so that all its scales see the full
    rate).
    """

    def __init__(
        self,
        channels: int = 1,
        filters: int = 16,
        max_filters: int = 1024,
        strides: Sequence[int] = (4, 4, 4, 4),
        scales: int = 3,
    ) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            ScaleDiscriminator(channels, filters, max_filters, strides) for _ in range(scales)
        )

    def forward(self, x: Tensor) -> Verdict:
        """See `Discriminator`."""
        scores, maps = [], []
        for index, part in enumerate(self.parts):
            if index:
                x = F.avg_pool1d(x, 4, 2, padding=1, count_include_pad=False)
            score, hidden = part(x)
            scores.append(score)
            maps.append(hidden)
        return Verdict(scores, maps)
