"""What is taken for a tone, and what is not."""

from __future__ import annotations

import math

import torch

from genmodels.training.separation import tones_and_rest

RATE = 32000


def power(x: torch.Tensor) -> float:
    """Mean square, without what the ends blur."""
    return float(x[:, 4000:-4000].square().mean())


def test_a_chord_is_tones_and_hiss_is_not() -> None:
    time = torch.arange(RATE)[None] / RATE
    chord = torch.stack([torch.sin(2 * math.pi * hertz * time) for hertz in (262.0, 330.0, 392.0)]).sum(0)
    hiss = torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    tones, rest = tones_and_rest(chord, RATE)
    assert power(rest) < 0.01 * power(chord)
    tones, rest = tones_and_rest(hiss, RATE)
    assert power(tones) < 0.1 * power(hiss)


def test_a_click_is_no_tone_though_a_chord_sounds() -> None:
    time = torch.arange(RATE)[None] / RATE
    sound = 0.1 * torch.sin(2 * math.pi * 440.0 * time)
    click = torch.zeros(1, RATE)
    click[:, 16000:16020] = 1.0
    _, rest = tones_and_rest(sound + click, RATE)
    assert rest[:, 15990:16030].square().sum() > 0.6 * click.square().sum()


def test_the_parts_make_up_the_whole() -> None:
    x = torch.randn(2, 20000, generator=torch.Generator().manual_seed(1))
    tones, rest = tones_and_rest(x, RATE)
    assert torch.equal(tones + rest, x) or (tones + rest - x).abs().max() < 1e-5
