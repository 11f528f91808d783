"""The gradient balancer (EnCodec, arXiv 2210.13438): weights become shares of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from genmodels.errors import ConfigError

EPSILON = 1e-12


class Balancer:
    """Mixes the gradients of several losses at the model's output y, so that a loss's weight says how much
    of the gradient is its own, whatever its scale.

    With g_i the gradient of loss i at y and n_i the mean over the batch of its items' L2 norms, averaged over
    the steps (decay `decay`, corrected for the start), the mixed gradient is
    sum_i (w_i / sum_j w_j) * total_norm * g_i / n_i.

    Args:
        weights: w_i >= 0 by name; a loss of weight 0 need not be given.
        total_norm: norm of an item's mixed gradient if all g_i pointed the same way.
        decay: of the averaged norms.

    Raises:
        ConfigError: a weight is negative, or all are 0.
    """

    def __init__(self, weights: Mapping[str, float], total_norm: float = 1.0, decay: float = 0.999) -> None:
        if any(weight < 0 for weight in weights.values()) or not sum(weights.values()) > 0:
            raise ConfigError(f"weights of losses: {dict(weights)}; they must be >= 0 and not all 0")
        self.weights = {name: float(weight) for name, weight in weights.items() if weight}
        self.total_norm, self.decay = total_norm, decay
        # for each loss the decayed sum of its norms and the decayed number of them
        self._sums = dict.fromkeys(self.weights, (0.0, 0.0))

    def gradient(self, losses: Mapping[str, Tensor], y: Tensor) -> Tensor:
        """The mixed gradient, of y's shape [B, ...].

        Args:
            losses: a scalar that depends on y for each name of weight > 0; others are ignored. Nothing but
                the gradient at y is computed: no parameter's gradient changes.
            y: the model's output.

        Raises:
            ConfigError: a loss with a weight is missing.
        """
        missing = self.weights.keys() - losses.keys()
        if missing:
            raise ConfigError(f"losses {sorted(missing)} have a weight but were not computed")
        total = sum(self.weights.values())
        mixed = torch.zeros_like(y)
        for name, weight in self.weights.items():
            (gradient,) = torch.autograd.grad(losses[name], y, retain_graph=True)
            norm = self._average(name, float(gradient.flatten(1).norm(dim=1).mean()))
            mixed += (weight / total * self.total_norm / (norm + EPSILON)) * gradient
        return mixed

    def _average(self, name: str, norm: float) -> float:
        total, count = self._sums[name]
        total, count = self.decay * total + norm, self.decay * count + 1.0
        self._sums[name] = (total, count)
        return total / count

    def state_dict(self) -> dict[str, Any]:
        """The averaged norms, for a checkpoint."""
        return {name: list(pair) for name, pair in self._sums.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state_dict` gave; losses that have no weight here are left out."""
        for name in self._sums.keys() & state.keys():
            total, count = state[name]
            self._sums[name] = (float(total), float(count))
