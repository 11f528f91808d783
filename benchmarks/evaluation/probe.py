"""A classifier of short sounds, trained on renders of the corpus: what does this sound like?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

Matrix = npt.NDArray[np.float64]


class Probe:
    """One hidden layer over standardised descriptions, its classes weighed alike.

    Args:
        names: the classes. hidden: units. seed: of its weights and batches.
    """

    def __init__(self, names: Sequence[str], hidden: int = 96, seed: int = 0) -> None:
        self.names = tuple(names)
        self._hidden, self._seed = hidden, seed
        self._net: nn.Sequential | None = None
        self._mean: Matrix = np.zeros(0)
        self._scale: Matrix = np.ones(0)

    def train(self, described: Matrix, labels: Sequence[str], epochs: int = 60) -> None:
        """Learn from descriptions [n, D] and the name of each one's class."""
        self._mean, self._scale = described.mean(0), described.std(0) + 1e-6
        target = torch.tensor([self.names.index(label) for label in labels])
        counts = torch.bincount(target, minlength=len(self.names)).clamp(min=1)
        weight = len(target) / (len(self.names) * counts.float())
        torch.manual_seed(self._seed)
        net = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(described.shape[1], self._hidden), nn.GELU(), nn.Dropout(0.4),
            nn.Linear(self._hidden, len(self.names)),
        )  # fmt: skip
        optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
        x = torch.from_numpy((described - self._mean) / self._scale).float()
        for _ in range(epochs):
            for index in torch.split(torch.randperm(len(x)), 256):
                optimizer.zero_grad()
                # a slip of the smoothing keeps it from being sure of what it has seen only once
                loss = F.cross_entropy(net(x[index]), target[index], weight, label_smoothing=0.05)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        self._net = net.eval()

    def probabilities(self, described: Matrix) -> Matrix:
        """Of each class [n, classes]; each row sums to 1.

        Raises:
            RuntimeError: it has not been trained.
        """
        if self._net is None:
            raise RuntimeError("the probe has not been trained")
        x = torch.from_numpy((described - self._mean) / self._scale).float()
        with torch.inference_mode():
            return np.asarray(self._net(x).softmax(-1).numpy(), np.float64)

    def recognised(self, described: Matrix, labels: Sequence[str]) -> float:
        """Share of descriptions whose likeliest class is the right one, the mean over the classes."""
        best = self.probabilities(described).argmax(1)
        right = np.array([self.names[b] == label for b, label in zip(best, labels, strict=True)])
        present = sorted(set(labels))
        return float(np.mean([right[[label == name for label in labels]].mean() for name in present]))
