"""How the runs of a deck follow on one another when starts, stops, faults and other models meet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock.quantum import NOW
from daw_bridge.decks import recovery
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.protocol import When
from daw_bridge.engine.base import OnEvent
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch
from tests.daw_bridge.decks.swapping import model, outcome, place, playing, quietest
from tests.daw_bridge.thread_engine import ThreadEngine

BAR = RATE  # at 240 BPM


class Crashes:
    """Makes engines whose first one can be ended as a crash would."""

    def __init__(self) -> None:
        self.engines: list[ThreadEngine] = []

    def __call__(self, on_event: OnEvent, threads: int) -> ThreadEngine:
        self.engines.append(ThreadEngine(on_event, threads))
        return self.engines[-1]

    async def crash(self, s: Stage) -> None:
        """Lose the worker, and see a new one take its place."""
        restarts = s.player.status().metrics.restarts
        self.engines[0].die()
        while s.player.status().metrics.restarts == restarts or s.player.status().engine != "ready":
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.03)


def deck(s: Stage) -> Deck:
    assert s.player._parts is not None
    return s.player._parts.decks[0]


def kinds(s: Stage) -> list[str]:
    return [run.begins_by for run in deck(s).runs]


async def recovered(s: Stage) -> None:
    """Until the deck plays what is new again, in one voice."""
    for _ in range(400):
        if s.state() == "playing" and len(deck(s).runs) == 1:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{s.state()}: {kinds(s)}")


def test_a_start_overrules_a_planned_stop_so_that_cancelling_the_stop_leaves_one_voice(
    tmp_path: Path,
) -> None:
    async def scene(s: Stage) -> None:
        start = await playing(s)
        s.stop("8M")
        second = s.start("2M")
        s.cancel("stop")
        await s.until(second.sample + BAR)
        assert [run.start for run in deck(s).runs] == [second.sample]
        samples.extend((start, second.sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert np.abs(heard[samples[1] + 2400 : samples[1] + BAR // 2]).max() < 0.55


def test_a_stop_that_was_planned_before_the_worker_was_lost_can_be_cancelled_after(tmp_path: Path) -> None:
    crashes = Crashes()

    async def scene(s: Stage) -> None:
        await playing(s)
        stop = s.stop("8M")
        await crashes.crash(s)
        assert kinds(s) == ["start", "resume"]
        s.cancel("stop")
        await s.until(stop.sample + BAR // 2)
        assert s.state() == "playing"

    perform(scene, tmp_path, make_engine=crashes)


@pytest.mark.parametrize("name", ["", "start", "all"])
def test_what_is_cancelled_while_a_deck_recovers_leaves_its_recovery_alone(tmp_path: Path, name: str) -> None:
    crashes = Crashes()

    async def scene(s: Stage) -> None:
        start = await playing(s)
        await crashes.crash(s)
        assert kinds(s) == ["start", "resume"]
        back = deck(s).runs[-1]
        following = s.player.status().decks[0].following
        assert following is not None
        assert following.name == "resume"
        if name == "all":
            s.cancel(deck=None)
        else:
            s.cancel(name)
        assert kinds(s) == ["start", "resume"]
        await s.until(back.start + BAR // 2)
        await recovered(s)
        assert deck(s).runs == (back,)
        samples.append(start)

    samples: list[int] = []
    heard = perform(scene, tmp_path, make_engine=crashes)
    assert quietest(heard, samples[0]) > 0.3


@pytest.mark.parametrize("wish", ["start", "stop"])
def test_a_wish_that_forestalls_the_recovery_and_is_cancelled_lets_the_deck_recover_later(
    tmp_path: Path, wish: str
) -> None:
    crashes = Crashes()

    async def scene(s: Stage) -> None:
        await playing(s)
        await crashes.crash(s)
        back = deck(s).runs[-1]
        ack = s.start("1/16") if wish == "start" else s.stop("1/16")
        assert ack.sample <= back.start
        assert "resume" not in kinds(s)
        s.cancel(wish)
        await s.until(back.start + 2 * BAR)
        await recovered(s)

    perform(scene, tmp_path, make_engine=crashes)


def test_a_start_that_waits_holds_up_no_recovery_and_is_kept(tmp_path: Path) -> None:
    crashes = Crashes()

    async def scene(s: Stage) -> None:
        await playing(s)
        second = s.start(bar=7)
        await crashes.crash(s)
        assert kinds(s) == ["start", "resume", "start"]
        assert deck(s).runs[1].start < second.sample - 2 * BAR
        await s.until(deck(s).runs[1].start + BAR // 2)
        assert s.state() == "playing"
        await s.until(second.sample + BAR // 2)
        assert [run.start for run in deck(s).runs] == [second.sample]
        assert s.state() == "playing"

    perform(scene, tmp_path, make_engine=crashes)


def test_a_start_that_was_opened_anew_can_be_cancelled(tmp_path: Path) -> None:
    crashes = Crashes()

    async def scene(s: Stage) -> None:
        await playing(s)
        second = s.start(bar=6)
        await crashes.crash(s)
        s.cancel("start")
        assert kinds(s) == ["start", "resume"]
        await s.until(second.sample + BAR // 2)
        assert s.state() == "playing"

    perform(scene, tmp_path, make_engine=crashes)


def test_a_worker_that_is_lost_again_before_the_deck_is_back_delays_that_alone(tmp_path: Path) -> None:
    crashes = Crashes()

    async def scene(s: Stage) -> None:
        start = await playing(s)
        second = s.start(bar=8)
        await crashes.crash(s)
        await crashes.crash(s)
        assert kinds(s) == ["start", "resume", "start"]
        back = deck(s).runs[1]
        assert back.sent > 0
        assert back.origin < back.start
        await s.until(back.start + BAR // 2)
        assert s.state() == "playing"
        await s.until(second.sample + BAR // 2)
        assert [run.start for run in deck(s).runs] == [second.sample]
        samples.append(start)

    samples: list[int] = []
    heard = perform(scene, tmp_path, make_engine=crashes)
    assert quietest(heard, samples[0]) > 0.3


def test_a_voice_that_fails_while_a_start_waits_goes_on_at_the_next_bar(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        second = s.start(bar=7)
        while "resume" not in kinds(s):
            await asyncio.sleep(0.01)
        assert kinds(s) == ["start", "resume", "start"]
        assert deck(s).runs[1].start < second.sample
        await s.until(deck(s).runs[1].start + BAR // 2)
        assert s.state() == "playing"
        await s.until(second.sample + BAR // 2)
        assert s.state() == "playing"
        assert deck(s).runs[0].start == second.sample

    perform(scene, tmp_path, model="fake:memory=130")


def test_a_start_whose_voice_fails_while_it_waits_is_prepared_anew_for_its_line(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        second = s.start("2M")
        waiting = deck(s).runs[-1]
        s.player.voice_failed(waiting.number, "it fell over", False)
        assert waiting.closed
        assert [run.start for run in deck(s).runs][1:] == [second.sample]
        assert "prepared anew" in s.notices[-1].text
        await s.until(second.sample + BAR // 2)
        assert [run.start for run in deck(s).runs] == [second.sample]
        assert s.state() == "playing"

    perform(scene, tmp_path)


def test_a_fault_of_all_decks_is_survived_by_all(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        for number in range(1, 8):
            start = s.start(deck=number)
        await s.until(start.sample + BAR // 4)
        assert s.player._parts is not None
        decks = s.player._parts.decks[:7]
        for each in decks:
            s.player.voice_failed(each.runs[-1].number, "CUDA out of memory", True)
        assert not [n.text for n in s.notices if "keeps failing" in n.text]
        assert [[run.begins_by for run in each.runs] for each in decks] == [["start", "resume"]] * 7

    perform(scene, tmp_path, decks=7)


def test_a_fault_of_two_voices_of_a_deck_counts_once_and_the_sixth_in_a_minute_is_one_too_many(
    tmp_path: Path,
) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        second = s.start("4M")
        for _ in range(recovery.MAX_FAILURES):
            for run in [run for run in deck(s).runs if run.begins_by == "start"]:
                s.player.voice_failed(run.number, "it fell over", True)
            assert not [n.text for n in s.notices if "keeps failing" in n.text]
            await asyncio.sleep(1.2 * recovery.BATCH_S)
        s.player.voice_failed(deck(s).runs[-1].number, "it fell over", True)
        assert (
            "deck 1 keeps failing (it fell over): what waited for its start is given up" in s.notices[-1].text
        )
        await s.until(second.sample + BAR // 2)
        assert second.sample not in [run.start for run in deck(s).runs]
        assert s.state() in ("playing", "holding")

    perform(scene, tmp_path)


def test_what_waits_for_its_bar_when_another_model_takes_over_can_be_cancelled_after(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = await playing(s)
        second = s.start(bar=9)
        results = model(s, "fake:up=400")
        while "model" not in kinds(s):
            await asyncio.sleep(0.005)
        s.cancel()
        assert kinds(s)[:2] == ["start", "model"]
        at = place(s, await outcome(results))
        assert at < second.sample
        await s.until(second.sample + BAR // 2)
        assert s.state() == "playing"
        samples.extend((start, at, second.sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, at, second = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[at + 700 : at + 5500]) == 800
    assert pitch(heard[second + 700 : second + 5500]) == 800


def test_a_stop_that_forestalls_another_model_and_is_cancelled_lets_the_deck_go_over_later(
    tmp_path: Path,
) -> None:
    async def scene(s: Stage) -> None:
        start = await playing(s)
        results = model(s, "fake:up=400")
        while "model" not in kinds(s):
            await asyncio.sleep(0.005)
        s.stop("1/16")
        assert kinds(s) == ["start"]
        s.cancel("stop")
        at = place(s, await outcome(results))
        await s.until(at + 2 * BAR)
        await recovered(s)
        assert deck(s).runs[0].geometry is deck(s).voicing.geometry
        samples.extend((start, s.player._output.written))
        await s.until(samples[-1] + BAR)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert quietest(heard, samples[0]) > 0.3
    assert pitch(heard[samples[1] : samples[1] + 4800]) == 800


def test_what_waits_for_its_bar_follows_on_the_other_models_voice(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        second = s.start(bar=9)
        result = await outcome(model(s, "fake:up=400"))
        assert place(s, result) < second.sample
        await asyncio.sleep(0.05)
        first, waiting = deck(s).runs
        assert first.follower is waiting
        assert (first.stop, waiting.begins_by) == (second.sample, "start")
        await s.until(second.sample + BAR // 2)
        assert deck(s).runs == (waiting,)

    perform(scene, tmp_path)


@pytest.mark.parametrize("bar", [6, 9])
def test_a_choice_that_waits_for_its_bar_is_withdrawn_when_another_model_takes_over_before(
    tmp_path: Path, bar: int
) -> None:
    async def scene(s: Stage) -> None:
        start = await playing(s)
        s.player.command("/bridge/deck/{deck}/choices", 1, (1, 1), When())
        while s.player.status().decks[0].choices.state != "ready":
            await asyncio.sleep(0.01)
        taken = s.player.command("/bridge/deck/{deck}/commit", 1, (1,), When(NOW, bar))
        at = place(s, await outcome(model(s, "fake:up=400", when=6)))
        assert at == start + 5 * BAR
        texts = [n.text for n in s.notices if n.kind == "warning"]
        assert (
            f"deck 1 plays on at bar {bar}: the choice that was to be taken there was prepared by the model"
            in texts[-1]
        )
        assert s.player.status().decks[0].choices.committed == 0
        await s.until(taken.sample + BAR // 2)
        assert s.state() == "playing"
        assert kinds(s) == ["model"]
        samples.extend((start, taken.sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path, channels=4)
    assert quietest(heard, samples[0]) > 0.3
    assert pitch(heard[samples[1] + 1000 : samples[1] + 5800]) == 800


def test_a_choice_whose_voice_fails_before_its_bar_is_not_taken_and_the_deck_plays_on(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        s.player.command("/bridge/deck/{deck}/choices", 1, (1, 1), When())
        while s.player.status().decks[0].choices.state != "ready":
            await asyncio.sleep(0.01)
        taken = s.player.command("/bridge/deck/{deck}/commit", 1, (1,), When(NOW, 5))
        s.player.voice_failed(deck(s).runs[-1].number, "it fell over", False)
        assert "choice 1 of deck 1 failed (it fell over)" in s.notices[-1].text
        assert kinds(s) == ["start"]
        await s.until(taken.sample + BAR // 2)
        assert s.state() == "playing"

    perform(scene, tmp_path, channels=4)
