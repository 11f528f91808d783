from __future__ import annotations

import numpy as np
import pytest
import torch

from genmodels.errors import GenerationError
from genmodels.lm.sampling import SamplingParams, sample, step_noise


def draws(logits: torch.Tensor, params: SamplingParams, count: int = 4000) -> np.ndarray:
    noise = torch.from_numpy(step_noise(7, 0, count, len(logits)))
    return sample(logits.expand(count, -1), params, noise).numpy()


def test_noise_depends_on_seed_and_step_only() -> None:
    assert np.array_equal(step_noise(3, 5, 4, 64), step_noise(3, 5, 4, 64))
    assert not np.array_equal(step_noise(3, 5, 4, 64), step_noise(3, 6, 4, 64))
    assert not np.array_equal(step_noise(3, 5, 4, 64), step_noise(4, 5, 4, 64))
    assert step_noise(-1, 5, 3, 7).shape == (3, 7)
    assert not np.array_equal(step_noise(-1, 5, 4, 64), step_noise(-2, 5, 4, 64))


def test_noise_is_the_same_on_every_machine() -> None:
    np.testing.assert_allclose(
        step_noise(1, 2, 1, 4)[0], [1.0645537, -0.1599016, -0.7079931, -0.0296968], rtol=1e-5
    )


def test_noise_is_gumbel_and_finite() -> None:
    noise = step_noise(0, 0, 100, 10000)
    assert np.isfinite(noise).all()
    assert noise.mean() == pytest.approx(0.5772, abs=0.01)
    assert noise.std() == pytest.approx(np.pi / np.sqrt(6), abs=0.01)


def test_sampling_follows_the_probabilities() -> None:
    counts = (
        np.bincount(draws(torch.tensor([0.5, 0.3, 0.2]).log(), SamplingParams(top_k=0)), minlength=3) / 4000
    )
    np.testing.assert_allclose(counts, [0.5, 0.3, 0.2], atol=0.03)


def test_temperature_sharpens_and_zero_is_greedy() -> None:
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    assert (draws(logits, SamplingParams(top_k=0, temperature=0.1)) == 0).mean() > 0.98
    assert (draws(logits, SamplingParams(temperature=0)) == 0).all()
    assert (draws(logits, SamplingParams(use_sampling=False)) == 0).all()


def test_top_k_keeps_ties_with_the_kth() -> None:
    seen = set(draws(torch.tensor([2.0, 1.0, 1.0, 0.9]), SamplingParams(top_k=2)).tolist())
    assert seen == {0, 1, 2}


def test_top_p_keeps_the_smallest_sufficient_set_and_takes_precedence() -> None:
    logits = torch.tensor([0.2, 0.5, 0.3]).log()
    assert set(draws(logits, SamplingParams(top_k=3, top_p=0.6)).tolist()) == {1, 2}
    assert set(draws(logits, SamplingParams(top_p=0.4)).tolist()) == {1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_values_out_of_range_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(GenerationError, match=message):
        SamplingParams(**arguments)  # type: ignore[arg-type]


def test_sampling_without_noise_is_refused() -> None:
    with pytest.raises(GenerationError, match="noise"):
        sample(torch.zeros(3), SamplingParams())
