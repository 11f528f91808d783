"""Listeners to a player that plays: what is told is what holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from daw_bridge.control.dispatch import Dispatcher
from tests.daw_bridge.control.test_dispatch import Listener
from tests.daw_bridge.decks.stage import Stage, stage

GAIN, PROMPT, STATE = "/bridge/deck/1/gain", "/bridge/deck/1/prompt", "/bridge/deck/1/state"
Scene = Callable[[Stage, Dispatcher, Listener], Awaitable[None]]


def play(scene: Scene, folder: Path) -> Listener:
    """A scene with a listener to gain, prompt and state of a deck that plays at 240 BPM."""
    listener = Listener()

    async def run() -> None:
        async with stage(folder, record=None) as on:
            dispatcher = Dispatcher(on.player)
            on.tempo(240.0)
            for address in (GAIN, PROMPT, STATE):
                dispatcher.submit(listener, f"{address}/listen")
            await on.until(on.start().sample + 1000)
            await scene(on, dispatcher, listener)
            dispatcher.close()

    asyncio.run(run())
    return listener


async def told(listener: Listener, address: str, *values: object) -> None:
    """Until a listener has been told something."""
    for _ in range(500):
        if (address, *values) in listener.got:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not told {address} {values}, but {listener.got[-5:]}")


def test_a_value_for_a_bar_is_told_when_the_bar_is_there_also_to_who_set_it(tmp_path: Path) -> None:
    async def scene(on: Stage, dispatcher: Dispatcher, listener: Listener) -> None:
        bar = on.player.status().bar + 2
        dispatcher.submit(listener, GAIN, (-6.0, bar))
        await told(listener, GAIN, -6.0)
        assert on.player.status().bar >= bar - 1
        assert listener.got.count((GAIN, 0.0)) == 2

    play(scene, tmp_path)


def test_a_cancelled_value_is_told_to_be_the_old_one(tmp_path: Path) -> None:
    async def scene(on: Stage, dispatcher: Dispatcher, listener: Listener) -> None:
        other = Listener()
        dispatcher.submit(other, PROMPT, ("600", "8M"))
        await told(listener, PROMPT, "600")
        listener.got.clear()
        dispatcher.submit(other, "/bridge/deck/1/cancel", ("prompt",))
        await told(listener, PROMPT, "")

    play(scene, tmp_path)


def test_the_state_is_told_as_the_deck_stops(tmp_path: Path) -> None:
    async def scene(on: Stage, dispatcher: Dispatcher, listener: Listener) -> None:
        on.stop("now")
        for _ in range(500):
            if listener.got[-1][:2] == (STATE, "stopped"):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(listener.got[-5:])

    got = play(scene, tmp_path).got
    assert any(message[:2] == (STATE, "playing") for message in got)
