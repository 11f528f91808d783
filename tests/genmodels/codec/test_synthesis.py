"""Oscillators that keep their phase from piece to piece, and noise that is the same for the same stream."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genmodels.codec.spectral_decoder import SpectralDecoder
from genmodels.codec.synthesis import LOWEST_HZ, TonesAndNoise

RATE, STEP = 32000, 320
SILENT = -40.0


def sound(bank: TonesAndNoise, features: Tensor, first: int = 0) -> Tensor:
    """Features [n, features] of the pieces from `first` on, added up; without the fading ends."""
    with torch.no_grad():
        pieces = bank(features[None], torch.tensor([first]))[0]
    audio = torch.zeros((len(pieces) + 1) * STEP)
    for i, piece in enumerate(pieces):
        audio[i * STEP : (i + 2) * STEP] += piece
    return audio[STEP:-STEP]


def test_a_tone_is_one_steady_sine_over_all_pieces() -> None:
    bank = TonesAndNoise(STEP, 3, RATE)
    features = torch.full((40, bank.features), SILENT)
    number = 3 * 41
    features[:, number] = math.log(0.5)
    audio = sound(bank, features)
    hertz = LOWEST_HZ * 2 ** (41 / 12)
    time = torch.arange(len(audio)) / RATE
    phase = torch.polar(torch.ones(()), -2 * math.pi * hertz * time)
    share = 2 * (audio * phase).mean().abs() ** 2 / audio.square().mean()
    assert share > 0.999
    assert abs(audio.square().mean() - 0.125) < 0.005


def test_noise_has_the_level_that_it_is_given_and_is_not_periodic() -> None:
    bank = TonesAndNoise(STEP, 1, RATE)
    features = torch.full((200, bank.features), SILENT)
    features[:, bank.tones :] = math.log(0.1)
    audio = sound(bank, features)
    assert 0.08 < audio.std() < 0.12
    for lag in (STEP // 2, STEP, 2 * STEP):
        likeness = (audio[lag:] * audio[:-lag]).mean() / audio.square().mean()
        assert abs(likeness) < 0.05


def test_pieces_depend_on_their_place_in_the_stream_alone() -> None:
    bank = TonesAndNoise(STEP, 1, RATE)
    features = torch.randn(1, 30, bank.features, generator=torch.Generator().manual_seed(0)) - 5
    with torch.no_grad():
        whole = bank(features, torch.tensor([7]))
        parts = torch.cat(
            [bank(features[:, :11], torch.tensor([7])), bank(features[:, 11:], torch.tensor([18]))], 1
        )
    assert (whole - parts).abs().max() < 1e-6


def test_tones_and_noise_apart_make_up_what_the_decoder_plays() -> None:
    torch.manual_seed(0)
    decoder = SpectralDecoder(640, 2, 12, 16, 1, 4, TonesAndNoise(STEP, 1, RATE)).eval()
    latents = torch.randn(2, 4, 20)
    with torch.no_grad():
        whole = decoder(latents)
        tones, noise = decoder.apart(latents)
    assert tones.std() > 0
    assert noise.std() > 0
    assert (tones + noise - whole).abs().max() < 1e-6


def test_an_hour_into_a_stream_a_tone_is_still_in_tune() -> None:
    bank = TonesAndNoise(STEP, 1, RATE)
    features = torch.full((40, bank.features), SILENT)
    features[:, 60] = 0.0
    early, late = sound(bank, features), sound(bank, features, 360_000)

    def peak(audio: Tensor) -> int:
        return int(torch.fft.rfft(audio * torch.hann_window(len(audio))).abs().argmax())

    assert peak(early) == peak(late)
    assert abs(float(late.std() / early.std()) - 1) < 1e-3
