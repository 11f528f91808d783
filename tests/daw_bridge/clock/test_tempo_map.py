from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.clock import InternalClock, Quantum, TempoMap
from daw_bridge.clock.tempo_map import KEPT_CHANGES, TempoSegment, added
from daw_bridge.errors import ScheduleError

rates = st.sampled_from([32000, 44100, 48000, 96000])
bpms = st.floats(40, 240)
samples = st.integers(0, 48000 * 3600)
grids = ["1/16", "1/8", "1/8T", "1/4", "1/4T", "1/2", "1M", "2M", "4M", "8M"]
quanta = st.sampled_from(grids).map(Quantum.parse)


@st.composite
def maps(draw: st.DrawFn) -> TempoMap:
    tempo_map = TempoMap(draw(rates), draw(bpms), draw(st.sampled_from([3, 4])))
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            tempo_map.set_tempo(draw(bpms), draw(samples))
        else:
            tempo_map.set_meter(draw(st.sampled_from([3, 4])), draw(st.floats(0, 5000)))
    return tempo_map


@given(maps(), st.lists(st.tuples(bpms, samples), max_size=4), st.lists(st.floats(0, 5000), max_size=3))
def test_what_was_added_is_what_the_map_had_not_before(
    tempo_map: TempoMap, tempi: list[tuple[float, int]], meters: list[float]
) -> None:
    before = tempo_map.tempi, tempo_map.meters
    for bpm, sample in tempi:
        tempo_map.set_tempo(bpm, sample)
    for beat in meters:
        tempo_map.set_meter(3, beat)
    new = {id(each) for each in (*added(tempo_map.tempi, before[0]), *added(tempo_map.meters, before[1]))}
    old = {id(each) for each in (*before[0], *before[1])}
    assert new == {id(each) for each in (*tempo_map.tempi, *tempo_map.meters)} - old
    assert added(tempo_map.tempi, ()) == tempo_map.tempi


def test_of_a_long_map_only_what_is_new_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    tempo_map = TempoMap(48000)
    for n in range(2 * KEPT_CHANGES):
        tempo_map.set_tempo(100.0 + n % 7, 1000 * n)
    before = tempo_map.tempi
    tempo_map.set_tempo(90.0, 5_000_000)
    tempo_map.set_tempo(91.0, 5_001_000)

    def compared(self: TempoSegment, other: object) -> bool:
        raise AssertionError("segments are told apart by what they are, not by what they hold")

    monkeypatch.setattr(TempoSegment, "__eq__", compared)
    assert [each.bpm for each in added(tempo_map.tempi, before)] == [90.0, 91.0]


@given(maps(), samples)
def test_sample_of_beat_of_sample_is_the_sample(tempo_map: TempoMap, sample: int) -> None:
    assert abs(tempo_map.sample_at(tempo_map.beat_at(sample)) - sample) <= 1


@given(maps(), st.floats(0, 10000))
def test_beat_of_sample_of_beat_is_within_a_sample(tempo_map: TempoMap, beat: float) -> None:
    sample = tempo_map.sample_at(beat)
    assert abs(tempo_map.beat_at(sample) - beat) <= 240 / 60 / tempo_map.sample_rate


@given(maps(), bpms, samples)
def test_a_tempo_change_does_not_move_the_position_before_it(
    tempo_map: TempoMap, bpm: float, sample: int
) -> None:
    before = [tempo_map.beat_at(s) for s in (sample // 2, sample)]
    tempo_map.set_tempo(bpm, sample)
    assert [tempo_map.beat_at(s) for s in (sample // 2, sample)] == pytest.approx(before)
    assert tempo_map.beat_at(sample + tempo_map.sample_rate) == pytest.approx(before[1] + bpm / 60)


@given(maps(), samples, quanta)
def test_next_boundary_is_the_first_one_at_or_after(
    tempo_map: TempoMap, sample: int, quantum: Quantum
) -> None:
    beat, at = tempo_map.next_boundary(sample, quantum)
    assert at >= sample
    assert at == tempo_map.sample_at(beat)
    assert tempo_map.next_boundary(at, quantum) == (beat, at)
    if at > sample:
        assert tempo_map.next_boundary(sample + (at - sample) // 2, quantum) == (beat, at)


@given(maps(), samples, st.sampled_from([1, 2, 4, 8]))
def test_bar_boundaries_are_downbeats_of_the_grid(tempo_map: TempoMap, sample: int, size: int) -> None:
    beat, _ = tempo_map.next_boundary(sample, Quantum.parse(f"{size}M"))
    bar, within = tempo_map.bar_beat(beat)
    assert within == 1.0
    assert (bar - 1) % size == 0
    assert tempo_map.beat_of_bar(bar) == beat


@given(maps())
def test_bars_follow_each_other_without_gap(tempo_map: TempoMap) -> None:
    lines = [tempo_map.beat_of_bar(bar) for bar in range(1, 40)]
    assert all(later - earlier in (3, 4) for earlier, later in pairwise(lines))


def test_meter_change_waits_for_the_bar_line() -> None:
    tempo_map = TempoMap(48000, 120, 4)
    assert tempo_map.set_meter(3, 5.5) == 8.0
    assert tempo_map.bar_beat(7.5) == (2, 4.5)
    assert tempo_map.bar_beat(8.0) == (3, 1.0)
    assert tempo_map.bar_beat(11.0) == (4, 1.0)


def test_thousands_of_tempo_changes_keep_memory_and_position() -> None:
    tempo_map = TempoMap(48000, 120)
    for step in range(5000):
        tempo_map.set_tempo(60 + step % 2 * 60, step * 100)
    assert len(tempo_map.tempi) <= 1024
    assert tempo_map.beat_at(500_000) == pytest.approx(500_000 / 48000 * 1.5, rel=1e-2)


@pytest.mark.parametrize("bpm", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_tempo_is_refused(bpm: float) -> None:
    with pytest.raises(ValueError, match="BPM"):
        TempoMap(48000).set_tempo(bpm, 0)


def test_clock_refuses_a_bar_that_has_passed_and_names_the_first_possible() -> None:
    clock = InternalClock(48000, 120)
    assert clock.resolve(10, Quantum.parse("1M"), bar=2).sample == 96000
    with pytest.raises(ScheduleError, match="bar 3"):
        clock.resolve(96001, Quantum.parse("1M"), bar=2)


def test_clock_moment_of_the_next_bar() -> None:
    clock = InternalClock(48000, 120)
    moment = clock.resolve(1, Quantum.parse("1M"))
    assert (moment.sample, moment.bar, moment.beat, moment.beats) == (96000, 2, 1.0, 4.0)
    assert clock.resolve(123, Quantum.parse("now")).sample == 123
    assert clock.moment(48000).beat == 3.0
    assert clock.set_meter(3, 1).bar == 2
    assert clock.beats_per_bar_at(96000) == 3
    clock.set_tempo(60, 96000)
    assert clock.tempo_at(96000) == 60
