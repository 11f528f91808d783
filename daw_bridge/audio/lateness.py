"""How near an output came to running dry."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable

BOUNDS_MS = (5, 10, 20, 40, 60, 80, 120, 200)
RECENT_S = 10.0


class Lateness:
    """How much of an output's lead had been used up each time that it was topped up; one thread adds.

    Args:
        clock: seconds, monotonic.

    Attributes:
        counts: times, by `BOUNDS_MS`: at most the first bound, at most the second ... and more than the last.
        worst_s: of all, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts = [0] * (len(BOUNDS_MS) + 1)
        self.worst_s = 0.0
        self._clock = clock
        self._since = clock()
        self._now_s = self._before_s = 0.0

    @property
    def recent_s(self) -> float:
        """The worst of the last 10 to 20 seconds."""
        return max(self._now_s, self._before_s)

    def add(self, seconds: float) -> None:
        """So much had been used up."""
        self.counts[bisect_left(BOUNDS_MS, 1000.0 * seconds)] += 1
        now = self._clock()
        if now - self._since >= RECENT_S:
            self._since, self._before_s, self._now_s = now, self._now_s, 0.0
        self._now_s = max(self._now_s, seconds)
        self.worst_s = max(self.worst_s, seconds)
