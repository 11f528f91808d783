"""The balancer: weights are shares of the gradient at the output, whatever the losses' scales."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from genmodels.errors import ConfigError
from genmodels.training.balancer import Balancer

WEIGHTS = st.lists(st.floats(0.01, 10), min_size=2, max_size=4)
SCALES = st.lists(st.floats(1e-4, 1e4), min_size=4, max_size=4)


def orthogonal_losses(y: Tensor, scales: list[float]) -> dict[str, Tensor]:
    """Loss i is linear in the i-th of four slices of y, so that the gradients do not overlap."""
    return {
        f"l{i}": scale * part.sum()
        for i, (scale, part) in enumerate(zip(scales, y.chunk(4, -1), strict=True))
    }


@settings(max_examples=40, deadline=None)
@given(weights=WEIGHTS, scales=SCALES, total=st.floats(0.1, 10), batch=st.integers(1, 4))
def test_shares_of_the_gradient_are_the_shares_of_the_weights(
    weights: list[float], scales: list[float], total: float, batch: int
) -> None:
    y = torch.randn(batch, 1, 32, dtype=torch.float64, requires_grad=True)
    named = {f"l{i}": w for i, w in enumerate(weights)}
    gradient = Balancer(named, total).gradient(orthogonal_losses(y, scales), y)
    for index, part in enumerate(gradient.chunk(4, -1)):
        wanted = total * weights[index] / sum(weights) if index < len(weights) else 0.0
        norm = part.flatten(1).norm(dim=1).mean().item()
        assert norm == pytest.approx(wanted, rel=1e-4, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(norms=st.lists(st.floats(0.1, 10), min_size=1, max_size=6), decay=st.floats(0.1, 0.999))
def test_norms_are_averaged_over_the_steps(norms: list[float], decay: float) -> None:
    balancer = Balancer({"a": 2.0}, 1.0, decay)
    for norm in norms:
        y = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
        gradient = balancer.gradient({"a": norm * y.sum()}, y)
    ages = [decay**age for age in range(len(norms))]
    average = sum(a * n for a, n in zip(ages, reversed(norms), strict=True)) / sum(ages)
    assert gradient.item() == pytest.approx(norms[-1] / average, rel=1e-6)


def test_norm_is_the_mean_of_the_items_norms_not_the_norm_of_the_batch() -> None:
    y = torch.zeros(2, 1, requires_grad=True)
    gradient = Balancer({"a": 1.0}).gradient({"a": 3 * y[0].sum() + y[1].sum()}, y)
    assert torch.allclose(gradient, torch.tensor([[1.5], [0.5]]))


def test_no_parameter_takes_a_gradient_and_later_backward_still_works() -> None:
    model = nn.Linear(3, 3)
    y = model(torch.randn(2, 3))
    gradient = Balancer({"a": 1.0, "b": 1.0}).gradient({"a": y.square().mean(), "b": y.abs().mean()}, y)
    assert model.weight.grad is None
    (y * gradient).sum().backward()
    assert model.weight.grad is not None


def test_restored_balancer_goes_on_as_the_first_would_have() -> None:
    first = Balancer({"a": 1.0, "b": 2.0})
    y = torch.randn(2, 5, requires_grad=True)

    def step(balancer: Balancer, scale: float) -> Tensor:
        return balancer.gradient({"a": scale * y.square().sum(), "b": y.abs().sum()}, y)

    step(first, 1.0)
    second = Balancer({"a": 1.0, "b": 2.0})
    second.load_state_dict(first.state_dict())
    assert torch.equal(step(first, 3.0), step(second, 3.0))


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": 1.0, "b": -1.0}])
def test_weights_that_share_out_nothing_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="weights"):
        Balancer(weights)


def test_missing_loss_is_named() -> None:
    y = torch.zeros(1, 1, requires_grad=True)
    with pytest.raises(ConfigError, match="mel"):
        Balancer({"mel": 1.0}).gradient({}, y)
