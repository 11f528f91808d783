"""Budget of a training, and the learning rate over it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class LoopConfig:
    """Budget and rhythm of a training.

    Attributes:
        steps: optimiser steps at most.
        minutes: training time at most, summed over all sittings (0 = no limit). The learning rate follows
            whichever of the two budgets is further spent.
        lr: peak learning rate, reached after `warmup` steps.
        schedule: how it falls to `lr_floor` times the peak: 'cosine' from the start, or 'trapezoid', which
            stays at the peak and falls linearly over the last share `decay` of the budget. A trapezoid whose
            budget is raised after its end goes on from where its fall began (stable.pt), so that a training
            can be finished, used, and taken further in a later sitting.
        clip: gradient norm limit.
        checkpoint_seconds: how often the state is written.
        valid_every: steps between validations.
        log_every: steps between lines of the history.
        ema: decay of the averaged weights (0 = none).
        seed: decides initial weights and the data of every step.
        clock: what a minute is: 'wall', or 'cpu' for the processor time of this process, which a busy
            neighbour does not stretch (for comparisons of models on one thread of a CPU).
    """

    steps: int = 10000
    minutes: float = 0.0
    lr: float = 1e-3
    lr_floor: float = 0.05
    schedule: str = "cosine"
    decay: float = 0.2
    warmup: int = 100
    clip: float = 1.0
    checkpoint_seconds: float = 60.0
    valid_every: int = 500
    log_every: int = 20
    ema: float = 0.999
    seed: int = 1234
    clock: str = "wall"


@dataclass
class LoopState:
    """Where a training stands; saved with the weights. `share`: of the budget at the time, what was spent of
    it; `falling`: a trapezoid is in its last part."""

    step: int = 0
    seconds: float = 0.0
    share: float = 0.0
    falling: bool = False
    history: list[dict[str, float]] = field(default_factory=list)


def spent(config: LoopConfig, state: LoopState) -> float:
    """Fraction of the budget that is used up, 0..1."""
    share = state.step / max(config.steps, 1)
    if config.minutes > 0:
        share = max(share, state.seconds / (60 * config.minutes))
    return min(share, 1.0)


def cosine(config: LoopConfig, share: float) -> float:
    """Height 1..0 of a half cosine after a share of the budget."""
    return 0.5 * (1 + math.cos(math.pi * share))


def trapezoid(config: LoopConfig, share: float) -> float:
    """Height 1..0 of a trapezoid after a share of the budget (Hägele et al. 2024, arXiv:2405.18392)."""
    return min(1.0, (1 - share) / max(config.decay, 1e-9))


SCHEDULES = {"cosine": cosine, "trapezoid": trapezoid}


def learning_rate(config: LoopConfig, state: LoopState) -> float:
    """Linear warm-up by steps, then the schedule over the spent budget."""
    warm = min(1.0, (state.step + 1) / max(config.warmup, 1))
    height = SCHEDULES[config.schedule](config, spent(config, state))
    return config.lr * warm * (config.lr_floor + (1 - config.lr_floor) * height)


def falls(config: LoopConfig, state: LoopState) -> bool:
    """Whether a trapezoid has left its peak."""
    return config.schedule == "trapezoid" and spent(config, state) > 1 - config.decay
