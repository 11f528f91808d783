"""How long the worker takes to answer: a cautious running estimate."""

from __future__ import annotations


class Estimate:
    """Rises at once to what was measured, at most to its bound, and falls slowly.

    Args:
        first: seconds assumed before anything was measured.
        low, high: bounds of `value`, seconds.
    """

    def __init__(self, first: float, low: float, high: float) -> None:
        self._peak = first
        self._low, self._high = low, high

    def add(self, seconds: float) -> None:
        """Take a measurement."""
        self._peak = min(self._high, max(seconds, 0.93 * self._peak + 0.07 * seconds))

    @property
    def value(self) -> float:
        """Seconds to allow for: the peak and a quarter."""
        return min(self._high, max(self._low, 1.25 * self._peak))
