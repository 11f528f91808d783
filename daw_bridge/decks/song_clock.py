"""The clock of a player: the internal clock, which can begin anew."""

from __future__ import annotations

from daw_bridge.clock.internal import InternalClock
from daw_bridge.clock.tempo_map import MeterSegment, TempoMap, TempoSegment


class SongClock(InternalClock):
    """An internal clock whose bar 1 can be put on any output sample.

    Attributes:
        led: whether beats and bars are those of another clock, so that there are some also while nothing
            plays.
    """

    led = False

    def renew(self) -> None:
        """Go on with a copy of the map, which can be placed elsewhere; what was played keeps the old one."""
        self.map = TempoMap.of(self.map.sample_rate, self.map.tempi, self.map.meters)

    def restart(self, sample: int) -> None:
        """Make ``sample`` the first of bar 1, with the tempo and the meter that were set last."""
        last = self.map.meters[-1].beats_per_bar
        self.map = _ShiftedMap(self.map.sample_rate, self.map.tempi[-1].bpm, last, sample)

    def bar_samples(self, sample: float) -> tuple[int, int]:
        """Length in output samples of a bar at the tempo of ``sample``, and its number of beats."""
        beats = self.beats_per_bar_at(sample)
        return round(beats * 60.0 * self.map.sample_rate / self.tempo_at(sample)), beats


class _ShiftedMap(TempoMap):
    def __init__(self, sample_rate: int, bpm: float, beats_per_bar: int, first_sample: int) -> None:
        super().__init__(sample_rate, bpm, beats_per_bar)
        self._tempi = (TempoSegment(first_sample, 0.0, bpm),)
        self._meters = (MeterSegment(0.0, 1, beats_per_bar),)
