from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.errors import ClipError
from daw_bridge.takes.memory import MEMORY_S, DeckMemory

RATE = 8000


def sound(start: int, stop: int) -> np.ndarray:
    t = np.arange(start, stop)
    return np.stack([np.sin(t * 0.013), np.cos(t * 0.029)], axis=1).astype(np.float32)


def played(clock: TempoMap, start: int, stop: int, block: int = 333) -> DeckMemory:
    memory = DeckMemory(RATE, 2, lambda: clock)
    for at in range(start, stop, block):
        memory.write(at, sound(at, min(at + block, stop)))
    return memory


@given(st.floats(60, 200), st.integers(1, 8), st.integers(0, 5000), st.sampled_from([3, 4]))
def test_the_last_whole_bars_are_exact_and_where_they_were_played(
    bpm: float, bars: int, more: int, meter: int
) -> None:
    clock = TempoMap(RATE, bpm, meter)
    last = clock.sample_at(clock.beat_of_bar(12))
    grabbed = played(clock, 0, last + more).grab(bars, last + more, "A minor")
    end_bar, _ = clock.bar_beat(clock.beat_at(last + more) + 1e-6)
    start = clock.sample_at(clock.beat_of_bar(end_bar - bars))
    assert (grabbed.first_bar, grabbed.bars, grabbed.sample) == (end_bar - bars, bars, start)
    assert len(grabbed.sound) == round(bars * meter * 60 * RATE / bpm)
    body = len(grabbed.sound) - 100
    assert np.array_equal(grabbed.sound[:body], sound(start, start + body))
    assert grabbed.music.tempo == pytest.approx(bpm)
    assert (grabbed.music.beats, grabbed.music.beats_per_bar) == (bars * meter, meter)
    assert len(grabbed.music.cues) == bars


def test_the_loop_point_is_no_larger_step_than_the_music_has() -> None:
    clock = TempoMap(RATE, 97.0)
    memory = played(clock, 0, 30 * RATE)
    grabbed = memory.grab(4, 30 * RATE).sound
    twice = np.concatenate([grabbed, grabbed])
    steps = np.abs(np.diff(twice, axis=0)).max(axis=1)
    seam = len(grabbed)
    usual = steps[: seam - 200].max()
    assert steps[seam - 200 : seam + 200].max() < 1.5 * usual


def test_bars_that_have_not_sounded_are_refused_with_how_many_there_are() -> None:
    clock = TempoMap(RATE, 120.0)
    bar = 2 * RATE
    memory = played(clock, 0, 4 * bar + 100)
    assert memory.grab(4, 4 * bar + 100).first_bar == 1
    with pytest.raises(ClipError, match="4 whole bars can be had: 5 have not sounded"):
        memory.grab(5, 4 * bar + 100)
    with pytest.raises(ClipError, match="3 whole bars"):
        memory.grab(4, 4 * bar - 10)
    with pytest.raises(ClipError, match="nothing has sounded"):
        DeckMemory(RATE, 2, lambda: clock).grab(1, 5000)


def test_a_start_within_a_bar_does_not_count_that_bar() -> None:
    clock = TempoMap(RATE, 120.0)
    memory = played(clock, 5000, 5 * 2 * RATE)
    assert memory.grab(4, 10 * RATE).first_bar == 2
    with pytest.raises(ClipError, match="4 whole bars"):
        memory.grab(5, 10 * RATE)


def test_more_than_is_remembered_is_refused_with_what_fits() -> None:
    clock = TempoMap(RATE, 40.0)
    memory = played(clock, 0, round(100 * RATE), block=RATE)
    assert memory.grab(10, 100 * RATE).bars == 10
    with pytest.raises(ClipError, match=f"{MEMORY_S:g} s .* at most 10"):
        memory.grab(11, 100 * RATE)


def test_what_was_played_stays_after_the_stop_and_goes_with_the_next_start() -> None:
    clock = TempoMap(RATE, 120.0)
    memory = played(clock, 0, 5 * RATE)
    memory.write(5 * RATE, None)
    assert memory.grab(2, 50 * RATE).first_bar == 1
    memory.write(50 * RATE, sound(0, 100))
    with pytest.raises(ClipError, match="0 whole bars"):
        memory.grab(1, 50 * RATE + 100)


def test_a_change_of_tempo_within_keeps_the_length_as_played() -> None:
    clock = TempoMap(RATE, 120.0)
    clock.set_tempo(100.0, 3 * RATE)
    stop = clock.sample_at(clock.beat_of_bar(4))
    grabbed = played(clock, 0, stop + 10).grab(3, stop + 5)
    assert len(grabbed.sound) == stop
    assert 100.0 < grabbed.music.tempo < 120.0
    assert grabbed.music.beats == 12
