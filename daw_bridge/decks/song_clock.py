"""The clock of a player: the internal clock, which can begin anew."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.clock.internal import InternalClock
from daw_bridge.clock.tempo_map import MeterSegment, TempoMap, TempoSegment


class SongClock(InternalClock):
    """An internal clock whose bar 1 can be put on any output sample.

    Attributes:
        led: whether beats and bars are those of another clock, so that there are some also while nothing
            plays.
        origin: beats that had passed in all where beat 0 of the song lies; it changes where the song begins
            anew or is found elsewhere, and by as much.
    """

    led = False
    origin = 0.0

    def relocate(self, sample: int, place: Callable[[TempoMap], None]) -> None:
        """From an output sample on, go on with a copy of the map that ``place`` has placed elsewhere; what
        was played keeps the old one."""
        moved = TempoMap.of(self.map.sample_rate, self.map.tempi, self.map.meters)
        place(moved)
        self._use(moved, sample)

    def restart(self, sample: int) -> None:
        """Make ``sample`` the first of bar 1, with the tempo and the meter that were set last."""
        last = self.map.meters[-1].beats_per_bar
        self._use(_ShiftedMap(self.map.sample_rate, self.map.tempi[-1].bpm, last, sample), sample)

    def bar_samples(self, sample: float) -> tuple[int, int]:
        """Length in output samples of a bar at the tempo of ``sample``, and its number of beats."""
        beats = self.beats_per_bar_at(sample)
        return round(beats * 60.0 * self.map.sample_rate / self.tempo_at(sample)), beats

    def _use(self, song: TempoMap, sample: int) -> None:
        self.origin += self.map.beat_at(sample) - song.beat_at(sample)
        self.map = song


class _ShiftedMap(TempoMap):
    def __init__(self, sample_rate: int, bpm: float, beats_per_bar: int, first_sample: int) -> None:
        super().__init__(sample_rate, bpm, beats_per_bar)
        self._tempi = (TempoSegment(first_sample, 0.0, bpm),)
        self._meters = (MeterSegment(0.0, 1, beats_per_bar),)
