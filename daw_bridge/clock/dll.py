"""DelayLockedLoop: regular ticks seen through jitter, losses and duplicates."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from daw_bridge.clock.grid_fit import LEAST_PERIOD_S, fit_grid, number_ticks, squared_error

MEMORY_TICKS = 96
OPENING_TICKS = 24
FIRST_JITTER_S = 0.003
LEAST_JITTER_S = 0.0003
ALARM = 5.0
ALARM_WINDOWS = (3, 5, 8)
REFIT_TICKS = 6
OFF_GRID = 0.45
OFF_JITTER = 4.0
SUSPECTS = 4
SURE = 8
SLOWER_TICKS = 12
NO_PLACE = 0.35
EXPLAINED = 1.5
OTHER = 0.5
SCATTERED = 0.4
DUPLICATE = 0.1


class DelayLockedLoop:
    """Fits a straight line of time over tick numbers, one tick at a time.

    The line begins with a least-squares fit of the first `OPENING_TICKS`. From there the loop is the
    second-order one of F. Adriaensen ("Using a DLL to filter time", 2005), its two gains chosen so that it
    goes on as the least-squares line of all ticks and becomes a fading memory of ``memory`` ticks: it locks
    as fast as the jitter allows, then settles. When the last few ticks leave the line by more than the
    measured jitter explains, the tempo has changed, and the memory starts anew from them. A tick off the line
    by about half a period or more is judged with the three that follow: where they fit the old grid there
    were gaps or duplicates and numbers stay true, else the tempo has jumped.

    Args:
        memory: ticks; the more, the smoother and the slower to follow a gradual change.
        grain_s: times come in steps of this many seconds, as where a driver stamps whole blocks.
    """

    def __init__(self, memory: int = MEMORY_TICKS, grain_s: float = 0.0) -> None:
        self._memory = memory
        self._grain = grain_s
        # the variance of what is evenly spread over a grain is a twelfth of its square
        self._least = max(LEAST_JITTER_S**2, grain_s**2 / 12.0)
        self.restart(0)

    def restart(self, index: int) -> None:
        """Forget all; the next tick has this number."""
        self._opening: list[float] = []
        self._seen = 0
        self._since = 0.0
        self._index = index
        self._time = 0.0
        self._period = 0.0
        self._variance = FIRST_JITTER_S**2
        self._errors: deque[float] = deque(maxlen=max(ALARM_WINDOWS))
        self._recent: deque[tuple[int, float]] = deque(maxlen=max(ALARM_WINDOWS))
        self._suspects: list[float] = []
        self._gaps = 0
        self._gap_width = 1

    @property
    def locked(self) -> bool:
        """Whether there is a line."""
        return self._seen > 0

    @property
    def index(self) -> int:
        """Number of the last tick."""
        return self._index

    @property
    def time(self) -> float:
        """Filtered time of the last tick, seconds; 0 while not locked."""
        return self._time

    @property
    def period(self) -> float:
        """Seconds from tick to tick; 0 while not locked."""
        return self._period

    @property
    def since(self) -> float:
        """Time of the first tick of the line; numbers of ticks from then on are those of one tempo."""
        return self._since

    @property
    def jitter(self) -> float:
        """Standard deviation of the ticks around the line, seconds."""
        return math.sqrt(self._variance)

    def number_at(self, time: float) -> int:
        """The number of the tick nearest to a time, in the past or to come, on the line of now."""
        return self._index + round((time - self._time) / self._period) if self.locked else self._index

    def tick(self, time: float) -> None:
        """A tick was seen at ``time`` (seconds, not before the last)."""
        if not self.locked:
            self._opening.append(time)
            if len(self._opening) == OPENING_TICKS:
                self._open()
        elif self._is_double(time):
            return
        elif self._suspects:
            self._suspects.append(time)
            if len(self._suspects) in (SUSPECTS, SURE):
                self._judge()
        elif abs(time - self._time - self._period) > self._off_line():
            self._suspects = [time]
        else:
            self._gaps = 0
            self._accept(time, 1)

    def _is_double(self, time: float) -> bool:
        """Whether a tick is the last one again; times that come in coarse steps do not say."""
        last = self._suspects[-1] if self._suspects else self._recent[-1][1]
        return time - last <= DUPLICATE * self._period and self._grain <= DUPLICATE * self._period

    def _off_line(self) -> float:
        """Seconds from where a tick is expected beyond which it may not be the next one."""
        return max(OFF_GRID * self._period, OFF_JITTER * self.jitter, self._grain)

    def _open(self) -> None:
        """Begin the line with the ticks gathered."""
        times = self._opening
        numbers = [self._index + number for number in number_ticks(times, self._grain)]
        grid = fit_grid(numbers, times)
        spread = squared_error(grid, numbers, times) / (len(times) - 2)
        if spread > (SCATTERED * grid.period) ** 2 + self._grain**2:
            # what was held up somewhere and came at once says nothing
            self._opening = times[len(times) // 2 :]
            self._index = numbers[len(times) // 2]
            return
        self._set_line(numbers, times)
        self._variance = max(spread, self._least)
        self._opening = []

    def _accept(self, time: float, steps: int) -> None:
        self._index += steps
        self._recent.append((self._index, time))
        self._seen = min(self._seen + 1, self._memory)
        n = self._seen
        self._time += steps * self._period
        error = time - self._time
        self._time += error * 2 * (2 * n - 1) / (n * (n + 1))
        self._period = max(self._period + error / steps * 6 / (n * (n + 1)), LEAST_PERIOD_S)
        self._watch(error)

    def _watch(self, error: float) -> None:
        """Measure the jitter, and see whether the errors have become more than that."""
        if self._errors:
            # from error to error, so that a line that lags behind does not pass for jitter
            square = min((error - self._errors[-1]) ** 2 / 2.0, 9.0 * self._variance)
            self._variance = max(self._variance + (square - self._variance) / self._memory, self._least)
        self._errors.append(error)
        errors = list(self._errors)
        for window in ALARM_WINDOWS:
            # the ticks' own jitter, and what the line has of that of the ticks that it was made of
            spread = self.jitter * math.sqrt(window + 4.0 * window**2 / self._seen)
            if len(errors) >= window and abs(sum(errors[-window:])) > ALARM * spread:
                recent = list(self._recent)[-max(window, REFIT_TICKS) :]
                self._set_line([number for number, _ in recent], [seen for _, seen in recent])
                return

    def _set_line(self, numbers: Sequence[int], times: Sequence[float]) -> None:
        """Begin anew with the least-squares line of these ticks."""
        grid = fit_grid(numbers, times)
        self._errors.clear()
        self._recent.clear()
        self._recent.extend(zip(numbers, times, strict=True))
        self._since = times[0]
        self._index, self._period = numbers[-1], grid.period
        self._time = grid.time_of(numbers[-1])
        self._seen = len(times)

    def _judge(self) -> None:
        """Decide what a tick off the line and those after it mean: gaps and duplicates, or another tempo,
        which takes twice as many to be believed."""
        times = self._suspects
        places = [(time - self._time) / self._period for time in times]
        numbers = [round(place) for place in places]
        width = _common_gap(numbers)
        other = self._slower_by_whole(width) if width > 1 else self._is_other_tempo(places, numbers)
        if other and width <= 1 and len(times) < SURE:
            return
        self._suspects = []
        if other:
            self._set_line([self._index + n for n in range(1, len(times) + 1)], times)
            return
        base = self._index
        for time, place, number in zip(times, places, numbers, strict=True):
            if abs(place - number) < NO_PLACE and base + number > self._index:
                self._accept(time, base + number - self._index)

    def _is_other_tempo(self, places: Sequence[float], numbers: Sequence[int]) -> bool:
        """Whether ticks at these places, counted, are a straighter line than at these numbers, and jitter
        alone does not explain that."""
        counts = range(1, len(places) + 1)
        ratio = sum(n * place for n, place in zip(counts, places, strict=True)) / sum(n * n for n in counts)
        counted = sum((place - n * ratio) ** 2 for n, place in zip(counts, places, strict=True))
        numbered = sum((place - number) ** 2 for place, number in zip(places, numbers, strict=True))
        explained = len(places) * (EXPLAINED * self.jitter / self._period) ** 2
        return counted < OTHER * numbered and numbered > explained

    def _slower_by_whole(self, width: int) -> bool:
        """Whether so many gaps of one width have followed each other that it is the tempo; gaps before are
        then taken back."""
        self._gaps = (self._gaps if width == self._gap_width else 0) + SUSPECTS
        self._gap_width = width
        if self._gaps < SLOWER_TICKS:
            return False
        self._index -= (width - 1) * (self._gaps - SUSPECTS)
        self._gaps = 0
        return True


def _common_gap(numbers: Sequence[int]) -> int:
    """The distance from 0 to the first and from each to the next, where it is one; else 0."""
    gaps = {later - earlier for earlier, later in zip([0, *numbers], numbers, strict=False)}
    return gaps.pop() if len(gaps) == 1 else 0
