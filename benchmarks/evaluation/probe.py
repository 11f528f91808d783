"""A classifier of descriptions of sound, trained on renders of the corpus: what does this sound like?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.evaluation.description import Matrix

BATCH = 128
FASTEST = 2e-3
FURTHEST = 5.0


class Probe:
    """Several networks of one hidden layer over standardised descriptions, their answers averaged; rare
    classes weigh more.

    Args:
        names: the classes. hidden: units. networks: how many; each has its own start and order of batches.
    """

    def __init__(self, names: Sequence[str], hidden: int = 256, networks: int = 3) -> None:
        self.names = tuple(names)
        self._hidden, self._networks = hidden, networks
        self._nets: list[nn.Sequential] = []
        self._mean: Matrix = np.zeros(0, np.float32)
        self._scale: Matrix = np.ones(0, np.float32)

    def train(self, described: Matrix, labels: Sequence[str], epochs: int = 30) -> None:
        """Learn from descriptions [n, D] and the name of each one's class."""
        self._mean, self._scale = described.mean(0), described.std(0) + 1e-4
        target = torch.tensor([self.names.index(label) for label in labels])
        counts = torch.bincount(target, minlength=len(self.names)).clamp(min=1).float()
        weight = counts**-0.5 / (counts**-0.5).mean()
        inputs = self._standard(described)
        self._nets = [self._fitted(inputs, target, weight, epochs, seed) for seed in range(self._networks)]

    def _fitted(
        self, inputs: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, epochs: int, seed: int
    ) -> nn.Sequential:
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(inputs.shape[1], self._hidden), nn.GELU(), nn.Dropout(0.5),
            nn.Linear(self._hidden, len(self.names)),
        )  # fmt: skip
        optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.1)
        steps = epochs * -(-len(inputs) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, FASTEST, total_steps=steps)
        for _ in range(epochs):
            for index in torch.split(torch.randperm(len(inputs)), BATCH):
                optimizer.zero_grad()
                # a slip of the smoothing keeps it from being sure of what it has seen only once
                loss = F.cross_entropy(net(inputs[index]), target[index], weight, label_smoothing=0.1)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
        return net.eval()

    def _standard(self, described: Matrix) -> torch.Tensor:
        scaled = np.clip((described - self._mean) / self._scale, -FURTHEST, FURTHEST)
        return torch.from_numpy(scaled.astype(np.float32))

    def probabilities(self, described: Matrix) -> npt.NDArray[np.float64]:
        """Of each class [n, classes]; each row sums to 1.

        Raises:
            RuntimeError: it has not been trained.
        """
        if not self._nets:
            raise RuntimeError("the probe has not been trained")
        with torch.inference_mode():
            inputs = self._standard(described)
            each = torch.stack([net(inputs).double().softmax(-1) for net in self._nets])
            return np.asarray(each.mean(0).numpy(), np.float64)

    def heard(self, described: Matrix) -> list[str]:
        """The likeliest class of each."""
        return [self.names[best] for best in self.probabilities(described).argmax(1)]
