"""Takes and grabbed bars of a player that follows a host."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from daw_bridge.clock import BeatLine
from daw_bridge.decks.protocol import Result, When
from daw_bridge.takes.replay import replay
from tests.daw_bridge.clock.line_source import LineSource
from tests.daw_bridge.decks.hosted import clock, follow, running
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.takes.scene import takes_of
from tests.daw_bridge.thread_engine import ThreadEngine


def test_a_take_of_a_followed_clock_replays_and_knows_its_bars(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(16.2, 200.0)
        await follow(s)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE)
        host.line = BeatLine(time.monotonic(), host.line.beat_at(time.monotonic()) + 0.2, 180.0)
        s.set("prompt", "500", when="1M")
        await s.until(start.sample + 3 * RATE)
        maps.append((clock(s).map.tempi, clock(s).map.meters))
        s.stop()
        await asyncio.sleep(0.4)

    maps: list[tuple[object, object]] = []
    (take,) = takes_of(tmp_path, scene)
    assert replay(take, loader=LOADER, make_engine=ThreadEngine).identical
    (tempi, meters) = maps[0]
    assert take.clock.tempi[-len(tempi) :] == tempi  # type: ignore[arg-type]
    assert take.clock.meters == meters


def test_bars_played_before_the_host_moved_can_still_be_grabbed(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + 2 * RATE + RATE // 4)
        s.stop()
        await asyncio.sleep(0.3)
        host.line = running(1000.7, 100.0)
        await follow(s)
        results: list[Result] = []
        s.player.command("/bridge/deck/{deck}/grab", 1, (2,), When(), results.append)
        while not results:
            await asyncio.sleep(0.01)
        assert results[0].values[1] == pytest.approx(2.0)

    perform(scene, tmp_path)
