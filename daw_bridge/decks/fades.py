"""Fades: levels of the mixer on their way from one value to another."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.tempo_map import TempoMap

Curve = NDArray[np.float64]
Line = Callable[[int, int], Curve]
"""Time at output samples ``start .. start + count`` (``count + 1`` of them), in the unit of its length."""


def beats_line(clock: Callable[[], TempoMap]) -> Line:
    """Beats, by the tempo map as it is when they are asked for: so a fade follows every change of tempo."""

    def line(start: int, count: int) -> Curve:
        now, end = clock(), start + count
        later = takewhile(lambda segment: segment.sample > start, reversed(now.tempi))
        bends = sorted(segment.sample for segment in later if segment.sample < end)
        knots = [start, *bends, end]
        return np.interp(np.arange(start, end + 1), knots, [now.beat_at(knot) for knot in knots])

    return line


def seconds_line(sample_rate: int) -> Line:
    """Seconds."""
    return lambda start, count: np.arange(start, start + count + 1) / sample_rate


class Fade:
    """A value that goes evenly from ``value`` to ``target`` while ``length`` passes on a line of time.

    It goes by what passes from block to block, so it only ever goes on, also where the clock begins anew.
    """

    def __init__(self, value: float, target: float, length: float, line: Line) -> None:
        self.target = target
        self._from = value
        self._length = length
        self._line = line
        self._share = 0.0

    @property
    def value(self) -> float:
        """At the first sample that has not been asked for."""
        return self.target if self.over else self._from + self._share * (self.target - self._from)

    @property
    def over(self) -> bool:
        """Whether it has arrived."""
        return self._share >= 1.0

    def block(self, start: int, count: int) -> Curve:
        """The values [count + 1] at output samples ``start .. start + count``; blocks are asked for in
        order."""
        time = self._line(start, count)
        shares = np.clip(self._share + np.maximum(0.0, time - time[0]) / self._length, 0.0, 1.0)
        self._share = float(shares[-1])
        return np.where(shares >= 1.0, self.target, self._from + shares * (self.target - self._from))


class Fades:
    """The fades that are under way, by what they move. `block` and `begin` are for the feeder's thread, `end`
    for any."""

    def __init__(self) -> None:
        self._running: dict[Hashable, Fade] = {}

    def value(self, what: Hashable, resting: float) -> float:
        """Where something is: ``resting`` where no fade moves it."""
        fade = self._running.get(what)
        return resting if fade is None else fade.value

    def begin(self, what: Hashable, fade: Fade) -> None:
        """Let something follow a fade."""
        self._running[what] = fade

    def end(self, what: Hashable) -> None:
        """Something is set to a value at once."""
        self._running.pop(what, None)

    def block(self, start: int, count: int) -> dict[Hashable, Curve]:
        """The values [count + 1] of all that moves at output samples ``start .. start + count``."""
        if not self._running:
            return {}
        curves = {}
        for what, fade in list(self._running.items()):
            curves[what] = fade.block(start, count)
            if fade.over:
                self.end(what)
        return curves
