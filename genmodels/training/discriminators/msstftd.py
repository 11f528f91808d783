"""Multi-scale STFT discriminator (EnCodec, arXiv 2210.13438)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from genmodels.training.discriminators.base import DiscriminatorSet, LayerStack, conv2d

KERNEL, DILATIONS, SLOPE = (3, 9), (1, 2, 4), 0.3


class StftDiscriminator(nn.Module):
    """Convolves the complex spectrogram (real and imaginary parts as channels), wider in time layer by layer.

    Args:
        n_fft: window length in samples; the hop is a quarter of it.
        channels: audio channels.
        filters: channels of every hidden layer.
    """

    window: Tensor

    def __init__(self, n_fft: int, channels: int, filters: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        layers = [conv2d(2 * channels, filters, KERNEL)]
        layers += [conv2d(filters, filters, KERNEL, (1, 2), (dilation, 1)) for dilation in DILATIONS]
        layers += [conv2d(filters, filters, (3, 3)), conv2d(filters, 1, (3, 3))]
        self.stack = LayerStack(layers, SLOPE)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Audio [B, C, N >= n_fft] to (scores [B, 1, frames, bins / 8], maps)."""
        frames = x.float().unfold(-1, self.n_fft, self.n_fft // 4) * self.window
        spectrum = torch.fft.rfft(frames, norm="ortho")
        scores, maps = self.stack(torch.cat([spectrum.real, spectrum.imag], 1))
        return scores, maps


class MultiScaleStftDiscriminator(DiscriminatorSet):
    """One `StftDiscriminator` for each of `n_ffts`."""

    def __init__(
        self,
        channels: int = 1,
        filters: int = 32,
        n_ffts: Sequence[int] = (1024, 2048, 512, 256, 128),
    ) -> None:
        super().__init__([StftDiscriminator(n_fft, channels, filters) for n_fft in n_ffts])
