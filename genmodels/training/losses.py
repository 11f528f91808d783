"""Spectral and waveform losses of the codec trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import torchaudio
from torch import Tensor, nn


@dataclass(frozen=True)
class MelResolution:
    """One scale of the mel loss: window and hop in samples, number of mel bands."""

    n_fft: int
    hop: int
    n_mels: int


RESOLUTIONS = (
    MelResolution(256, 64, 32),
    MelResolution(512, 128, 64),
    MelResolution(1024, 256, 96),
    MelResolution(2048, 512, 128),
)


class MelSpectrogram(nn.Module):
    """Magnitude mel spectrogram of audio [B, N] -> [B, n_mels, frames], Hann window, centred."""

    window: Tensor
    bank: Tensor

    def __init__(self, resolution: MelResolution, sample_rate: int) -> None:
        super().__init__()
        self.resolution = resolution
        bank = torchaudio.functional.melscale_fbanks(
            resolution.n_fft // 2 + 1, 20.0, sample_rate / 2, resolution.n_mels, sample_rate, norm=None
        )
        self.register_buffer("bank", bank / bank.sum(0).clamp(min=1e-6))
        self.register_buffer("window", torch.hann_window(resolution.n_fft))

    def forward(self, x: Tensor) -> Tensor:
        """Audio [B, N] to mel magnitudes [B, frames, n_mels], 1.0 being a full-scale sine."""
        r = self.resolution
        padded = F.pad(x[:, None], (r.n_fft // 2, r.n_fft // 2), mode="reflect")[:, 0]
        spectrum = torch.fft.rfft(padded.unfold(1, r.n_fft, r.hop) * self.window)
        # the small constant keeps the gradient of the magnitude finite at zero
        magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)
        mel: Tensor = (magnitude @ self.bank) * (4.0 / r.n_fft)
        return mel


class MultiResolutionMel(nn.Module):
    """Mean absolute error of log-mel spectrograms over several resolutions (natural log, floor -80 dB).

    Multi-resolution spectral losses as in SoundStream (arXiv 2107.03312) and DAC (arXiv 2306.06546).
    """

    def __init__(self, sample_rate: int, resolutions: Sequence[MelResolution] = RESOLUTIONS) -> None:
        super().__init__()
        self.scales = nn.ModuleList(MelSpectrogram(r, sample_rate) for r in resolutions)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Audio [B, N] twice to a scalar, the mean over resolutions."""
        total = estimate.new_zeros(())
        for scale in self.scales:
            with torch.no_grad():
                wanted = torch.log(scale(target) + 1e-4)
            total = total + F.l1_loss(torch.log(scale(estimate) + 1e-4), wanted)
        return total / len(self.scales)


def waveform_loss(estimate: Tensor, target: Tensor) -> Tensor:
    """L1 of the waveforms [B, N], relative to the target's mean level so that quiet items count too."""
    level = target.abs().mean(1, keepdim=True).clamp(min=5e-3)
    return ((estimate - target).abs() / level).mean()


def si_sdr(estimate: Tensor, target: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio in dB (arXiv 1811.02508), audio [B, N] to [B]."""
    scale = (estimate * target).sum(1, keepdim=True) / target.square().sum(1, keepdim=True).clamp(min=1e-9)
    wanted = scale * target
    error = (estimate - wanted).square().sum(1).clamp(min=1e-9)
    return 10 * torch.log10(wanted.square().sum(1).clamp(min=1e-9) / error)
