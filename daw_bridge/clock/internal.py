"""InternalClock: the instrument's own time, counted in output samples."""

from __future__ import annotations

from dataclasses import dataclass

from daw_bridge.clock.quantum import Quantum
from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.errors import ScheduleError


@dataclass(frozen=True)
class Moment:
    """A point in musical time.

    Attributes:
        sample: output sample. beats: since the clock's start.
        bar: from 1. beat: within the bar, from 1.0.
    """

    sample: int
    beats: float
    bar: int
    beat: float


class InternalClock:
    """A tempo map with the questions that an instrument asks of it.

    The clock has no time of its own: the output's sample counter is passed in.
    """

    def __init__(self, sample_rate: int, tempo: float = 120.0, beats_per_bar: int = 4) -> None:
        self.map = TempoMap(sample_rate, tempo, beats_per_bar)

    def moment(self, sample: float) -> Moment:
        """Where an output sample lies in musical time."""
        beats = self.map.beat_at(sample)
        bar, beat = self.map.bar_beat(beats)
        return Moment(round(sample), beats, bar, beat)

    def tempo_at(self, sample: float) -> float:
        """BPM at an output sample."""
        return self.map.tempo_at(sample)

    def beats_per_bar_at(self, sample: float) -> int:
        """Beats of the bar at an output sample."""
        return self.map.meter_segment(self.map.beat_at(sample)).beats_per_bar

    def set_tempo(self, bpm: float, from_sample: int) -> Moment:
        """Change the tempo from an output sample on."""
        self.map.set_tempo(bpm, from_sample)
        return self.moment(from_sample)

    def set_meter(self, beats_per_bar: int, from_sample: int) -> Moment:
        """Change the meter at the first bar line at or after an output sample."""
        line = self.map.set_meter(beats_per_bar, self.map.beat_at(from_sample))
        return self._at_beat(line)

    def resolve(self, earliest: int, quantum: Quantum, bar: int | None = None) -> Moment:
        """The moment of a change that can be made from output sample ``earliest`` on.

        Args:
            quantum: the grid; ignored when a bar is given.
            bar: absolute bar number from 1.

        Raises:
            ScheduleError: the bar's start lies before ``earliest``.
        """
        if bar is None:
            beats, sample = self.map.next_boundary(earliest, quantum)
            if quantum.unit == "now":
                return self.moment(sample)
            return self._at_beat(beats)
        moment = self._at_beat(self.map.beat_of_bar(bar))
        if moment.sample < earliest:
            first = self.map.bar_beat(self.map.next_boundary(earliest, Quantum.parse("1M"))[0])[0]
            raise ScheduleError(f"bar {bar} cannot be reached any more: the first possible is bar {first}")
        return moment

    def _at_beat(self, beats: float) -> Moment:
        bar, beat = self.map.bar_beat(beats)
        return Moment(self.map.sample_at(beats), beats, bar, beat)
