"""Lights and knobs of controllers at the desk show what holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from daw_bridge.decks.protocol import Notice
from tests.daw_bridge.control.midi.desk_stage import PADS, TEMPERATURE, Stage


def test_lights_follow_decks_and_values_and_come_again_after_a_reconnect(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        assert (PADS, b"\x90\x24\x00") in stage.system.sent
        stage.player.states = ("armed", "stopped")
        stage.dispatcher.notice(Notice("deck", "armed", 1))
        await asyncio.sleep(0.05)
        assert stage.system.sent[-1] == (PADS, b"\x90\x24\x40")
        stage.player.values[TEMPERATURE, 1] = (2.0,)
        stage.dispatcher.subscriptions.changed("/bridge/deck/1/temperature", (2.0,), object())  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        assert stage.system.sent[-1] == (PADS, b"\xb0\x01\x7f")
        stage.system.inputs.clear()
        stage.system.outputs.clear()
        stage.desk._watcher.look()  # type: ignore[union-attr]
        stage.system.sent.clear()
        stage.system.inputs.append(PADS)
        stage.system.outputs.append(PADS)
        stage.desk._watcher.look()  # type: ignore[union-attr]
        await asyncio.sleep(0.05)
        assert {message for _, message in stage.system.sent} >= {b"\x90\x24\x40", b"\xb0\x01\x7f"}

    stage = play(scene, map=[{"note": 36, "toggle": 1}, {"cc": 1, "to": "deck/1/temperature"}])
    assert any("has gone" in notice for notice in stage.notices)
    assert any("is there" in notice for notice in stage.notices)


def test_a_controller_that_sends_back_what_it_is_shown_makes_no_loop(
    play: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(stage: Stage) -> None:
        sent, echoed = stage.system.sent, len(stage.system.sent)
        await stage.say(b"\x90\x24\x40", b"\x90\x24\x00", b"\xb0\x02\x10")
        for _ in range(10):
            await asyncio.sleep(0.03)
            new, echoed = sent[echoed:], len(sent)
            for port, message in new:
                # one that rounds: a value comes back one too high
                worse = bytes((*message[:2], min(127, message[2] + 1))) if message[0] == 0xB0 else message
                stage.system.deliver(port, worse)

    stage = play(
        scene,
        map=[
            {"note": 36, "to": "deck/1/chroma/enable"},
            {"cc": 1, "to": "deck/1/temperature"},
            {"cc": 2, "to": "deck/1/temperature"},
        ],
    )
    assert stage.sets("/bridge/deck/{deck}/chroma/enable") == [(False,)]
    assert stage.sets(TEMPERATURE) == [(2.0 * 16 / 127,)]
