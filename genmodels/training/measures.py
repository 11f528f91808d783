"""What decoded audio has lost, in figures that the trainer does not descend."""

from __future__ import annotations

import torch
from torch import Tensor

from genmodels.training.losses import StftResolution, spectral_convergence, stft_magnitude

ANALYSIS = StftResolution(2048, 512, 2048)
HIGH_HZ = 4000.0


def blur_measures(estimate: Tensor, target: Tensor, sample_rate: int) -> dict[str, Tensor]:
    """Audio [B, N] twice to figures [B], 0 for equal audio:

    - convergence: spectral convergence of magnitudes, window 64 ms at 32 kHz;
    - high_db: how far the energy above 4 kHz is off, in dB, either way;
    - flatness_db: how far the spectral flatness (geometric over arithmetic mean of the power in a frame) is
      off, in dB: it rises where noise or smear fills the gaps between partials. Mean over the frames that
      are within 60 dB of the target's loudest.
    """
    window = torch.hann_window(ANALYSIS.window, device=target.device)
    made = stft_magnitude(estimate, ANALYSIS, window)
    wanted = stft_magnitude(target, ANALYSIS, window)
    first = round(HIGH_HZ * ANALYSIS.n_fft / sample_rate)
    high = _decibels(made[:, first:]) - _decibels(wanted[:, first:])
    level = wanted.square().mean(1)
    loud = (level > 1e-6 * level.amax(1, keepdim=True)).float()
    difference = (_flatness(made) - _flatness(wanted)).abs()
    return {
        "convergence": spectral_convergence(made, wanted),
        "high_db": high.abs(),
        "flatness_db": (difference * loud).sum(1) / loud.sum(1).clamp(min=1),
    }


def _decibels(magnitude: Tensor) -> Tensor:
    return 10 * torch.log10(magnitude.square().mean((1, 2)))


def _flatness(magnitude: Tensor) -> Tensor:
    """Magnitudes [B, bins, frames] to the flatness of each frame in dB [B, frames]."""
    power = magnitude.square()
    return 10 * (torch.log10(power).mean(1) - torch.log10(power.mean(1)))
