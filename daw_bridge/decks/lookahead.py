"""How far to generate ahead: little where the model is fast, more where it is slow or has just been late."""

from __future__ import annotations

LOW_S, HIGH_S = 0.6, 4.0
BASE_S, SLOW_S = 0.5, 0.5
RISE = 0.05
AFTER_HOLD = 1.5
FORGET_HOLD = 0.995


class Lookahead:
    """A lookahead that follows the measured speed of generation.

    A stall of the machine must not outlast it, and the slower the model, the longer it takes to win a lead
    back after a change: ``0.5 + 0.5 / (speed - 1)`` seconds, from 0.6 to 4. The speed that counts falls with
    each measurement and rises slowly. A hold makes it half as much longer; that wears off in minutes.

    Args:
        fixed_s: seconds that do not adapt; 0 adapts.
    """

    def __init__(self, fixed_s: float = 0.0) -> None:
        self._fixed_s = fixed_s
        self._speed = 0.0
        self._caution = 1.0
        self._holds = 0

    @property
    def seconds(self) -> float:
        """How far to generate beyond what is written to the output."""
        if self._fixed_s:
            return self._fixed_s
        lead = HIGH_S if self._speed <= 1.0 else BASE_S + SLOW_S / (self._speed - 1.0)
        return min(HIGH_S, max(LOW_S, lead) * self._caution)

    def forget(self) -> None:
        """Another model plays: what was measured is of no meaning any more."""
        self._speed = 0.0

    def measured(self, speed: float, holds: int) -> None:
        """Take a measurement of about a second.

        Args:
            speed: seconds generated per second, all decks together. holds: times that a deck held, so far.
        """
        rising = self._speed + RISE * (speed - self._speed)
        self._speed = speed if not self._speed else min(speed, rising)
        self._caution = max(1.0, 1.0 + (self._caution - 1.0) * FORGET_HOLD)
        if holds > self._holds:
            self._caution = min(HIGH_S / LOW_S, self._caution * AFTER_HOLD)
        self._holds = holds
