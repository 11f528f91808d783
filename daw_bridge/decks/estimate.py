"""How long the worker takes to answer: a cautious running estimate."""

from __future__ import annotations

from daw_bridge.engine.protocol import Loaded

READY_FRAMES = 6
FALL = 0.15


class Estimate:
    """Rises at once to what was measured, at most to its bound, and falls towards what follows by
    `FALL` of the way each time.

    Args:
        first: seconds assumed before anything was measured.
        low, high: bounds of `value`, seconds.
    """

    def __init__(self, first: float, low: float, high: float) -> None:
        self._peak = first
        self._low, self._high = low, high

    def add(self, seconds: float) -> None:
        """Take a measurement."""
        self._peak = min(self._high, max(seconds, (1.0 - FALL) * self._peak + FALL * seconds))

    @property
    def value(self) -> float:
        """Seconds to allow for: the peak and a quarter."""
        return min(self._high, max(self._low, 1.25 * self._peak))


def first_estimates(model: Loaded) -> tuple[Estimate, Estimate]:
    """What a change, and the opening of a voice, should take with a model that has just been loaded."""
    change, opening = Estimate(0.06, 0.03, 0.5), Estimate(0.25, 0.15, 1.5)
    step = 1.0 / (model.realtime_factor * model.frame_rate)
    before_sound = model.max_delay + model.lookahead_frames
    change.add((before_sound + READY_FRAMES) * step + 0.01)
    opening.add((before_sound + READY_FRAMES + 4) * step + 0.08)
    return change, opening
