"""Spectral and waveform losses of the codec trainer."""

from __future__ import annotations

import warnings
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

TONAL_RESOLUTIONS = (MelResolution(4096, 1024, 192), MelResolution(8192, 2048, 256))
"""Windows that are long enough to tell a tone from a band of noise."""
FAINT = 1e-3
"""Below this level, -60 dB, errors no longer count as shares of what is there."""


class MelSpectrogram(nn.Module):
    """Magnitude mel spectrogram of audio [B, N] -> [B, n_mels, frames], Hann window, centred."""

    window: Tensor
    bank: Tensor

    def __init__(self, resolution: MelResolution, sample_rate: int, f_min: float = 20.0) -> None:
        super().__init__()
        self.resolution = resolution
        bank = torchaudio.functional.melscale_fbanks(
            resolution.n_fft // 2 + 1, f_min, sample_rate / 2, resolution.n_mels, sample_rate, norm=None
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
                wanted = scale(target)
            total = total + self.distance(scale(estimate), wanted)
        return total / len(self.scales)

    def distance(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Mel magnitudes [B, frames, n_mels] twice to the scalar of one resolution."""
        return F.l1_loss(torch.log(made + 1e-4), torch.log(wanted + 1e-4))


class TonalDistance(MultiResolutionMel):
    """Distance of mel spectrograms in long windows, which tell a tone from a band of noise and from the next
    semitone: mean absolute error of the logarithms (floor -80 dB) plus half the spectral convergence, where
    the loudest partials count most; the mean over `TONAL_RESOLUTIONS`."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate, TONAL_RESOLUTIONS)

    def distance(self, made: Tensor, wanted: Tensor) -> Tensor:
        """As that of `MultiResolutionMel`, with half the spectral convergence."""
        error = (made - wanted).flatten(1).norm(dim=1)
        size = wanted.flatten(1).norm(dim=1).clamp(min=FAINT * wanted[0].numel() ** 0.5)
        convergence: Tensor = (error / size).mean()
        return super().distance(made, wanted) + 0.5 * convergence


class MultiScaleMel(nn.Module):
    """Distance of mel spectrograms at five scales, as AudioCraft trains its codecs (its `msspec`).

    Windows of 64 to 1024 samples, hop a quarter, 64 bands from 64 Hz; at each scale the mean absolute error
    of the magnitudes plus the mean squared error of log10(1e-5 + magnitude), the sum divided by ten.
    Magnitudes are scaled as in `MelSpectrogram`.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        resolutions = [MelResolution(2**i, 2**i // 4, 64) for i in range(6, 11)]
        with warnings.catch_warnings():
            # at the short windows some of the 64 bands lie between two bins and stay empty, as they should
            warnings.filterwarnings("ignore", message="At least one mel filterbank")
            self.scales = nn.ModuleList(MelSpectrogram(r, sample_rate, 64.0) for r in resolutions)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Audio [B, N] twice to a scalar."""
        total = estimate.new_zeros(())
        for scale in self.scales:
            with torch.no_grad():
                wanted = scale(target)
            made = scale(estimate)
            total = total + F.l1_loss(made, wanted)
            total = total + F.mse_loss(torch.log10(1e-5 + made), torch.log10(1e-5 + wanted))
        return total / (2 * len(self.scales))


@dataclass(frozen=True)
class StftResolution:
    """One scale of the STFT loss: transform, hop and window length in samples."""

    n_fft: int
    hop: int
    window: int


STFT_RESOLUTIONS = (
    StftResolution(1024, 120, 600),
    StftResolution(2048, 240, 1200),
    StftResolution(512, 50, 240),
)


class MultiResolutionStft(nn.Module):
    """Half spectral convergence, half mean absolute error of log magnitudes, averaged over the resolutions
    (Parallel WaveGAN, arXiv 1910.11480)."""

    def __init__(self, resolutions: Sequence[StftResolution] = STFT_RESOLUTIONS) -> None:
        super().__init__()
        self.resolutions = tuple(resolutions)
        for index, resolution in enumerate(resolutions):
            self.register_buffer(f"window{index}", torch.hann_window(resolution.window), persistent=False)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Audio [B, N] twice to a scalar."""
        total = estimate.new_zeros(())
        for index, resolution in enumerate(self.resolutions):
            window = self.get_buffer(f"window{index}")
            with torch.no_grad():
                wanted = stft_magnitude(target, resolution, window)
            made = stft_magnitude(estimate, resolution, window)
            total = total + spectral_convergence(made, wanted).mean()
            total = total + F.l1_loss(torch.log(made), torch.log(wanted))
        return total / (2 * len(self.resolutions))


def stft_magnitude(x: Tensor, resolution: StftResolution, window: Tensor) -> Tensor:
    """Audio [B, N] to magnitudes [B, bins, frames], never 0 so that logarithm and gradient stay finite."""
    r = resolution
    spectrum = torch.stft(x, r.n_fft, r.hop, r.window, window, return_complex=True)
    magnitude: Tensor = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-7)
    return magnitude


def spectral_convergence(estimate: Tensor, target: Tensor) -> Tensor:
    """Norm of the difference of magnitudes [B, bins, frames] over the norm of the target's: [B]."""
    error = (estimate - target).flatten(1).norm(dim=1)
    ratio: Tensor = error / target.flatten(1).norm(dim=1)
    return ratio


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
