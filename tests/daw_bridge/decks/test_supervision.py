from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.decks import engine_host
from daw_bridge.decks.run import Run
from daw_bridge.engine.base import OnEvent
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.thread_engine import ThreadEngine


def quietest(heard: np.ndarray, start: int) -> float:
    """The lowest peak of 10 ms between a start and half a second before the end."""
    return min(float(np.abs(heard[n : n + 480]).max()) for n in range(start + 480, len(heard) - 24000, 480))


async def played_until_lost(s: Stage) -> tuple[int, Run]:
    """Play until the voice is lost; where it began, and the run that goes on from its tokens."""
    s.tempo(240.0)
    s.set("prompt", "400")
    start = s.start()
    deck = s.player._parts.decks[0]  # type: ignore[union-attr]
    first = deck.runs[-1]
    while deck.runs[-1] is first:
        await asyncio.sleep(0.02)
    after = deck.runs[-1]
    assert after.start > after.origin
    return start.sample, after


def test_a_voice_that_ran_out_of_memory_goes_on_at_a_bar_from_its_last_tokens(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start, after = await played_until_lost(s)
        samples.append(start)
        assert (after.start - start) % RATE == 0
        await s.until(after.start + RATE)
        assert s.state() == "playing"
        assert any("MemoryError" in n.text and "goes on" in n.text for n in s.notices)
        assert s.player.status().metrics.restarts == 0

    samples: list[int] = []
    heard = perform(scene, tmp_path, model="fake:memory=160")
    assert quietest(heard, samples[0]) > 0.3


def test_a_worker_whose_gpu_failed_is_replaced_and_the_deck_goes_on_from_its_last_tokens(
    tmp_path: Path,
) -> None:
    async def scene(s: Stage) -> None:
        start, after = await played_until_lost(s)
        samples.append(start)
        await s.until(after.start + RATE)
        assert s.state() == "playing"
        assert any("illegal memory access" in n.text and "restarting" in n.text for n in s.notices)
        assert s.player.status().metrics.restarts == 1

    samples: list[int] = []
    heard = perform(scene, tmp_path, model="fake:fault=160")
    assert quietest(heard, samples[0]) > 0.3


def test_workers_that_last_are_always_replaced_and_those_that_do_not_only_three_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines: list[ThreadEngine] = []

    def make(on_event: OnEvent, threads: int) -> ThreadEngine:
        engines.append(ThreadEngine(on_event, threads))
        return engines[-1]

    async def die(s: Stage) -> str:
        engines[0].die()
        await asyncio.sleep(0.02)
        while s.player.status().engine == "restarting":
            await asyncio.sleep(0.01)
        return s.player.status().engine

    async def scene(s: Stage) -> None:
        monkeypatch.setattr(engine_host, "LASTING_S", 0.0)
        assert [await die(s) for _ in range(5)] == ["ready"] * 5
        monkeypatch.setattr(engine_host, "LASTING_S", 10.0)
        s.player._host.current._short_lives = 0
        assert [await die(s) for _ in range(4)] == ["ready"] * 3 + ["failed"]
        assert s.player.status().metrics.restarts == 8
        assert "none lasted 10 s" in s.notices[-1].text

    perform(scene, tmp_path, make_engine=make)
