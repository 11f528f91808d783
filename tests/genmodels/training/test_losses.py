"""Codec losses: zero where they should be, growing with distortion, differentiable in silence."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from genmodels.training.losses import (
    MelResolution,
    MelSpectrogram,
    MultiResolutionMel,
    MultiResolutionStft,
    MultiScaleMel,
    TonalDistance,
    si_sdr,
    spectral_convergence,
    waveform_loss,
)


def sine(frequency: float, level: float = 0.5) -> torch.Tensor:
    return level * torch.sin(2 * math.pi * frequency * torch.arange(16000) / 32000)[None]


def test_mel_loss_is_zero_for_equal_audio_and_grows_with_noise() -> None:
    torch.manual_seed(0)
    loss, x = MultiResolutionMel(32000), sine(440)
    noise = torch.randn_like(x)
    values = [loss(x + level * noise, x).item() for level in (0, 0.01, 0.1)]
    assert values[0] == 0
    assert 0 < values[1] < values[2]


def test_full_scale_sine_has_a_mel_level_near_its_share_of_the_band() -> None:
    mel = MelSpectrogram(MelResolution(1024, 256, 96), 32000)
    spectrum = mel(sine(1000, 1.0))[0, 20]
    assert 0.1 < spectrum.max() < 1.0
    assert int(spectrum.argmax()) == int(mel.bank[round(1000 / 31.25)].argmax())


def test_gradient_is_finite_in_digital_silence() -> None:
    x = torch.zeros(1, 8000, requires_grad=True)
    (MultiResolutionMel(32000)(x, torch.zeros(1, 8000)) + waveform_loss(x, torch.zeros(1, 8000))).backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_si_sdr_ignores_scale_and_gives_the_noise_ratio() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 32000)
    noisy = x + 0.1 * torch.randn(1, 32000)
    assert abs(si_sdr(noisy, x).item() - 20) < 0.5
    assert abs(si_sdr(3 * noisy, x).item() - si_sdr(noisy, x).item()) < 1e-3


def test_waveform_loss_is_relative_to_the_level() -> None:
    x = sine(440)
    assert torch.allclose(waveform_loss(1.1 * x, x), waveform_loss(0.11 * x, 0.1 * x), rtol=1e-4)


@pytest.mark.parametrize("loss", [MultiScaleMel(32000), MultiResolutionStft()])
def test_spectral_losses_vanish_for_equal_audio_grow_with_noise_and_stand_silence(loss: nn.Module) -> None:
    torch.manual_seed(0)
    x = sine(440)
    noise = torch.randn_like(x)
    values = [loss(x + level * noise, x).item() for level in (0, 0.01, 0.1)]
    assert values[0] == 0
    assert 0 < values[1] < values[2]
    silent = torch.zeros(1, 8000, requires_grad=True)
    loss(silent, torch.zeros(1, 8000)).backward()
    assert silent.grad is not None
    assert torch.isfinite(silent.grad).all()


def test_multi_scale_mel_is_a_tenth_of_linear_and_logarithmic_errors() -> None:
    loss, x = MultiScaleMel(32000), sine(1000)
    by_hand = 0.0
    for scale in loss.scales:
        a, b = scale(0.5 * x), scale(x)
        by_hand += (a - b).abs().mean().item()
        by_hand += (torch.log10(1e-5 + a) - torch.log10(1e-5 + b)).square().mean().item()
    assert loss(0.5 * x, x).item() == pytest.approx(by_hand / 10, rel=1e-5)


def test_spectral_convergence_is_a_ratio_of_norms() -> None:
    target = torch.tensor([[[3.0, 4.0]]])
    assert spectral_convergence(torch.zeros_like(target), target).item() == pytest.approx(1.0)
    assert spectral_convergence(0.5 * target, target).item() == pytest.approx(0.5)


def test_tonal_distance_hears_a_semitone_and_a_band_of_noise_in_the_place_of_a_tone() -> None:
    torch.manual_seed(0)
    loss, tone = TonalDistance(32000), sine(440)
    band = torch.fft.rfft(torch.randn(1, 16000))
    hertz = torch.fft.rfftfreq(16000, 1 / 32000)
    noise = torch.fft.irfft(band * ((hertz > 415) & (hertz < 465)))
    noise = noise * tone.std() / noise.std()
    assert loss(tone, tone) == 0
    # what is not heard as another pitch, a change of phase, costs little
    assert loss(-tone, tone) < 1e-3
    assert loss(sine(466), tone) > 0.5
    assert loss(noise, tone) > 0.3


def test_tonal_distance_of_sound_from_silence_stays_small_enough_to_learn_from() -> None:
    loss = TonalDistance(32000)
    sound = (1e-3 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))).requires_grad_()
    far = loss(sound, torch.zeros(1, 16000))
    far.backward()
    assert 0 < far.item() < 10
    assert sound.grad is not None
    assert torch.isfinite(sound.grad).all()
