from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.clock import Quantum, TempoMap


def test_a_bar_can_begin_early_and_others_follow_from_it() -> None:
    tempo_map = TempoMap(48000, 120, 4)
    tempo_map.set_bar(9, 6.0, 3)
    assert tempo_map.bar_beat(5.5) == (2, 2.5)
    assert tempo_map.bar_beat(6.0) == (9, 1.0)
    assert tempo_map.bar_beat(9.0) == (10, 1.0)
    assert tempo_map.beat_of_bar(10) == 9.0


def test_a_bar_left_out_is_the_next_that_there_is() -> None:
    tempo_map = TempoMap(48000, 120, 4)
    tempo_map.set_bar(9, 6.0, 4)
    assert tempo_map.beat_of_bar(5) == 6.0
    assert tempo_map.next_boundary(round(4.5 * 24000), Quantum.parse("1M")) == (6.0, 144000)
    assert tempo_map.next_boundary(round(4.5 * 24000), Quantum.parse("4M")) == (6.0, 144000)
    assert tempo_map.next_boundary(round(6.5 * 24000), Quantum.parse("4M"))[0] == 22.0


@pytest.mark.parametrize(("bar", "beat"), [(2, 6.0), (1, 4.0), (0, 0.0)])
def test_bars_never_count_backwards(bar: int, beat: float) -> None:
    with pytest.raises(ValueError, match="at least bar"):
        TempoMap(48000, 120, 4).set_bar(bar, beat, 4)


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 20), st.integers(2, 7)), max_size=6))
def test_boundaries_of_maps_with_short_bars_are_bar_lines_at_or_after(
    cuts: list[tuple[int, int, int]],
) -> None:
    tempo_map = TempoMap(48000, 120, 4)
    for beat, ahead, size in sorted(cuts):
        tempo_map.set_bar(tempo_map.bar_beat(float(beat))[0] + ahead, float(beat), size)
    for quantum, bars in (("1M", 1), ("4M", 4)):
        for beat in range(0, 420, 7):
            line, sample = tempo_map.next_boundary(beat * 24000, Quantum.parse(quantum))
            bar, within = tempo_map.bar_beat(line)
            assert sample >= beat * 24000
            assert within == 1.0
            assert (bar - 1) % bars == 0
    bars_seen = [tempo_map.bar_beat(beat / 2)[0] for beat in range(900)]
    assert all(earlier <= later for earlier, later in pairwise(bars_seen))


def test_a_map_can_be_placed_anew() -> None:
    tempo_map = TempoMap(48000, 120, 4)
    tempo_map.set_tempo(90, 48000)
    tempo_map.set_meter(3, 4.0)
    tempo_map.place(96000, 33.5, 60.0, 4)
    assert tempo_map.beat_at(96000 + 48000) == 34.5
    assert tempo_map.bar_beat(33.5) == (9, 2.5)
    with pytest.raises(ValueError, match="BPM"):
        tempo_map.place(0, 0.0, 0.0, 4)
    with pytest.raises(ValueError, match="not possible"):
        tempo_map.place(0, 0.0, 120.0, 0)
