"""Adversarial training: losses, the discriminators' own steps, and the objective for the generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.errors import ConfigError
from genmodels.training.balancer import Balancer
from genmodels.training.discriminators import Discriminator, Verdict


@dataclass(frozen=True)
class AdversarialLoss:
    """How scores become losses, each a scalar.

    Attributes:
        real, fake: what the discriminator descends on scores of recorded and of generated audio.
        generator: what the generator descends on the scores of what it made.
    """

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def _hinge_real(x: Tensor) -> Tensor:
    return F.relu(1 - x).mean()


def _hinge_fake(x: Tensor) -> Tensor:
    return F.relu(1 + x).mean()


ADVERSARIAL_LOSSES = {
    "hinge": AdversarialLoss(_hinge_real, _hinge_fake, lambda x: -x.mean()),
    "hinge2": AdversarialLoss(_hinge_real, _hinge_fake, _hinge_real),
    "mse": AdversarialLoss(
        lambda x: (x - 1).square().mean(), lambda x: x.square().mean(), lambda x: (x - 1).square().mean()
    ),
}
"""hinge: the generator raises its scores without end; hinge2: up to 1; mse: least squares (LSGAN)."""


def adversarial_loss(kind: str) -> AdversarialLoss:
    """The loss of that name; ConfigError if there is none."""
    if kind not in ADVERSARIAL_LOSSES:
        raise ConfigError(f"adversarial_loss: {kind!r} is not one of {', '.join(ADVERSARIAL_LOSSES)}")
    return ADVERSARIAL_LOSSES[kind]


def feature_matching(fake: Verdict, real: Verdict) -> Tensor:
    """Mean absolute difference of the hidden maps: mean over each part's maps, then over the parts."""
    parts = [
        torch.stack([F.l1_loss(a.float(), b.float()) for a, b in zip(made, wanted, strict=True)]).mean()
        for made, wanted in zip(fake.maps, real.maps, strict=True)
    ]
    return torch.stack(parts).mean()


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Within it no parameter of the module takes a gradient."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


class Adversary:
    """A discriminator with its optimiser and loss.

    Args:
        discriminator: on the device of the audio.
        loss: see `AdversarialLoss`.
        lr: of its Adam with betas (0.5, 0.9).
        bf16: run the discriminator under bfloat16 autocast.
    """

    def __init__(
        self, discriminator: Discriminator, loss: AdversarialLoss, lr: float = 3e-4, bf16: bool = False
    ) -> None:
        self.discriminator, self.loss, self.bf16 = discriminator, loss, bf16
        self.optimizer = torch.optim.Adam(discriminator.parameters(), lr, betas=(0.5, 0.9))

    def _verdict(self, x: Tensor) -> Verdict:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            verdict: Verdict = self.discriminator(x)
        return verdict

    def learn(self, fake: Tensor, real: Tensor) -> float:
        """One step of the discriminator on audio [B, C, N]; returns its loss. `fake` gets no gradient."""
        verdict = self._verdict(torch.cat([fake.detach(), real]))
        halves = [torch.split(s.float(), [len(fake), len(real)]) for s in verdict.scores]
        parts = [self.loss.fake(made) + self.loss.real(recorded) for made, recorded in halves]
        loss = torch.stack(parts).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if torch.isfinite(loss):
            self.optimizer.step()
        return loss.item()

    def judge(self, fake: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """The generator's loss and the feature-matching loss; gradients reach `fake` and nothing else."""
        with torch.no_grad():
            wanted = self._verdict(real)
        with frozen(self.discriminator):
            verdict = self._verdict(fake)
            generator = torch.stack([self.loss.generator(s.float()) for s in verdict.scores]).mean()
            return generator, feature_matching(verdict, wanted)


class AdversarialObjective:
    """The step of an adversarial training: discriminators learn, then judge, then the gradients are mixed.

    Args:
        adversaries: by name.
        weights: of the other losses, by name.
        adversarial_weight, feature_weight: of all adversaries' losses together, each kind shared out evenly
            among them: one more adversary does not outweigh the other losses more.
        total_norm: see `Balancer`.
        head_start: in so many first steps the discriminators learn alone, for what they say of a trained
            generator before is worth nothing.
    """

    def __init__(
        self,
        adversaries: Mapping[str, Adversary],
        weights: Mapping[str, float],
        adversarial_weight: float,
        feature_weight: float,
        total_norm: float,
        head_start: int = 0,
    ) -> None:
        self.adversaries = dict(adversaries)
        self.head_start = head_start
        shared = {f"adv_{name}": adversarial_weight / len(adversaries) for name in adversaries}
        shared |= {f"feat_{name}": feature_weight / len(adversaries) for name in adversaries}
        self.alone = Balancer(weights, total_norm)
        self.balancer = Balancer({**weights, **shared}, total_norm)

    def __call__(
        self, y: Tensor, x: Tensor, losses: Mapping[str, Tensor], n: int
    ) -> tuple[Tensor, dict[str, float]]:
        """Steps the discriminators on generated audio y and recorded audio x [B, C, N].

        Args:
            losses: the other losses, functions of y.
            n: the step, from 0.
        Returns:
            a scalar whose gradient at y is the balancer's, and the adversaries' figures.
        """
        every, figures = dict(losses), {}
        for name, adversary in self.adversaries.items():
            figures[f"disc_{name}"] = adversary.learn(y, x)
            if n >= self.head_start:
                every[f"adv_{name}"], every[f"feat_{name}"] = adversary.judge(y, x)
        balancer = self.alone if n < self.head_start else self.balancer
        gradient = balancer.gradient(every, y)
        figures |= {name: loss.item() for name, loss in every.items() if name not in losses}
        return (y * gradient).sum(), figures

    def state_dict(self) -> dict[str, Any]:
        """Discriminators, their optimisers and the balancer, for a checkpoint."""
        parts = {
            name: {"model": a.discriminator.state_dict(), "optimizer": a.optimizer.state_dict()}
            for name, a in self.adversaries.items()
        }
        return {
            "adversaries": parts,
            "balancer": self.balancer.state_dict(),
            "alone": self.alone.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state_dict` gave; an adversary that it does not hold starts anew.

        Raises:
            ConfigError: a discriminator has another geometry.
        """
        for name, adversary in self.adversaries.items():
            if name not in state["adversaries"]:
                continue
            saved = state["adversaries"][name]
            try:
                adversary.discriminator.load_state_dict(saved["model"])
            except RuntimeError as error:
                reason = str(error).splitlines()[0]
                raise ConfigError(
                    f"adversary {name!r}: the checkpoint holds another geometry ({reason})"
                ) from error
            adversary.optimizer.load_state_dict(saved["optimizer"])
        self.balancer.load_state_dict(state["balancer"])
        self.alone.load_state_dict(state["alone"])
