"""TempoMap: beats to output samples and back."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from daw_bridge.clock.quantum import Quantum

KEPT_CHANGES = 1024


@dataclass(frozen=True)
class TempoSegment:
    """From output sample ``sample`` (which is beat ``beat``) on, the tempo is ``bpm``."""

    sample: int
    beat: float
    bpm: float


@dataclass(frozen=True)
class MeterSegment:
    """From beat ``beat`` (the start of bar ``bar``) on, a bar has ``beats_per_bar`` beats."""

    beat: float
    bar: int
    beats_per_bar: int


Meters: TypeAlias = tuple[MeterSegment, ...]
Segment = TypeVar("Segment", TempoSegment, MeterSegment)


class TempoMap:
    """Piecewise-constant tempo over output samples, and bars over beats.

    Beats are quarter notes counted from 0.0 at sample 0; bars count from 1. The position is continuous: a
    change of tempo bends the line but never jumps. Changes replace whatever was planned after them. The last
    `KEPT_CHANGES` changes are kept; before the oldest of them the map goes on as a straight line.

    Reading is safe from any thread: a change swaps in a new immutable tuple.
    """

    def __init__(self, sample_rate: int, bpm: float = 120.0, beats_per_bar: int = 4) -> None:
        if sample_rate <= 0 or not bpm > 0 or beats_per_bar < 1:
            raise ValueError(f"no tempo map of {sample_rate} Hz, {bpm} BPM, {beats_per_bar} beats a bar")
        self.sample_rate = sample_rate
        self._tempi: tuple[TempoSegment, ...] = (TempoSegment(0, 0.0, float(bpm)),)
        self._meters: Meters = (MeterSegment(0.0, 1, beats_per_bar),)

    @classmethod
    def of(cls, sample_rate: int, tempi: Sequence[TempoSegment], meters: Sequence[MeterSegment]) -> TempoMap:
        """The map of these segments, oldest first, at least one of each."""
        made = cls(sample_rate)
        made._tempi, made._meters = tuple(tempi), tuple(meters)
        return made

    @property
    def tempi(self) -> tuple[TempoSegment, ...]:
        """The tempo segments, oldest first."""
        return self._tempi

    @property
    def meters(self) -> Meters:
        """The meter segments, oldest first."""
        return self._meters

    def tempo_segment(self, sample: float) -> TempoSegment:
        """The segment that holds a sample."""
        tempi = self._tempi
        return tempi[max(0, bisect_right(tempi, sample, key=lambda segment: segment.sample) - 1)]

    def meter_segment(self, beat: float) -> MeterSegment:
        """The meter that holds a beat."""
        return _meter_at_beat(self._meters, beat)

    def beat_at(self, sample: float) -> float:
        """Beats at an output sample (fractions of a sample are allowed)."""
        segment = self.tempo_segment(sample)
        return segment.beat + (sample - segment.sample) * segment.bpm / (60.0 * self.sample_rate)

    def sample_at(self, beat: float) -> int:
        """The output sample nearest to a beat; the inverse of `beat_at` within one sample."""
        tempi = self._tempi
        segment = tempi[max(0, bisect_right(tempi, beat, key=lambda segment: segment.beat) - 1)]
        return segment.sample + round((beat - segment.beat) * 60.0 * self.sample_rate / segment.bpm)

    def set_tempo(self, bpm: float, from_sample: int) -> None:
        """Change the tempo from an output sample on, whatever was set after it.

        Raises:
            ValueError: ``bpm`` is not a positive finite number.
        """
        _check_tempo(bpm)
        added = TempoSegment(from_sample, self.beat_at(from_sample), float(bpm))
        kept = tuple(segment for segment in self._tempi if segment.sample < from_sample)
        self._tempi = (*kept, added)[-KEPT_CHANGES:]

    def set_meter(self, beats_per_bar: int, from_beat: float) -> float:
        """Change the meter at the first bar line at or after ``from_beat``; returns that line's beat.

        Raises:
            ValueError: ``beats_per_bar`` is less than 1.
        """
        if beats_per_bar < 1:
            raise ValueError(f"a bar of {beats_per_bar} beats is not possible")
        line, bar = self._bar_line(from_beat)
        kept = tuple(segment for segment in self._meters if segment.beat < line)
        self._meters = (*kept, MeterSegment(line, bar, beats_per_bar))[-KEPT_CHANGES:]
        return line

    def set_bar(self, bar: int, at_beat: float, beats_per_bar: int) -> None:
        """Begin bar ``bar`` at a beat, whatever was planned from there on; the bar before is cut short.

        Numbers may be left out: who asks for such a bar gets this one.

        Raises:
            ValueError: ``beats_per_bar`` is less than 1, or ``bar`` does not come after the bar that it cuts.
        """
        inside, within = self.bar_beat(at_beat)
        least = inside if within == 1.0 else inside + 1
        if beats_per_bar < 1 or bar < least:
            raise ValueError(
                f"bar {bar} of {beats_per_bar} beats cannot begin at beat {at_beat}: at least bar {least}"
            )
        kept = tuple(segment for segment in self._meters if segment.beat < at_beat)
        self._meters = (*kept, MeterSegment(at_beat, bar, beats_per_bar))[-KEPT_CHANGES:]

    def place(self, sample: int, beat: float, bpm: float, beats_per_bar: int) -> None:
        """Make an output sample a beat, and forget all else: a jump, for when nothing sounds.

        Bar 1 begins at beat 0.

        Raises:
            ValueError: ``bpm`` is not a positive finite number, or ``beats_per_bar`` is less than 1.
        """
        _check_tempo(bpm)
        if beats_per_bar < 1:
            raise ValueError(f"a bar of {beats_per_bar} beats is not possible")
        self._tempi = (TempoSegment(sample, beat, float(bpm)),)
        self._meters = (MeterSegment(0.0, 1, beats_per_bar),)

    def tempo_at(self, sample: float) -> float:
        """BPM at an output sample."""
        return self.tempo_segment(sample).bpm

    def bar_beat(self, beat: float) -> tuple[int, float]:
        """Bar (from 1) and beat within it (from 1.0) of a beat."""
        meter = self.meter_segment(beat)
        bars = math.floor((beat - meter.beat) / meter.beats_per_bar)
        within = beat - meter.beat - bars * meter.beats_per_bar
        return meter.bar + bars, 1.0 + within

    def beat_of_bar(self, bar: int) -> float:
        """The beat on which a bar (from 1) starts."""
        return _beat_of_bar(self._meters, bar)

    def next_boundary(self, sample: int, quantum: Quantum) -> tuple[float, int]:
        """The first boundary of a grid at or after an output sample: its beat and its sample.

        Bars of a grid of n bars are 1, 1 + n, 1 + 2n ...; note values count from the last change of meter.
        """
        if quantum.unit == "now":
            return self.beat_at(sample), sample
        half = 0.5 * self.tempo_at(sample) / (60.0 * self.sample_rate)
        beat = self.beat_at(sample) - half
        boundary = self._grid_line(beat, quantum)
        while self.sample_at(boundary) < sample:
            boundary = self._grid_line(boundary + half, quantum)
        return boundary, self.sample_at(boundary)

    def _bar_line(self, beat: float) -> tuple[float, int]:
        """First bar line at or after a beat, and the number of the bar that it opens."""
        meter = self.meter_segment(beat)
        bar = meter.bar + math.ceil((beat - meter.beat) / meter.beats_per_bar)
        line = self.beat_of_bar(bar)
        return line, self.bar_beat(line)[0]

    def _grid_line(self, beat: float, quantum: Quantum) -> float:
        if quantum.unit == "bar":
            size = int(quantum.size)
            line, bar = self._bar_line(beat)
            while (bar - 1) % size:
                line, bar = self._bar_line(self.beat_of_bar(bar - (bar - 1) % size + size))
            return line
        meter = self.meter_segment(beat)
        steps = math.ceil((beat - meter.beat) / quantum.size)
        line = meter.beat + float(steps * quantum.size)
        following = self.meter_segment(line)
        return following.beat if following.beat > meter.beat else line


def added(now: tuple[Segment, ...], before: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The segments of ``now`` that ``before`` lacks, where a map gave out both: each change keeps what lies
    before it and adds to the end, so that only what is new is looked at."""
    place = len(now)
    while place and not _holds(before, now[place - 1]):
        place -= 1
    return now[place:]


def _holds(segments: tuple[Segment, ...], wanted: Segment) -> bool:
    """Whether this very segment is among some, oldest first."""
    place = bisect_left(segments, wanted.beat, key=lambda segment: segment.beat)
    return place < len(segments) and segments[place] is wanted


def same_bar_line(beat: float, before: Meters, after: Meters) -> float:
    """Where something lies that was planned on a beat, when the meters change: what was on a bar line stays
    on the line of that bar; anything else stays on its beat."""
    meter = _meter_at_beat(before, beat)
    bars = (beat - meter.beat) / meter.beats_per_bar
    return _beat_of_bar(after, meter.bar + int(bars)) if bars == int(bars) else beat


def _meter_at_beat(meters: Meters, beat: float) -> MeterSegment:
    return meters[max(0, bisect_right(meters, beat, key=lambda segment: segment.beat) - 1)]


def _beat_of_bar(meters: Meters, bar: int) -> float:
    following = bisect_right(meters, bar, key=lambda segment: segment.bar)
    meter = meters[max(0, following - 1)]
    beat = meter.beat + (bar - meter.bar) * meter.beats_per_bar
    return min(beat, meters[following].beat) if 0 < following < len(meters) else beat


def _check_tempo(bpm: float) -> None:
    if not (bpm > 0 and math.isfinite(bpm)):
        raise ValueError(f"tempo {bpm} is not a positive number of BPM")
