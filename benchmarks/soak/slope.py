"""Whether memory grows: a straight line through what was measured, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# decks remember their last minute, and allocators what they needed at most
SETTLING_S = 90.0
SETTLED_SHARE = 1 / 3
BLOCKS = 10
STUDENT_T = 2.306


@dataclass(frozen=True)
class Slope:
    """Growth an hour, and the interval in which it lies with 95 % confidence.

    Attributes:
        minutes: over which it was looked at.
    """

    hourly: float
    low: float
    high: float
    minutes: float

    @property
    def error(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def slope(times: Sequence[float], series: Sequence[float]) -> Slope | None:
    """The slope of a series over times in seconds, its beginning left out: the first third, at least
    `SETTLING_S`; None where less than that is left.

    Neighbouring values of a memory are not independent, so the line goes through the means of `BLOCKS` equal
    parts, whose errors nearly are; the interval is Student's.
    """
    x, y = np.asarray(times, float), np.asarray(series, float)
    if not len(x):
        return None
    settled = x >= max(SETTLING_S, x[-1] * SETTLED_SHARE)
    x, y = x[settled], y[settled]
    if len(x) < 2 * BLOCKS or x[-1] - x[0] < SETTLING_S:
        return None
    parts = np.array_split(np.arange(len(x)), BLOCKS)
    means_x = np.array([x[part].mean() for part in parts])
    means_y = np.array([y[part].mean() for part in parts])
    away = means_x - means_x.mean()
    rise = float(away @ means_y / (away @ away))
    rest = means_y - means_y.mean() - rise * away
    error = STUDENT_T * float(np.sqrt(rest @ rest / (BLOCKS - 2) / (away @ away)))
    hour = 3600.0
    return Slope(rise * hour, (rise - error) * hour, (rise + error) * hour, float(x[-1] - x[0]) / 60.0)
