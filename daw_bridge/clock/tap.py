"""TapTempo: a tempo and a beat from a few taps."""

from __future__ import annotations

from daw_bridge.clock.grid_fit import fit_grid, number_ticks
from daw_bridge.clock.source import BeatLine

KEPT_TAPS = 8
PHASE_TAPS = 4
FORGET_S = 2.0
DOUBLE_S = 0.1


class TapTempo:
    """The straight line through the last taps, each a beat.

    Two taps give a tempo, four give the beat as well. After two seconds without a tap the next one begins
    anew; a tap left out counts as a beat, two within 0.1 s are one.

    Args:
        min_bpm, max_bpm: taps of another tempo are refused.
    """

    def __init__(self, min_bpm: float = 40.0, max_bpm: float = 240.0) -> None:
        self._limits = (min_bpm, max_bpm)
        self._taps: list[float] = []

    def tap(self, time: float) -> tuple[float | None, BeatLine | None]:
        """A tap at ``time`` (seconds of `time.monotonic`): the tempo from the second tap on, and the line
        from the fourth; None while there is none, or while the tempo is out of range."""
        if self._taps and time - self._taps[-1] > FORGET_S:
            self._taps.clear()
        if self._taps and time - self._taps[-1] < DOUBLE_S:
            return self._fit()
        self._taps = [*self._taps, time][-KEPT_TAPS:]
        return self._fit()

    def _fit(self) -> tuple[float | None, BeatLine | None]:
        taps = self._taps
        if len(taps) < 2:
            return None, None
        numbers = number_ticks(taps) if len(taps) > 2 else [0, 1]
        grid = fit_grid(numbers, taps)
        bpm = 60.0 / grid.period
        if not self._limits[0] <= bpm <= self._limits[1]:
            return None, None
        line = BeatLine(grid.time_of(numbers[-1]), float(numbers[-1]), bpm)
        return bpm, line if len(taps) >= PHASE_TAPS else None
