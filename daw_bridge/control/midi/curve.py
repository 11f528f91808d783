"""Curves: how a control's way, 0 to 1, runs over a range of values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

BEND = 5.0

Shape = Callable[[float], float]
# each with its inverse, from [0, 1] onto [0, 1]
CURVES: dict[str, tuple[Shape, Shape]] = {
    "linear": (lambda x: x, lambda y: y),
    "exponential": (
        lambda x: math.expm1(BEND * x) / math.expm1(BEND),
        lambda y: math.log1p(y * math.expm1(BEND)) / BEND,
    ),
    "logarithmic": (
        lambda x: math.log1p(x * math.expm1(BEND)) / BEND,
        lambda y: math.expm1(BEND * y) / math.expm1(BEND),
    ),
    "s-curve": (
        lambda x: 0.5 - 0.5 * math.cos(math.pi * x),
        lambda y: math.acos(1.0 - 2.0 * y) / math.pi,
    ),
}


@dataclass(frozen=True)
class Range:
    """Values between ``low`` (control at 0) and ``high`` (control at 1); low may be the larger.

    Attributes:
        curve: one of `CURVES`: linear; exponential (fine at the low end), logarithmic (fine at the high end),
            s-curve (fine at both).
    """

    low: float
    high: float
    curve: str = "linear"

    def value(self, position: float) -> float:
        """The value of a position in [0, 1]."""
        if position <= 0.0:
            return self.low
        if position >= 1.0:
            return self.high
        return self.low + (self.high - self.low) * CURVES[self.curve][0](position)

    def position(self, value: float) -> float:
        """The position of a value; outside the range that of its nearer end."""
        if self.high == self.low:
            return 0.0
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return min(max(CURVES[self.curve][1](share), 0.0), 1.0)
