"""One run gives way to another: nothing is silent between them, however late the other is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.daw_bridge.decks.test_run import BAR, BLOCK, HOP, Script

START, LINE = 1000, 1000 + BAR


@pytest.fixture
def pair() -> Iterator[tuple[Script, Script]]:
    old, new = Script(start=START), Script(start=LINE)
    old.produce(200)
    old.run.stop, old.run.follower = LINE, new.run
    yield old, new
    for each in (old, new):
        each.run.close()
        each.ring.close()


def both(old: Script, new: Script, at: int, count: int = BLOCK) -> np.ndarray:
    """What a deck reads: the one that follows first."""
    heard = new.read(at, count)
    old.run.wait(at + count)
    return heard + old.read(at, count)


def play(old: Script, new: Script, late: int, until: int) -> np.ndarray:
    """Blocks up to an output sample; the new voice's music comes when it is ``late`` samples late."""
    blocks = []
    for at in range(START, until, BLOCK):
        if at >= LINE + late and not new.pcm:
            new.produce(200)
        blocks.append(both(old, new, at))
    return np.concatenate(blocks)


def test_a_voice_that_is_ready_takes_over_on_the_line(pair: tuple[Script, Script]) -> None:
    old, new = pair
    heard = play(old, new, -2000, LINE + BAR // 2)
    assert heard[100:].min() > 0.3
    assert old.run.stop == LINE
    assert old.run.ended(LINE + BAR // 2)
    assert new.run.underruns == 0


@pytest.mark.parametrize("late", [1, 300, 5000, BAR - 100, BAR + 5000, 2 * BAR + 77])
def test_what_sounds_plays_on_until_the_one_that_follows_is_there(
    pair: tuple[Script, Script], late: int
) -> None:
    old, new = pair
    heard = play(old, new, late, LINE + 3 * BAR)
    assert heard[100:].min() > 0.3
    assert new.run.sounding
    assert old.run.stop is not None
    assert LINE + late <= old.run.stop + BLOCK <= LINE + late + 3 * BLOCK
    assert old.run.ended(LINE + 3 * BAR)
    assert (new.run.origin - LINE) % BAR == 0


def test_a_stop_ends_both_while_one_waits_for_the_other(pair: tuple[Script, Script]) -> None:
    old, new = pair
    stop = LINE + 20 * BLOCK
    heard = []
    for at in range(START, LINE + BAR, BLOCK):
        if at >= stop - 5 * BLOCK:
            new.run.stop = stop
        heard.append(both(old, new, at))
    played = np.concatenate(heard)
    assert played[100 : stop - START - BLOCK].min() > 0.3
    assert not played[stop - START + 2 * BLOCK + HOP :].any()


def test_one_that_fails_leaves_its_turn_to_the_one_after_it(pair: tuple[Script, Script]) -> None:
    old, new = pair
    third = Script(start=LINE + BAR)
    try:
        new.run.stop, new.run.follower = LINE + BAR, third.run
        heard = []
        for at in range(START, LINE + 2 * BAR, BLOCK):
            if at >= LINE + BAR // 2:
                new.run.close()
            if at >= LINE + BAR + 3000 and not third.pcm:
                third.produce(200)
            first = third.read(at, BLOCK)
            heard.append(first + both(old, new, at))
        assert np.concatenate(heard)[100:].min() > 0.3
        assert third.run.sounding
    finally:
        third.run.close()
        third.ring.close()


def test_one_that_is_taken_back_is_not_waited_for(pair: tuple[Script, Script]) -> None:
    old, new = pair
    new.run.close()
    heard = play(old, new, 10 * BAR, LINE + BAR)
    assert not heard[LINE - START + 2 * BLOCK + HOP :].any()
