"""What is set while a deck waits for its start is heard from that start on, wherever it comes to lie."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch


def test_what_was_set_for_a_far_start_is_heard_from_the_one_that_replaces_it(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        s.start(bar=33)
        await asyncio.sleep(0.3)
        assert s.state() == "armed"
        s.set("prompt", "800")
        await asyncio.sleep(0.3)
        start = s.start("now")
        await s.until(start.sample + RATE)
        samples.append(start.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    (start,) = samples
    assert pitch(heard[start + 100 : start + 6000]) == 800
    assert pitch(heard[start + RATE // 2 : start + RATE]) == 800


def test_what_was_set_is_heard_from_a_start_that_a_faster_tempo_brought_forward(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("mute", True, deck=2)
        first = s.start(deck=2)
        s.set("prompt", "400")
        far = s.start(bar=4).sample
        await s.until(first.sample + RATE // 4)
        s.set("prompt", "800")
        await asyncio.sleep(0.2)
        s.tempo(300.0)
        await asyncio.sleep(0.3)
        start = s.player._parts.decks[0].runs[0].start  # type: ignore[union-attr]
        assert start < far - RATE
        await s.until(start + RATE)
        samples.append(start)

    samples: list[int] = []
    heard = perform(scene, tmp_path, decks=2)
    (start,) = samples
    assert np.abs(heard[start - 2000 : start]).max() < 1e-3
    assert pitch(heard[start + 100 : start + 6000]) == 800
    assert pitch(heard[start + RATE // 2 : start + RATE]) == 800


def test_what_is_planned_for_a_later_bar_than_the_start_stays_there(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start(bar=2)
        s.set("prompt", "800", when=3)
        await asyncio.sleep(0.2)
        s.set("prompt", "600")
        await s.until(start.sample + RATE + RATE // 2)
        samples.append(start.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    (start,) = samples
    assert pitch(heard[start + 100 : start + 6000]) == 600
    assert pitch(heard[start + RATE // 2 : start + RATE - 500]) == 600
    assert pitch(heard[start + RATE + 500 : start + RATE + 6000]) == 800
