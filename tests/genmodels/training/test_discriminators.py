"""Discriminators: shapes, what each part sees, and that each learns to tell noise from tones."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genmodels.errors import ConfigError
from genmodels.training.adversarial import ADVERSARIAL_LOSSES, Adversary
from genmodels.training.discriminators import DISCRIMINATORS, build_discriminator
from genmodels.training.discriminators.mpd import PeriodDiscriminator
from genmodels.training.discriminators.msd import MultiScaleDiscriminator

SMALL: dict[str, dict[str, Any]] = {
    "mpd": {"filters": 2, "max_filters": 16, "periods": [2, 3, 5]},
    "msd": {"filters": 4, "max_filters": 16},
    "msstftd": {"filters": 4, "n_ffts": [256, 128]},
}
PARTS = {"mpd": 3, "msd": 3, "msstftd": 2}


def tones(count: int, samples: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    frequency = 200 + 2000 * torch.rand(count, 1, generator=generator)
    return 0.3 * torch.sin(2 * math.pi * frequency * torch.arange(samples) / 32000)[:, None]


def noise(count: int, samples: int, seed: int) -> Tensor:
    return 0.2 * torch.randn(count, 1, samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", DISCRIMINATORS)
@settings(max_examples=8, deadline=None)
@given(samples=st.integers(2048, 4100), batch=st.integers(1, 3), channels=st.integers(1, 2))
def test_any_length_and_channel_count_gives_finite_scores_of_every_part(
    name: str, samples: int, batch: int, channels: int
) -> None:
    discriminator = build_discriminator(name, {**SMALL[name], "channels": channels})
    verdict = discriminator(torch.randn(batch, channels, samples))
    assert len(verdict.scores) == len(verdict.maps) == PARTS[name]
    for scores, maps in zip(verdict.scores, verdict.maps, strict=True):
        assert scores.shape[:2] == (batch, 1)
        assert torch.isfinite(scores).all()
        assert len(maps) >= 5
        assert all(len(m) == batch for m in maps)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_default_geometry_is_the_papers(name: str) -> None:
    with torch.device("meta"):
        discriminator = DISCRIMINATORS[name]()
    widths = {"mpd": 1024, "msd": 1024, "msstftd": 32}
    parts = {"mpd": 5, "msd": 3, "msstftd": 5}
    assert len(discriminator.parts) == parts[name]  # type: ignore[arg-type]
    widest = max(p.shape[0] for p in discriminator.parameters())
    assert widest == widths[name]


def test_scores_of_a_period_part_do_not_mix_columns() -> None:
    torch.manual_seed(0)
    part = PeriodDiscriminator(3, 1, 2, 8)
    x = torch.randn(1, 1, 900)
    moved = x.clone()
    moved[..., 1::3] += 1.0
    before, after = part(x)[0], part(moved)[0]
    assert torch.allclose(before[..., [0, 2]], after[..., [0, 2]])
    assert not torch.allclose(before[..., 1], after[..., 1])


def test_every_scale_halves_the_rate_of_the_one_before() -> None:
    torch.manual_seed(0)
    discriminator = MultiScaleDiscriminator(filters=4, max_filters=16)
    first, second, third = (maps[0].shape[-1] for maps in discriminator(torch.randn(1, 1, 4096)).maps)
    assert (first, second, third) == (4096, 2048, 1024)


def test_highest_partials_reach_only_the_first_scale() -> None:
    torch.manual_seed(0)
    discriminator = MultiScaleDiscriminator(filters=4, max_filters=16)
    x = noise(1, 4096, 0)
    # a tone at half the rate vanishes in the pooling of two neighbours
    hiss = 0.5 * (1 - 2 * (torch.arange(4096) % 2)).float()
    plain, mixed = discriminator(x), discriminator(x + hiss)
    inner = slice(20, -20)
    assert (plain.maps[0][0] - mixed.maps[0][0])[..., inner].abs().max() > 0.1
    assert (plain.maps[1][0] - mixed.maps[1][0])[..., inner].abs().max() < 1e-5


@pytest.mark.parametrize("kind", ADVERSARIAL_LOSSES)
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_learns_to_tell_noise_from_tones_in_a_few_steps(name: str, kind: str) -> None:
    torch.manual_seed(0)
    discriminator = build_discriminator(name, SMALL[name])
    adversary = Adversary(discriminator, ADVERSARIAL_LOSSES[kind], lr=5e-3)
    losses = [adversary.learn(noise(4, 4096, n), tones(4, 4096, n)) for n in range(25)]
    assert losses[-1] < 0.7 * losses[0]
    with torch.no_grad():
        real = torch.stack([s.mean() for s in discriminator(tones(8, 4096, 99)).scores]).mean()
        fake = torch.stack([s.mean() for s in discriminator(noise(8, 4096, 99)).scores]).mean()
    assert real > fake + 0.2


def test_unknown_names_and_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="mpd, msd, msstftd"):
        build_discriminator("gan", {})
    with pytest.raises(ConfigError, match="colour"):
        build_discriminator("mpd", {"colour": 1})
