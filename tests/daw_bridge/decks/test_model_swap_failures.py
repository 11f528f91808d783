"""A model that was to take over, and what goes wrong meanwhile, judged by what was recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from daw_bridge.engine.base import OnEvent
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch
from tests.daw_bridge.decks.swapping import BAR, model, outcome, place, playing, quietest
from tests.daw_bridge.thread_engine import ThreadEngine


@pytest.mark.parametrize("name", ["fake:absent", "fake:fail=30", "fake:memory=30,codec=bells"])
def test_a_model_that_cannot_play_changes_nothing(tmp_path: Path, name: str) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        result = await outcome(model(on, name))
        assert name in result.error
        assert on.player.status().model == "fake"
        on.set("prompt", "600")
        now = on.player.status().sample
        samples.extend((start, now))
        await on.until(now + RATE)
        assert on.player.status().swap.state == "none"
        assert not on.player._host._beside

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert quietest(heard, samples[0]) > 0.3
    assert pitch(heard[samples[1] + RATE // 2 : samples[1] + RATE]) == 600


def test_the_new_worker_may_die_before_it_takes_over_and_after(tmp_path: Path) -> None:
    engines: list[ThreadEngine] = []

    def make(on_event: OnEvent, threads: int) -> ThreadEngine:
        engines.append(ThreadEngine(on_event, threads))
        return engines[-1]

    async def scene(on: Stage) -> None:
        start = await playing(on)
        results = model(on, "fake:up=400", when=6)
        while on.player.status().swap.state == "loading":
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.3)
        engines[1].die()
        assert "ended unexpectedly" in (await outcome(results)).error
        assert on.player.status().engine == "ready"
        at = place(on, await outcome(model(on, "fake:up=400")))
        await on.until(at + BAR)
        engines[2].die()
        await on.until(at + 4 * BAR)
        assert on.player.status().engine == "ready"
        assert on.player.status().metrics.restarts == 1
        assert on.player.status().model == "fake:up=400"
        samples.extend((start, on.player.status().sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path, make_engine=make)
    start, end = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[end - RATE // 2 : end - RATE // 4]) == 800


def test_the_old_worker_may_die_while_the_new_model_loads(tmp_path: Path) -> None:
    engines: list[ThreadEngine] = []

    def make(on_event: OnEvent, threads: int) -> ThreadEngine:
        engines.append(ThreadEngine(on_event, threads))
        return engines[-1]

    async def scene(on: Stage) -> None:
        start = await playing(on)
        results = model(on, "fake:up=400,load=0.6")
        await asyncio.sleep(0.2)
        engines[0].die()
        at = place(on, await outcome(results))
        samples.extend((start, at))
        await on.until(at + 2 * BAR)
        assert on.state() == "playing"

    samples: list[int] = []
    heard = perform(scene, tmp_path, make_engine=make)
    start, at = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[at + BAR : at + BAR + 9600]) == 800


def test_a_deck_that_holds_comes_back_in_the_new_model(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        on.tempo(240.0)
        on.set("prompt", "400")
        start = on.start().sample
        await on.until(start + 2 * RATE)
        assert on.player.status().underruns > 0
        at = place(on, await outcome(model(on, "fake:up=400")))
        samples.extend((start, at))
        await on.until(at + 2 * BAR)
        assert on.state() == "playing"

    samples: list[int] = []
    heard = perform(scene, tmp_path, model="fake:ms=30")
    start, at = samples
    assert quietest(heard, start + 9600) > 0.3
    assert pitch(heard[at + 700 : at + 5500]) == 800
