"""Encoder of the spectral codec: log-magnitude STFTs, ConvNeXt blocks, normalised latents."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.convnext import KERNEL, ConvNeXtBlock

LOW_HZ = 5000
"""How far up the longest STFT is looked at."""


class LatentNorm(nn.Module):
    """Takes off the mean of each channel and divides by one deviation for all, by running statistics.

    Latents can so neither shrink towards the codebooks nor run away from them, and channels that matter more
    may still be larger.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dim: int, momentum: float = 0.02) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, T, dim]; uses, and learns from, the batch's own statistics in training."""
        if not self.training:
            return (x - self.mean) / self.deviation
        mean = x.mean((0, 1))
        centred = x - mean
        deviation = centred.square().mean().sqrt().clamp(min=1e-4)
        with torch.no_grad():
            self.mean.lerp_(mean, self.momentum)
            self.deviation.lerp_(deviation, self.momentum)
        return centred / deviation


class SpectralEncoder(nn.Module):
    """Audio [B, 1, T * hop] to latents [B, D, T]: a long and a short log-magnitude STFT, and the low part of
    a still longer one if `pitch_fft` says so, stacked per frame.

    Not causal: it is used for prompts and for training, never while streaming.
    """

    window_long: Tensor
    window_short: Tensor
    window_pitch: Tensor

    def __init__(
        self,
        hop: int,
        n_fft: int,
        splits: int,
        short_fft: int,
        dim: int,
        blocks: int,
        latent: int,
        pitch_fft: int = 0,
        sample_rate: int = 32000,
    ) -> None:
        super().__init__()
        self.pitch_fft = pitch_fft
        self.hop, self.n_fft, self.splits, self.short_fft = hop, n_fft, splits, short_fft
        self.register_buffer("window_long", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("window_short", torch.hann_window(short_fft), persistent=False)
        if pitch_fft:
            self.register_buffer("window_pitch", torch.hann_window(pitch_fft), persistent=False)
        self.low = min(LOW_HZ * pitch_fft // sample_rate, pitch_fft // 2) + 1 if pitch_fft else 0
        features = splits * (n_fft // 2 + 1) + 2 * splits * (short_fft // 2 + 1) + self.low
        self.input = nn.Linear(features, dim)
        self.input_norm = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim, 3 * dim, 1 / blocks) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, latent)
        self.scale = LatentNorm(latent)

    def _log_spectrum(
        self, x: Tensor, n_fft: int, hop: int, window: Tensor, bins: int | None = None
    ) -> Tensor:
        """Log magnitudes, of all or of the lowest `bins`: audio [B, N] to [B, N / self.hop, features]."""
        left = (n_fft - hop) // 2
        padded = F.pad(x, (left, n_fft - hop - left))
        spectrum = torch.fft.rfft(padded.unfold(1, n_fft, hop) * window)[..., :bins].abs()
        frames = x.shape[1] // self.hop
        return torch.log(spectrum + 1e-3).reshape(x.shape[0], frames, -1)

    def forward(self, x: Tensor) -> Tensor:
        """Audio [B, 1, T * hop] to latents [B, D, T]."""
        mono = x[:, 0].float()
        spectra = [
            self._log_spectrum(mono, self.n_fft, self.hop // self.splits, self.window_long),
            self._log_spectrum(mono, self.short_fft, self.hop // (2 * self.splits), self.window_short),
        ]
        if self.pitch_fft:
            spectra.append(self._log_spectrum(mono, self.pitch_fft, self.hop, self.window_pitch, self.low))
        features = torch.cat(spectra, -1)
        y = self.input_norm(self.input(features))
        side = KERNEL // 2
        for block in self.blocks:
            y = block(y, F.pad(y, (0, 0, side, side)))
        latents: Tensor = self.scale(self.output(self.norm(y)).float())
        return latents.transpose(1, 2)
