"""Straight lines of time over tick numbers, and numbers for ticks of which some are missing or double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median

SOLID = 0.2
DOUBLE = 0.1
TRACKING = 0.5
AROUND = (1.0, 0.95, 1.05, 0.9, 1.1, 0.85, 1.15)
PASSES = 2
DOUBLED = 0.6
COARSE = 0.4
PREFERENCE = 1.3
LEAST_PERIOD_S = 1e-4


@dataclass(frozen=True)
class Grid:
    """Tick ``n`` is at ``first + n * period`` seconds; ``period`` > 0."""

    first: float
    period: float

    def time_of(self, number: float) -> float:
        """Seconds of a tick."""
        return self.first + number * self.period

    def place(self, time: float) -> float:
        """The tick number, fractional, of a time."""
        return (time - self.first) / self.period


def fit_grid(numbers: Sequence[int], times: Sequence[float]) -> Grid:
    """The least-squares grid of two or more ticks with different numbers."""
    centre, mean = sum(numbers) / len(numbers), sum(times) / len(times)
    spread = sum((number - centre) ** 2 for number in numbers)
    moved = zip(numbers, times, strict=True)
    slope = sum((number - centre) * (time - mean) for number, time in moved) / spread
    period = max(slope, LEAST_PERIOD_S)
    return Grid(mean - centre * period, period)


def squared_error(grid: Grid, numbers: Sequence[int], times: Sequence[float]) -> float:
    """Sum of the squared distances of ticks from a grid, seconds squared."""
    return sum((time - grid.time_of(n)) ** 2 for n, time in zip(numbers, times, strict=True))


def number_ticks(times: Sequence[float], grain: float = 0.0) -> list[int]:
    """Number ticks (seconds, ascending, at least 3) from 0, some of which may be missing or double.

    Where plain counting gives as straight a line as anything, it holds. Else a tick's number is its place on
    a grid that the ticks give themselves: duplicates get the same number, gaps leave numbers out. Times that
    come in steps of ``grain`` seconds, not much finer than the ticks, say nothing of this: counting holds.
    """
    steps = [later - earlier for earlier, later in pairwise(times)]
    usual = sorted(steps)[len(steps) * 4 // 5]
    counted = list(range(len(times)))
    single = list(accumulate((int(step > DOUBLE * usual) for step in steps), initial=0))
    if grain > COARSE * usual or single[-1] == 0:
        return counted
    solid = [step for step in steps if step > SOLID * usual] or [usual]
    period = max(median(solid), LEAST_PERIOD_S)
    tried = [_place(times, period * around) for around in AROUND]
    # relative to the period, as a finer grid is near to anything
    placed = min(tried, key=lambda numbers: _error_of(numbers, times) / fit_grid(numbers, times).period ** 2)
    limit = PREFERENCE * _error_of(placed, times)
    if len(solid) > DOUBLED * len(steps) and _error_of(counted, times) <= limit:
        return counted
    return single if _error_of(single, times) <= limit else placed


def _error_of(numbers: Sequence[int], times: Sequence[float]) -> float:
    return squared_error(fit_grid(numbers, times), numbers, times)


def _place(times: Sequence[float], period: float) -> list[int]:
    """Numbers from a slowly tracked phase, then all of them again from the line that results; plain counting
    where that gives all the same."""
    numbers, phase = [0], times[0]
    for time in times[1:]:
        ahead = max(0, round((time - phase) / period))
        numbers.append(numbers[-1] + ahead)
        phase += ahead * period
        phase += TRACKING * (time - phase)
    for _ in range(PASSES):
        if numbers[-1] == 0:
            break
        grid = fit_grid(numbers, times)
        base = round(grid.place(times[0]))
        numbers = list(accumulate((round(grid.place(time)) - base for time in times), max))
    return numbers if numbers[-1] else list(range(len(times)))
