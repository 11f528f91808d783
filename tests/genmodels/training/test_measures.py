"""Measures of what a codec loses: 0 for equal audio, each sensitive to its own kind of loss."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genmodels.training.measures import blur_measures


def chord(seed: int = 0) -> Tensor:
    """Partials up to 12 kHz over a little noise, [1, 32000]."""
    torch.manual_seed(seed)
    time = torch.arange(32000) / 32000
    partials = [torch.sin(2 * math.pi * 440 * k * time) / k for k in range(1, 28)]
    return (0.1 * torch.stack(partials).sum(0) + 1e-4 * torch.randn(32000))[None]


def figures(estimate: Tensor) -> dict[str, float]:
    return {k: v.item() for k, v in blur_measures(estimate, chord(), 32000).items()}


def test_equal_audio_measures_zero() -> None:
    assert all(value < 1e-5 for value in figures(chord()).values())


def test_noise_between_the_partials_raises_flatness() -> None:
    noisy = figures(chord() + 0.02 * torch.randn(1, 32000))
    noisier = figures(chord() + 0.1 * torch.randn(1, 32000))
    assert 3 < noisy["flatness_db"] < noisier["flatness_db"]
    assert 0 < noisy["convergence"] < noisier["convergence"]


def test_energy_missing_above_4_khz_is_told_in_decibels() -> None:
    spectrum = torch.fft.rfft(chord())
    spectrum[:, 4000:] *= 0.1
    assert abs(figures(torch.fft.irfft(spectrum))["high_db"] - 20) < 1.0


def test_silent_frames_do_not_count() -> None:
    target = chord()
    target[:, 16000:] = 0
    estimate = target.clone()
    estimate[:, 20000:] = 1e-6 * torch.randn(1, 12000)
    assert blur_measures(estimate, target, 32000)["flatness_db"].item() < 0.1
