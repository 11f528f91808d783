"""Adversarial losses by hand, and the walls between the generator's and the discriminators' steps."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from genmodels.errors import ConfigError
from genmodels.training.adversarial import (
    AdversarialObjective,
    Adversary,
    adversarial_loss,
    feature_matching,
)
from genmodels.training.discriminators import Verdict, build_discriminator

SCORES = torch.tensor([[-2.0, 0.0, 0.5, 3.0]])
BY_HAND = {
    # kind: (real, fake, generator) on the scores above
    "hinge": ((3 + 1 + 0.5 + 0) / 4, (0 + 1 + 1.5 + 4) / 4, -1.5 / 4),
    "hinge2": ((3 + 1 + 0.5 + 0) / 4, (0 + 1 + 1.5 + 4) / 4, (3 + 1 + 0.5 + 0) / 4),
    "mse": ((9 + 1 + 0.25 + 4) / 4, (4 + 0 + 0.25 + 9) / 4, (9 + 1 + 0.25 + 4) / 4),
}


def adversary(seed: int = 0) -> Adversary:
    torch.manual_seed(seed)
    discriminator = build_discriminator("msd", {"filters": 2, "max_filters": 8, "scales": 2})
    return Adversary(discriminator, adversarial_loss("hinge"), lr=1e-2)


def snapshot(module: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def unchanged(module: nn.Module, before: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(module.parameters(), before, strict=True))


@pytest.mark.parametrize("kind", BY_HAND)
def test_losses_have_the_values_worked_out_by_hand(kind: str) -> None:
    loss = adversarial_loss(kind)
    values = (loss.real(SCORES).item(), loss.fake(SCORES).item(), loss.generator(SCORES).item())
    assert values == pytest.approx(BY_HAND[kind])


def test_unknown_loss_is_refused() -> None:
    with pytest.raises(ConfigError, match="hinge, hinge2, mse"):
        adversarial_loss("wasserstein")


def test_feature_matching_is_a_mean_over_maps_then_over_parts() -> None:
    zero, one = torch.zeros(1, 2), torch.ones(1, 2)
    made = Verdict([], [[zero, zero], [zero]])
    wanted = Verdict([], [[one, 3 * one], [5 * one]])
    assert feature_matching(made, wanted).item() == pytest.approx(((1 + 3) / 2 + 5) / 2)


def test_discriminators_step_leaves_the_generator_alone() -> None:
    generator, judge = nn.Conv1d(1, 1, 3, padding=1), adversary()
    before = snapshot(judge.discriminator)
    judge.learn(generator(torch.randn(2, 1, 2048)), torch.randn(2, 1, 2048))
    assert all(p.grad is None for p in generator.parameters())
    assert not unchanged(judge.discriminator, before)


def test_generators_step_leaves_the_discriminator_alone() -> None:
    generator, judge = nn.Conv1d(1, 1, 3, padding=1), adversary()
    before = snapshot(judge.discriminator)
    adversarial, features = judge.judge(generator(torch.randn(2, 1, 2048)), torch.randn(2, 1, 2048))
    (adversarial + features).backward()
    assert all(p.grad is not None for p in generator.parameters())
    assert all(p.grad is None for p in judge.discriminator.parameters())
    assert all(p.requires_grad for p in judge.discriminator.parameters())
    assert unchanged(judge.discriminator, before)


def test_objective_brings_the_balanced_gradient_to_the_output() -> None:
    torch.manual_seed(0)
    objective = AdversarialObjective({"msd": adversary()}, {"mel": 2.0}, 1.0, 1.0, total_norm=1.0)
    generator, x = nn.Conv1d(1, 1, 3, padding=1), torch.randn(2, 1, 2048)
    y = generator(x)
    y.retain_grad()
    loss, figures = objective(y, x, {"mel": (y - x).abs().mean()}, 0)
    assert all(p.grad is None for p in generator.parameters())
    loss.backward()
    assert y.grad is not None
    assert 0 < y.grad.flatten(1).norm(dim=1).mean().item() <= 1.0 + 1e-5
    assert set(figures) == {"disc_msd", "adv_msd", "feat_msd"}


def test_in_the_head_start_only_the_discriminators_learn_from_each_other() -> None:
    torch.manual_seed(0)
    objective = AdversarialObjective({"msd": adversary()}, {"mel": 2.0}, 1.0, 1.0, 1.0, head_start=1)
    before = snapshot(objective.adversaries["msd"].discriminator)
    y, x = torch.zeros(2, 1, 2048, requires_grad=True), torch.randn(2, 1, 2048)
    loss, figures = objective(y, x, {"mel": (y - x).sum()}, 0)
    loss.backward()
    assert y.grad is not None
    assert torch.allclose(y.grad, torch.full_like(y, 2048**-0.5))
    assert set(figures) == {"disc_msd"}
    assert not unchanged(objective.adversaries["msd"].discriminator, before)
    assert "adv_msd" in objective(y, x, {"mel": (y - x).sum()}, 1)[1]


def test_more_adversaries_share_the_same_weight() -> None:
    pair = {"a": adversary(1), "b": adversary(2)}
    weights = AdversarialObjective(pair, {"mel": 1.0}, 3.0, 1.0, 1.0).balancer.weights
    assert weights == {"mel": 1.0, "adv_a": 1.5, "adv_b": 1.5, "feat_a": 0.5, "feat_b": 0.5}


def test_saved_objective_resumes_exactly_and_one_of_another_geometry_is_refused() -> None:
    def made() -> AdversarialObjective:
        return AdversarialObjective({"msd": adversary()}, {"mel": 1.0}, 1.0, 1.0, 1.0, head_start=2)

    def step(objective: AdversarialObjective, seed: int) -> float:
        torch.manual_seed(seed)
        y = torch.randn(2, 1, 2048, requires_grad=True)
        x = torch.randn(2, 1, 2048)
        return objective(y, x, {"mel": (y - x).abs().mean()}, seed)[0].item()

    first, second = made(), made()
    step(first, 0)
    second.load_state_dict(deepcopy(first.state_dict()))
    assert [step(first, n) for n in (1, 2, 3)] == [step(second, n) for n in (1, 2, 3)]

    discriminator = build_discriminator("msd", {"filters": 4, "max_filters": 8, "scales": 2})
    other = Adversary(discriminator, adversarial_loss("hinge"))
    with pytest.raises(ConfigError, match="msd"):
        AdversarialObjective({"msd": other}, {"mel": 1.0}, 1.0, 1.0, 1.0).load_state_dict(first.state_dict())
