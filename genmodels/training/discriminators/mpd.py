"""Multi-period discriminator (HiFi-GAN, arXiv 2010.05646)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.training.discriminators.base import DiscriminatorSet, LayerStack, conv2d

KERNEL, STRIDE, DEPTH, GROWTH, SLOPE = 5, 3, 5, 4, 0.2


class PeriodDiscriminator(nn.Module):
    """Lays audio out in rows of `period` samples and convolves down the columns, so that each filter sees
    only samples a multiple of the period apart.

    Args:
        period: samples per row.
        channels: audio channels.
        filters: layer i has filters * 4 ** (i + 1) channels, but at most `max_filters`.
    """

    def __init__(self, period: int, channels: int, filters: int, max_filters: int) -> None:
        super().__init__()
        self.period = period
        widths = [channels, *(min(filters * GROWTH ** (i + 1), max_filters) for i in range(DEPTH))]
        layers = [
            conv2d(widths[i], widths[i + 1], (KERNEL, 1), (STRIDE if i + 1 < DEPTH else 1, 1))
            for i in range(DEPTH)
        ]
        self.stack = LayerStack([*layers, conv2d(widths[-1], 1, (3, 1))], SLOPE)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Audio [B, C, N >= period] to (scores [B, 1, rows', period], maps)."""
        x = F.pad(x, (0, -x.shape[-1] % self.period), mode="reflect")
        scores, maps = self.stack(x.reshape(*x.shape[:2], -1, self.period))
        return scores, maps


class MultiPeriodDiscriminator(DiscriminatorSet):
    """One `PeriodDiscriminator` for each of `periods`; they are prime so that none sees what another sees."""

    def __init__(
        self,
        channels: int = 1,
        filters: int = 8,
        max_filters: int = 1024,
        periods: Sequence[int] = (2, 3, 5, 7, 11),
    ) -> None:
        super().__init__([PeriodDiscriminator(p, channels, filters, max_filters) for p in periods])
