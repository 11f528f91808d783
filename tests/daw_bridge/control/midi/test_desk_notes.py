"""Notes at the desk, however they are sent, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from daw_bridge.control.midi.inbox import MAX_WAITING
from daw_bridge.parameters import Values
from tests.daw_bridge.control.midi.desk_stage import PADS, TEMPERATURE, Stage, until


def test_notes_without_a_binding_steer_the_deck_and_end_with_the_port(play: Callable[..., Stage]) -> None:
    told: list[tuple[str, Values]] = []

    async def scene(stage: Stage) -> None:
        stage.desk.melody._send = lambda address, values: told.append((address, values))
        stage.desk.melody.steer(2, True)
        await stage.say(b"\x90\x3c\x7f")
        await stage.say(b"\xb0\x40\x7f", b"\x80\x3c\x00")
        assert len(told) == 1
        stage.system.inputs.clear()
        stage.desk._watcher.look()  # type: ignore[union-attr]
        await asyncio.sleep(0.03)

    play(scene)
    assert told == [("/bridge/deck/2/melody", (1.0, *[0.0] * 11)), ("/bridge/deck/2/melody", (0.0,) * 12)]


def test_a_key_that_is_let_go_at_once_is_passed_on_as_a_note_that_begins_and_ends(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.melody.steer(1, True)
        await stage.say(b"\x90\x3c\x40\x90\x3c\x00")

    stage = play(scene)
    told = stage.sets("/bridge/deck/{deck}/melody")
    assert [[pitch for pitch, strength in enumerate(values) if strength] for values in told] == [[0], []]


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[place : place + size] for place in range(0, len(stream), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_any_way_of_sending_plays_the_same_notes(play: Callable[..., Stage], size: int) -> None:
    """Running status, an exclusive message, the clock and active sensing inside messages, nonsense, and all
    of it cut anywhere."""
    stream = (
        b"\x90\x3c\x40\xf8\x40\x40"  # two notes by running status, the clock in between
        b"\xf0\x7e\x7f\xf8\x09\x01\xf7"  # an exclusive message with the clock inside
        b"\x11\x22"  # it has ended running status: these are nothing
        b"\x90\x43\xfe\x40"  # a third note with active sensing inside
        b"\xb0\x01\xf8\x7f\x01\x20"  # a knob, twice
        b"\x80\x3c\x00\xf9\x40\x00"  # two end, an undefined byte in between
        b"\x90\x43"  # one that is cut short by the next
        b"\xd0\x00"
    )

    async def scene(stage: Stage) -> None:
        stage.desk.melody.steer(1, True)
        await stage.say(*cut(stream, size))
        assert stage.desk.melody._held.chroma()[7] > 0.0
        assert sum(strength > 0.0 for strength in stage.desk.melody._held.chroma()) == 1

    stage = play(scene, map=[{"cc": 1, "to": "deck/1/temperature"}])
    assert stage.sets(TEMPERATURE)[-1] == (2.0 * 32 / 127,)
    heard = stage.sets("/bridge/deck/{deck}/melody")[-1]
    assert [pitch for pitch, strength in enumerate(heard) if strength] == [7]
    assert stage.notices == []


@pytest.mark.parametrize("ending", [b"\xb0\x7b\x00", b"\xb0\x78\x00", b"\xb0\x79\x00", b"\xff"])
def test_a_stuck_note_ends_with_all_notes_off_and_reset(play: Callable[..., Stage], ending: bytes) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\x90\x24\x40", b"\x90\x3c\x40")
        assert stage.desk.melody.players()
        await stage.say(ending)
        assert not stage.desk.melody.players()

    stage = play(scene, map=[{"note": 36, "to": "deck/1/transport/enable", "mode": "hold"}])
    assert stage.sets("/bridge/deck/{deck}/transport/enable") == [(True,), (False,)]


def test_a_keyboard_whose_active_sensing_ends_has_lost_its_cable(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xfe", b"\x90\x3c\x40")
        await asyncio.sleep(0.3)
        assert stage.desk.melody.players()
        await asyncio.sleep(0.6)
        assert not stage.desk.melody.players()

    play(scene)


def test_a_port_that_is_lost_in_the_middle_of_a_message_leaves_nothing_behind(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.melody.steer(1, True)
        await stage.say(b"\x90\x3c\x40", b"\xb0\x40\x7f", b"\xf0\x01\x02")
        assert stage.desk.melody.players()
        for names in (stage.system.inputs, stage.system.outputs):
            names.clear()
        stage.desk._watcher.look()  # type: ignore[union-attr]
        await asyncio.sleep(0.03)
        assert not stage.desk.melody.players()
        stage.system.inputs.append(PADS)
        stage.desk._watcher.look()  # type: ignore[union-attr]
        await asyncio.sleep(0.03)
        # not the rest of the exclusive message, and without the pedal
        await stage.say(b"\x90\x3e\x40")
        await stage.say(b"\x80\x3e\x00")
        assert not stage.desk.melody.players()

    stage = play(scene)
    told = stage.sets("/bridge/deck/{deck}/melody")
    assert [any(values) for values in told] == [True, False, True, False]


def test_what_is_held_down_on_a_port_is_let_go_when_that_port_goes(play: Callable[..., Stage]) -> None:
    keys = "My Keys 24:0"
    enables = [f"/bridge/deck/{{deck}}/{name}/enable" for name in ("chroma", "transport")]

    async def scene(stage: Stage) -> None:
        for path in enables:
            stage.player.values[path, 1] = (False,)
        await stage.say(b"\xb0\x09\x7f")
        await stage.say(b"\xb0\x0a\x7f", port=keys)
        stage.system.inputs.remove(PADS)
        stage.desk._watcher.look()  # type: ignore[union-attr]
        await until(lambda: len(stage.sets(enables[0])) == 2)
        await stage.say(b"\xb0\x0a\x00", port=keys)

    stage = play(
        scene,
        others=[keys],
        ports={"pads": {"in": "Pads"}, "keys": {"in": "Keys"}},
        map=[
            {"cc": 9, "to": "deck/1/chroma/enable"},
            {"cc": 10, "to": "deck/1/transport/enable"},
            {"cc": 11, "to": "deck/1/start"},
        ],
    )
    assert [stage.sets(path) for path in enables] == [[(True,), (False,)]] * 2


def test_more_than_can_wait_is_dropped_and_all_notes_end(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.melody.steer(1, True)
        await stage.say(b"\x90\x3c\x40")
        for _ in range(MAX_WAITING + 10):
            stage.system.deliver(PADS, b"\xb0\x01\x01")
        await until(lambda: stage.desk.melody.players() == set())

    stage = play(scene)
    assert any("more MIDI" in notice for notice in stage.notices)
