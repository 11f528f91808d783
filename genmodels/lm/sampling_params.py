"""How tokens are to be drawn, for those who ask as well as for those who draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

from genmodels.errors import GenerationError


@dataclass(frozen=True)
class SamplingParams:
    """How a token is drawn.

    Args:
        use_sampling: draw at random; otherwise the most likely token is taken.
        temperature: >= 0; 0 is greedy.
        top_k: keep the k most likely tokens (ties with the k-th are kept); 0 keeps all.
        top_p: in [0, 1]; above 0 it takes precedence over top_k: keep the smallest set with this probability.
    Raises:
        GenerationError: a value is out of range.
    """

    use_sampling: bool = True
    temperature: float = 1.0
    top_k: int = 250
    top_p: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise GenerationError(f"temperature is {self.temperature}, must be a finite number >= 0")
        if self.top_k < 0:
            raise GenerationError(f"top_k is {self.top_k}, must be >= 0 (0 keeps every token)")
        if not 0 <= self.top_p <= 1:
            raise GenerationError(f"top_p is {self.top_p}, must be in [0, 1] (0 switches it off)")

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken."""
        return not self.use_sampling or self.temperature == 0
