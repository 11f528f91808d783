"""How long the worker takes to answer: a cautious running estimate."""

from __future__ import annotations

from collections import deque

from daw_bridge.engine.protocol import Loaded

READY_FRAMES = 6
REMEMBERED = 12


class Estimate:
    """Allows for the longest of the last `REMEMBERED` measurements: a slow one counts at once, and for no
    longer than that.

    Args:
        first: seconds assumed before anything was measured.
        low, high: bounds of `value`, seconds.
    """

    def __init__(self, first: float, low: float, high: float) -> None:
        self._last = deque([first], REMEMBERED)
        self._low, self._high = low, high

    def add(self, seconds: float) -> None:
        """Take a measurement."""
        self._last.append(seconds)

    @property
    def value(self) -> float:
        """Seconds to allow for: the longest and a quarter."""
        return min(self._high, max(self._low, 1.25 * max(self._last)))


def first_estimates(model: Loaded) -> tuple[Estimate, Estimate]:
    """What a change, and the opening of a voice, should take with a model that has just been loaded."""
    change, opening = Estimate(0.06, 0.03, 0.5), Estimate(0.25, 0.15, 1.5)
    step = 1.0 / (model.realtime_factor * model.frame_rate)
    before_sound = model.max_delay + model.lookahead_frames
    change.add((before_sound + READY_FRAMES) * step + 0.01)
    opening.add((before_sound + READY_FRAMES + 4) * step + 0.08)
    return change, opening
