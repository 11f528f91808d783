"""Follower: lays a source's beats on output samples, without a jump."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass

from daw_bridge.clock.sample_clock import SampleClock
from daw_bridge.clock.source import BeatLine, ClockEvent, ClockSource, Reading
from daw_bridge.clock.tempo_map import TempoMap

PHRASE_BARS = 8
TEMPO_CHANGED = 0.02
RELOCATED_BEATS = 0.75
NEGLIGIBLE_S = 1e-4


@dataclass(frozen=True)
class FollowerOptions:
    """How a source is followed.

    Attributes:
        ahead_s: seconds by which the instrument sounds before the source; negative: after it.
        max_slew: greatest deviation from the source's tempo while the phase is corrected, as a fraction.
        correction_beats: a small error of phase is corrected within this many beats.
        tolerance_s: an error of phase below this is left alone, as every change costs the model some work.
        min_bpm, max_bpm: the tempo stays within these.
    """

    ahead_s: float = 0.0
    max_slew: float = 0.08
    correction_beats: float = 0.5
    tolerance_s: float = 0.001
    min_bpm: float = 40.0
    max_bpm: float = 240.0


class Follower:
    """Makes a tempo map follow a source that can be changed at any time.

    `update` every few milliseconds; when `wants_change` says so, `steer` changes the map from the first
    output sample that can still be changed. The past is never touched, and the tempo stays within
    ``max_slew`` of the source's, so that beats neither jump nor go backwards: an error of phase is worked off
    in a straight stretch of another tempo whose length is planned at once, and a source that is elsewhere in
    its song is met at its nearest beat, its bar lines by cutting one bar short. For one thread.

    Args:
        sample_rate: of the output, Hz.
    """

    def __init__(self, sample_rate: int, source: ClockSource, options: FollowerOptions | None = None) -> None:
        self.options = options or FollowerOptions()
        self.samples = SampleClock(sample_rate)
        self._source = source
        self._reading = Reading("waiting")
        self._offset: int | None = None
        self._bars_due = False
        self._epoch: int | None = None

    @property
    def source(self) -> ClockSource:
        """What is being followed."""
        return self._source

    @property
    def reading(self) -> Reading:
        """What the source said last."""
        return self._reading

    def start(self) -> None:
        """Open the source. Raises what it raises."""
        self._source.start()

    def stop(self) -> None:
        """Close the source."""
        self._source.stop()

    def use(self, source: ClockSource) -> None:
        """Follow another source from now on; until it is locked the tempo stays as it is.

        Raises:
            DeviceError: it cannot be opened; the old one is followed as before.
        """
        source.start()
        with contextlib.suppress(Exception):
            self.swap(source).stop()

    def swap(self, source: ClockSource) -> ClockSource:
        """As `use`, for a source that is open already; returns the old one, which is to be stopped."""
        old, self._source = self._source, source
        self._reading = Reading("waiting")
        self._epoch, self._offset = None, None
        return old

    def update(self, now: float, position: float) -> tuple[ClockEvent, ...]:
        """Ask the source; ``position`` is the output sample heard at ``now``. Returns what has happened."""
        self.samples.observe(now, position)
        self._reading = self._source.read(now)
        if self._reading.epoch != self._epoch:
            self._epoch = self._reading.epoch
            self._offset = None
        return self._reading.events

    def error_s(self, tempo_map: TempoMap, sample: int) -> float | None:
        """Seconds by which the map will be behind the source's beat at an output sample; None without a line.

        Before the source's place in the song has been taken over, this is the distance to its nearest beat.
        """
        line = self._line()
        if line is None:
            return None
        error = self._beat(line, sample) - tempo_map.beat_at(sample)
        return (error - (round(error) if self._offset is None else -self._offset)) * 60.0 / line.bpm

    def wants_change(self, tempo_map: TempoMap, sample: int, free: bool = False) -> bool:
        """Whether the map, as it is planned from an output sample on, leaves the source; ``free`` is for
        `steer`."""
        tempo = self._tempo()
        if tempo is None:
            return False
        planned = tempo_map.tempi[-1]
        if self._line() is None:
            return abs(planned.bpm / tempo - 1.0) > 1e-6
        if self._offset is None or abs(planned.bpm / tempo - 1.0) > TEMPO_CHANGED or (free and self._offset):
            return True
        error = self.error_s(tempo_map, max(sample, planned.sample))
        return error is not None and abs(error) > self.options.tolerance_s

    def steer(self, tempo_map: TempoMap, sample: int, free: bool = False) -> None:
        """Change the map from an output sample on.

        Args:
            sample: the first that can still be changed; not before an earlier call's.
            free: nothing sounds: the map may jump to the source's very position and bar number.
        """
        tempo, line = self._tempo(), self._line()
        if tempo is None:
            return
        if line is None:
            tempo_map.set_tempo(tempo, sample)
        elif free:
            size = self._reading.beats_per_bar or tempo_map.meters[-1].beats_per_bar
            tempo_map.place(sample, self._beat(line, sample), tempo, size)
            self._offset, self._bars_due = 0, False
        else:
            self._slew(tempo_map, sample, line, tempo)

    def heard(self, tempo_map: TempoMap, time: float) -> BeatLine:
        """The map as it is heard at a time, for those that follow us; safe from any thread."""
        sample = self.samples.sample_at(time)
        bpm = tempo_map.tempo_at(sample) * self.samples.rate / self.samples.sample_rate
        return BeatLine(time, tempo_map.beat_at(sample), bpm)

    def _slew(self, tempo_map: TempoMap, sample: int, line: BeatLine, tempo: float) -> None:
        source, mapped = self._beat(line, sample), tempo_map.beat_at(sample)
        if self._offset is None or abs(source + self._offset - mapped) > RELOCATED_BEATS:
            self._offset = round(mapped - source)
            self._bars_due = self._reading.beats_per_bar is not None
        error = source + self._offset - mapped
        length = max(self.options.correction_beats, abs(error) / self.options.max_slew)
        end = sample
        if abs(error) * 60.0 / tempo > NEGLIGIBLE_S:
            tempo_map.set_tempo(tempo * (1.0 + error / length), sample)
            end = sample + round(length * 60.0 * tempo_map.sample_rate / tempo)
        tempo_map.set_tempo(tempo, end)
        if self._bars_due:
            self._align_bars(tempo_map, mapped)

    def _align_bars(self, tempo_map: TempoMap, after: float) -> None:
        """Put the source's next bar line, a beat at least away, on the map, with a number that fits its own
        in phrases of `PHRASE_BARS`: the same, where the map has not come so far yet."""
        self._bars_due = False
        meter = tempo_map.meter_segment(after)
        size, offset = self._reading.beats_per_bar, self._offset
        if size is None or offset is None:
            return
        line = size * math.ceil((after + 1.0 - offset) / size)
        bar, at = line // size + 1, float(line + offset)
        inside, within = tempo_map.bar_beat(at)
        fits = within == 1.0 and bar <= inside and (bar - inside) % PHRASE_BARS == 0
        if fits and meter.beats_per_bar == size:
            return
        least = inside if within == 1.0 else inside + 1
        if bar < least:
            bar = least + (bar - least) % PHRASE_BARS
        tempo_map.set_bar(bar, at, size)

    def _line(self) -> BeatLine | None:
        """The source's line; none while its tempo is out of range, so that its phase cannot be held."""
        line = self._reading.line
        return line if line is not None and self._tempo() == line.bpm else None

    def _tempo(self) -> float | None:
        line, tempo = self._reading.line, self._reading.tempo
        tempo = tempo if line is None else line.bpm
        return None if tempo is None else min(max(tempo, self.options.min_bpm), self.options.max_bpm)

    def _beat(self, line: BeatLine, sample: int) -> float:
        """The source's beat when an output sample is heard."""
        return line.beat_at(self.samples.time_of(sample) + self.options.ahead_s)
