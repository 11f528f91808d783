"""The song's clock when it jumps, and what the state says of the place in the song."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.melody.place import SongPlace
from tests.daw_bridge.fake_player import FakePlayer

RATE = 48000


def place(clock: SongClock, sample: int) -> SongPlace:
    """The place in the song that a state at an output sample tells."""
    moment = clock.moment(sample)
    size = clock.beats_per_bar_at(sample)
    told = replace(
        FakePlayer().status(), bar=moment.bar, beat=moment.beat, beats=moment.beats, beats_per_bar=size,
        origin=clock.origin,
    )  # fmt: skip
    return told.place


def passed(clock: SongClock, sample: int) -> float:
    """Beats that have passed in all, by the place in the song."""
    found = place(clock, sample)
    return found.beat + found.origin


@given(st.lists(st.tuples(st.booleans(), st.integers(0, RATE), st.floats(-8.0, 400.0)), max_size=8))
def test_beats_that_have_passed_go_on_wherever_the_song_jumps(jumps: list[tuple[bool, int, float]]) -> None:
    clock, sample = SongClock(RATE, 120.0, 4), 0
    for anew, later, beat in jumps:
        sample += later
        before = passed(clock, sample)
        if anew:
            clock.restart(sample)
            assert place(clock, sample).beat == 0.0
        else:
            _relocate(clock, sample, beat)
            assert place(clock, sample).beat == pytest.approx(beat)
        assert passed(clock, sample) == pytest.approx(before, abs=1e-6)


def _relocate(clock: SongClock, sample: int, beat: float) -> None:
    old, tempi = clock.map, clock.map.tempi

    def put(song: TempoMap) -> None:
        song.place(sample, beat, 97.0, 3)

    clock.relocate(sample, put)
    # what was played keeps the old one
    assert clock.map is not old
    assert old.tempi == tempi


def test_another_meter_counts_the_songs_beats_otherwise_and_says_so() -> None:
    clock = SongClock(RATE, 60.0, 4)
    clock.set_meter(3, 9 * RATE)
    in_four, in_three = place(clock, 11 * RATE), place(clock, 13 * RATE)
    assert in_four == SongPlace(11.0, 4, 0.0)
    # bar 4 has begun, by bars of three
    assert in_three == SongPlace(10.0, 3, 3.0)


def test_a_clock_that_is_followed_at_its_tempo_has_not_jumped() -> None:
    clock = SongClock(RATE, 120.0, 4)
    clock.relocate(RATE, lambda song: song.set_tempo(133.0, RATE))
    assert clock.origin == 0.0
    assert clock.map.tempi[-1].bpm == 133.0
