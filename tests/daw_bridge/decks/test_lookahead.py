from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.lookahead import HIGH_S, LOW_S, Lookahead
from tests.daw_bridge.decks.stage import RATE, Stage, perform


def settled(speed: float) -> Lookahead:
    lookahead = Lookahead()
    for _ in range(400):
        lookahead.measured(speed, 0)
    return lookahead


@pytest.mark.parametrize(
    ("speed", "seconds"), [(8.0, LOW_S), (3.0, 0.75), (2.0, 1.0), (1.25, 2.5), (0.7, HIGH_S)]
)
def test_the_slower_the_model_the_farther_ahead(speed: float, seconds: float) -> None:
    assert settled(speed).seconds == pytest.approx(seconds)


def test_it_grows_at_once_and_shrinks_slowly() -> None:
    lookahead = settled(8.0)
    lookahead.measured(1.5, 0)
    assert lookahead.seconds == pytest.approx(1.5)
    lookahead.measured(8.0, 0)
    assert 1.0 < lookahead.seconds < 1.5


def test_a_hold_makes_it_longer_and_that_wears_off() -> None:
    lookahead = settled(3.0)
    before = lookahead.seconds
    lookahead.measured(3.0, 1)
    assert lookahead.seconds == pytest.approx(1.5 * before)
    for _ in range(60):
        lookahead.measured(3.0, 1)
    assert 1.3 * before < lookahead.seconds < 1.4 * before
    for _ in range(1500):
        lookahead.measured(3.0, 1)
    assert lookahead.seconds == pytest.approx(before, rel=1e-3)


@given(st.lists(st.tuples(st.floats(0.0, 1000.0), st.integers(0, 50)), max_size=60))
def test_it_stays_within_its_bounds(course: list[tuple[float, int]]) -> None:
    lookahead = Lookahead()
    for speed, holds in course:
        lookahead.measured(speed, holds)
        assert LOW_S <= lookahead.seconds <= HIGH_S


def test_a_fixed_one_does_not_move() -> None:
    lookahead = Lookahead(1.5)
    lookahead.measured(0.5, 7)
    assert lookahead.seconds == 1.5


def test_the_player_takes_little_from_a_fast_model_or_what_was_asked_for(
    tmp_path: Path,
) -> None:
    async def lead(s: Stage) -> float:
        start = s.start()
        await s.until(start.sample + RATE)
        return s.player.status().decks[0].lead_s

    async def adapts(s: Stage) -> None:
        leads.append(await lead(s))

    leads: list[float] = []
    perform(adapts, tmp_path, model="fake:ms=1")
    perform(adapts, tmp_path, model="fake:ms=1", lookahead_ms=2000.0)
    assert leads[0] == pytest.approx(0.66, abs=0.2)
    assert leads[1] == pytest.approx(2.06, abs=0.2)


def test_an_offset_moves_the_position_and_the_times_of_acknowledgements(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start()
        await s.until(start.sample + RATE)
        for offset in (400.0, -400.0):
            before = s.player.status()
            written = s.player._output.written
            s.set("latency/offset", offset, deck=None)
            await asyncio.sleep(0.05)
            after = s.player.status()
            moved = (after.sample - before.sample) - (s.player._output.written - written)
            assert moved / RATE == pytest.approx(-0.4 if offset > 0 else 0.46, abs=0.03)
            assert after.latency_s == pytest.approx(max(0.0, 0.06 + offset / 1000), abs=1e-6)
        stop = s.stop("1M")
        assert stop.seconds == pytest.approx((stop.sample - s.player._output.written) / RATE, abs=0.03)

    perform(scene, tmp_path)
