"""Lights and knobs of controllers at the desk show what holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

import pytest

from daw_bridge.control.midi.feedback import HAND_S
from daw_bridge.decks.protocol import Notice
from tests.daw_bridge.control.midi.desk_stage import PADS, TEMPERATURE, Stage, until

CHROMA = "/bridge/deck/{deck}/chroma/enable"


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
        stage.dispatcher.submit(Other(), "/bridge/deck/2/chroma/enable", (0,))
        await asyncio.sleep(0.05)
        sent, echoed = stage.system.sent, len(stage.system.sent)
        await stage.say(b"\x90\x24\x40", b"\x90\x24\x00", b"\xb0\x02\x10", b"\xb0\x03\x7f", b"\xb0\x03\x00")
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
            {"cc": 3, "to": "deck/2/chroma/enable", "mode": "toggle"},
        ],
    )
    switched = [call[1:3] for call in stage.player.calls if call[0] == CHROMA]
    assert switched == [(2, (False,)), (1, (False,)), (2, (True,))]
    assert stage.sets(TEMPERATURE) == [(2.0 * 16 / 127,)]


def shown(stage: Stage, control: bytes) -> list[int]:
    """What a control was told, in order."""
    return [message[-1] for _, message in stage.system.sent if message.startswith(control)]


def test_a_ring_follows_its_own_encoder(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        began = monotonic()
        await stage.say(*[b"\xb0\x05\x41"] * 100)
        await until(lambda: shown(stage, b"\xb0\x05") == [64, 127])
        assert monotonic() - began >= HAND_S

    entry = {"cc": 5, "to": "deck/1/temperature", "relative": "binary-offset"}
    play(scene, map=[entry])


def test_what_somebody_else_sets_while_a_knob_is_moved_is_shown_when_it_rests(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        began = monotonic()
        await stage.say(b"\xb0\x01\x20")
        stage.dispatcher.submit(Other(), "/bridge/deck/1/temperature", (2.0,))
        await until(lambda: shown(stage, b"\xb0\x01") == [64, 127])
        assert monotonic() - began >= HAND_S

    play(scene, map=[{"cc": 1, "to": "deck/1/temperature"}])


def test_the_light_of_a_button_that_toggles_comes_on_and_presses_are_heard_at_any_speed(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.player.values[CHROMA, 1] = (False,)
        for number, light in enumerate((127, 0, 127), start=1):
            await stage.say(b"\xb0\x09\x7f")
            await until(lambda light=light: shown(stage, b"\xb0\x09")[-1] == light)  # type: ignore[misc]
            await stage.say(b"\xb0\x09\x00")
            assert len(stage.sets(CHROMA)) == number
        await until(lambda: shown(stage, b"\xb0\x09")[-2:] == [127, 127])

    entry = {"cc": 9, "to": "deck/1/chroma/enable", "mode": "toggle"}
    stage = play(scene, map=[entry])
    assert stage.sets(CHROMA) == [(True,), (False,), (True,)]


def test_what_was_learned_over_the_map_is_shown_alone(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.learn("/bridge/gain", "")
        await stage.say(b"\xb0\x01\x40")
        await asyncio.sleep(0.4)
        stage.system.sent.clear()
        stage.player.values[TEMPERATURE, 1] = (2.0,)
        stage.dispatcher.subscriptions.changed("/bridge/deck/1/temperature", (2.0,), object())  # type: ignore[arg-type]
        await asyncio.sleep(0.06)
        assert stage.system.sent == []
        stage.player.values["/bridge/gain", None] = (-60.0,)
        stage.dispatcher.subscriptions.changed("/bridge/gain", (-60.0,), object())  # type: ignore[arg-type]
        await until(lambda: stage.system.sent == [(PADS, b"\xb0\x01\x00")])

    play(scene, map=[{"cc": 1, "to": "deck/1/temperature"}])


def test_a_light_goes_to_the_channel_on_which_its_pad_was_heard(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\x99\x24\x40", b"\x89\x24\x00")
        stage.player.states = ("playing", "stopped")
        stage.dispatcher.notice(Notice("deck", "playing", 1))
        await until(lambda: stage.system.sent[-1] == (PADS, b"\x99\x24\x7f"))

    play(scene, map=[{"note": 36, "toggle": 1}])


def test_a_reconnect_sends_nothing_to_controls_without_a_binding(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb0\x07\x22", b"\xe0\x00\x40")
        stage.system.outputs.clear()
        stage.desk._watcher.look()  # type: ignore[union-attr]
        stage.system.sent.clear()
        stage.system.outputs.append(PADS)
        stage.desk._watcher.look()  # type: ignore[union-attr]
        await until(lambda: bool(stage.system.sent))
        await asyncio.sleep(0.05)
        assert stage.system.sent == [(PADS, b"\xb0\x01\x40")]

    play(scene, map=[{"cc": 1, "to": "deck/1/temperature"}])


class Other:
    """Somebody else who plays."""

    def send(self, address: str, *args: float | int | str) -> None:
        pass
