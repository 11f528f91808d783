"""How a model generates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from genmodels.errors import GenerationError
from genmodels.lm.generation import check_guidance
from genmodels.lm.sampling import SamplingParams


@dataclass(frozen=True)
class GenerationParams:
    """How to generate.

    Args:
        sampling: how tokens are drawn.
        duration: seconds, > 0.
        cfg_coef: guidance, >= 0.
        extend_stride: seconds by which the window moves on in long form, in (0, max_duration).
        cfg_coef_beta: double guidance, >= 0, or None; see `Conditions`.
        two_step_cfg: run conditioned and unconditional rows one after the other, with half the activations
            alive at a time. The results are the same, and so is the coefficient (AudioCraft ignores the one
            that is asked for here).
    Raises:
        GenerationError: a value is out of range. (The stride is checked by the model, which has the window.)
    """

    sampling: SamplingParams = field(default_factory=SamplingParams)
    duration: float = 30.0
    cfg_coef: float = 3.0
    extend_stride: float = 18.0
    cfg_coef_beta: float | None = None
    two_step_cfg: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration) and self.duration > 0):
            raise GenerationError(f"duration is {self.duration} s, must be a finite number > 0")
        check_guidance(self.cfg_coef, self.cfg_coef_beta)
