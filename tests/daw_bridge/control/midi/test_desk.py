"""The desk on fake ports, with the real dispatcher and a player that remembers what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daw_bridge.clock.quantum import Quantum
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.desk import MidiDesk
from daw_bridge.control.midi.feedback import ECHO_S
from daw_bridge.control.midi.inbox import MAX_WAITING
from daw_bridge.control.midi.scenes import LivePreset
from daw_bridge.control.midi.section import read_section
from daw_bridge.decks.protocol import DeckState, Notice, Status
from daw_bridge.errors import PresetError
from daw_bridge.parameters import Address, AddressTable, Values
from tests.daw_bridge.fake_player import FakePlayer
from tests.daw_bridge.midi.fake_rtmidi import System, install

TABLE = AddressTable(8)
PADS = "My Pads 20:0"


class Player(FakePlayer):
    """Its decks are in the states that a test says."""

    states: tuple[DeckState, DeckState] = ("stopped", "stopped")

    def status(self) -> Status:
        status = super().status()
        decks = tuple(
            replace(deck, state=state) for deck, state in zip(status.decks, self.states, strict=True)
        )
        return replace(status, decks=decks)


class Stage:
    """A desk at work."""

    def __init__(self, system: System, tmp_path: Path, **content: object) -> None:
        self.system = system
        self.notices: list[str] = []
        self.player = Player()
        self.dispatcher = Dispatcher(self.player)
        content = {"ports": {"pads": {"in": "Pads", "out": "Pads"}}, **content}
        self.desk = MidiDesk(
            self.dispatcher,
            read_section("mine", content, check_values),
            self._notify,
            tmp_path / "midi.yaml",
            load_preset,
        )

    def _notify(self, notice: Notice) -> None:
        self.notices.append(notice.text)

    async def say(self, *messages: bytes, port: str = PADS) -> None:
        """Messages come in, in another thread as in life, and have their effect."""

        def deliver() -> None:
            for message in messages:
                self.system.deliver(port, message)

        thread = threading.Thread(target=deliver)
        thread.start()
        thread.join()
        await asyncio.sleep(0.04)

    def sets(self, path: str) -> list[Values]:
        """The values that were set, in order."""
        return [call[2] for call in self.player.calls if call[0] == path]  # type: ignore[misc]

    def commands(self) -> list[tuple[object, ...]]:
        return [call[:2] for call in self.player.calls if str(call[0]).endswith(("start", "stop", "grab"))]


def check_values(where: str, tree: Mapping[Any, Any]) -> tuple[tuple[Address, Values], ...]:
    return tuple((TABLE.lookup(f"/bridge/{key}"), (value,)) for key, value in tree.items())


def load_preset(name: str) -> LivePreset:
    if name != "lofi":
        raise PresetError(f"preset {name}: no such file")
    return LivePreset(check_values("", {"tempo": 84.0, "deck/1/top_k": 9}))


async def until(reached: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait for something that may take its time on a busy machine."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while not reached():
        assert asyncio.get_running_loop().time() < deadline, "it has not come to that"
        await asyncio.sleep(0.02)


Scene = Callable[[Stage], Awaitable[None]]
TEMPERATURE = "/bridge/deck/{deck}/temperature"


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Stage]:
    def run(scene: Scene, **content: object) -> Stage:
        system = install(monkeypatch)
        system.inputs[:] = system.outputs[:] = [PADS]

        async def course() -> Stage:
            stage = Stage(system, tmp_path, **content)
            stage.desk.start()
            try:
                await asyncio.sleep(0.03 + ECHO_S)
                await scene(stage)
            finally:
                stage.desk.close()
                stage.dispatcher.close()
            return stage

        return asyncio.run(course())

    return run


def test_a_knob_sets_a_value_within_its_range(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb0\x01\x00")
        await stage.say(b"\xb0\x01\x7f")
        await stage.say(b"\xb1\x01\x00")

    stage = play(scene, map=[{"cc": 1, "channel": 1, "to": "deck/1/temperature", "low": 0.5, "high": 1.5}])
    assert stage.sets(TEMPERATURE) == [(0.5,), (1.5,)]


def test_a_flood_of_a_knob_is_few_changes_and_ends_where_the_knob_is(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(*(bytes((0xB0, 1, n % 128)) for n in range(5000)), b"\xb0\x01\x7f")
        await asyncio.sleep(0.2)

    stage = play(scene, map=[{"cc": 1, "to": "deck/1/temperature"}])
    assert stage.sets(TEMPERATURE)[-1] == (2.0,)
    assert len(stage.sets(TEMPERATURE)) < 60


def test_more_than_can_wait_is_dropped_and_all_notes_end(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.melody.steer(1, True)
        await stage.say(b"\x90\x3c\x40")
        for _ in range(MAX_WAITING + 10):
            stage.system.deliver(PADS, b"\xb0\x01\x01")
        await until(lambda: stage.desk.melody.players() == set())

    stage = play(scene)
    assert any("more MIDI" in notice for notice in stage.notices)


def test_pads_start_stop_toggle_and_grab(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\x90\x24\x40", b"\x80\x24\x00", b"\x90\x25\x40", b"\x90\x25\x00", b"\x90\x26\x40")
        stage.player.states = ("playing", "stopped")
        await stage.say(b"\x90\x24\x40", b"\x80\x24\x00")

    stage = play(
        scene,
        map=[
            {"note": 36, "toggle": 1},
            {"note": 37, "to": "deck/2/start"},
            {"note": 38, "to": "deck/1/grab", "args": [2]},
        ],
    )
    deck = "/bridge/deck/{deck}/"
    assert stage.commands() == [
        (f"{deck}start", 1),
        (f"{deck}start", 2),
        (f"{deck}grab", 1),
        (f"{deck}stop", 1),
    ]


def test_mmc_starts_and_stops_all_decks(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xf0\x7f\x7f\x06\x02\xf7", b"\xf0\x7f\x00\x06\x01\xf7")

    deck = "/bridge/deck/{deck}/"
    assert play(scene).commands() == [
        (f"{deck}start", 1),
        (f"{deck}start", 2),
        (f"{deck}stop", 1),
        (f"{deck}stop", 2),
    ]


def test_a_scene_sets_its_values_on_its_line(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\x90\x24\x40")
        assert stage.player.calls[0][3].quantum == Quantum.parse("1/4")  # type: ignore[attr-defined]

    stage = play(
        scene,
        map=[{"note": 36, "scene": "drop"}],
        scenes={
            "drop": {"quantum": "1/4", "values": {"tempo": 128.0, "deck/1/top_k": 5, "deck/7/gain": 0.0}}
        },
    )
    assert stage.sets("/bridge/tempo") == [(128.0,)]
    assert stage.sets("/bridge/deck/{deck}/top_k") == [(5,)]
    assert any("decks are 1..2" in notice for notice in stage.notices)


def test_program_change_loads_a_preset_and_a_missing_one_is_told(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.player.set("/bridge/quantum", None, ("now",), None)  # type: ignore[arg-type]
        await stage.say(b"\xc0\x00", b"\xc0\x01")

    stage = play(scene, programs=["lofi", "absent"])
    assert stage.sets("/bridge/tempo") == [(84.0,)]
    assert any("absent" in notice for notice in stage.notices)


def test_relative_encoders_turn_fine_and_stay_in_range(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.player.values["/bridge/meter", None] = (3,)
        await stage.say(*[b"\xb0\x05\x41"] * 40)
        await stage.say(*[b"\xb0\x05\x41"] * 40)
        await stage.say(*[b"\xb0\x06\x7f"] * 300)

    encoding = {"relative": "binary-offset"}
    stage = play(
        scene,
        map=[{"cc": 5, "to": "meter", **encoding}, {"cc": 6, "to": "gain", "relative": "twos-complement"}],
    )
    assert stage.sets("/bridge/meter") == [(4,)]
    assert stage.sets("/bridge/gain")[-1] == (-60.0,)


def test_pickup_waits_for_the_knob_even_after_someone_else_has_moved(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        for value in (0, 60, 70):
            await stage.say(bytes((0xB0, 1, value)))
        before = len(stage.sets(TEMPERATURE))
        stage.player.values[TEMPERATURE, 1] = (0.1,)
        await stage.say(b"\xb0\x01\x48")
        assert len(stage.sets(TEMPERATURE)) == before

    stage = play(scene, map=[{"cc": 1, "to": "deck/1/temperature", "takeover": "pickup"}])
    assert stage.sets(TEMPERATURE) == [(2.0 * 70 / 127,)]


def test_one_of_several_arguments_and_a_weight_that_would_be_the_last(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.player.values["/bridge/deck/{deck}/prompts", 1] = ("rain", 1.0, "sun", 0.0)
        await stage.say(b"\xe0\x7f\x7f", b"\xb0\x02\x00")
        stage.player.values["/bridge/deck/{deck}/prompts", 1] = ("rain", 1.0)
        await stage.say(b"\xb0\x02\x00", b"\xe0\x00\x00")

    stage = play(
        scene,
        map=[
            {"bend": True, "to": "deck/1/prompts", "argument": 4, "high": 2},
            {"cc": 2, "to": "deck/1/prompts", "argument": 2, "high": 2},
        ],
    )
    assert stage.sets("/bridge/deck/{deck}/prompts") == [("rain", 0.0, "sun", 2.0)]


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


def test_learning_binds_at_once_and_replaces_what_the_control_did(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.learn("/bridge/gain", "")
        await stage.say(b"\xb0\x01\x40")
        await stage.say(b"\xb0\x01\x00")
        stage.desk.forget("/bridge/gain")
        await stage.say(b"\xb0\x01\x7f")

    stage = play(scene, map=[{"cc": 1, "channel": 1, "port": "pads", "to": "deck/1/temperature"}])
    assert stage.sets("/bridge/gain") == [(-60.0,)]
    assert stage.sets(TEMPERATURE) == [(2.0,)]
    assert any(notice == "learned cc 1 of pads" for notice in stage.notices)


def test_other_channels_are_not_heard_where_one_was_chosen(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb0\x01\x7f", b"\x90\x3c\x40")
        assert not stage.desk.melody.players()
        await stage.say(b"\xb2\x01\x00")

    ports = {"pads": {"in": "Pads", "channel": 3}}
    stage = play(scene, ports=ports, map=[{"cc": 1, "to": "deck/1/temperature"}])
    assert stage.sets(TEMPERATURE) == [(0.0,)]


def test_a_missing_port_and_a_missing_system_are_told_and_harm_nothing(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb0\x01\x7f")

    stage = play(scene, ports={"keys": {"in": "Keystation"}})
    assert any("'Keystation' is not there yet" in notice for notice in stage.notices)
    stage = play(scene, api="jack")
    assert any("built without it" in notice for notice in stage.notices)


def test_a_refused_message_is_told(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb0\x01\x7f")

    stage = play(scene, map=[{"cc": 1, "to": "deck/5/temperature"}])
    assert any("decks are 1..2" in notice for notice in stage.notices)


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


def test_a_flood_of_every_kind_of_control_is_few_changes_and_ends_where_the_controls_are(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        flood = [
            message
            for n in range(2000)
            for message in (
                bytes((0xB0, 2, n % 128)),
                bytes((0xB0, 34, n * 7 % 128)),
                bytes((0xE0, n % 128, n * 3 % 128)),
                bytes((0xB0, 7, n % 128)),
            )
        ]
        last = (b"\xb0\x02\x7f", b"\xb0\x22\x7f", b"\xe0\x00\x00", b"\xb0\x07\x40")
        await stage.say(*flood, *last)
        await until(lambda: stage.sets("/bridge/deck/{deck}/guidance")[-1:] == [(0.0,)])
        await until(lambda: stage.sets(TEMPERATURE)[-1:] == [(2.0 * 64 / 127,)])

    stage = play(
        scene,
        map=[
            {"cc14": 2, "to": "deck/1/temperature"},
            {"bend": True, "to": "deck/1/guidance"},
            {"cc": 7, "to": "deck/2/temperature"},
        ],
    )
    one = [call[2] for call in stage.player.calls if call[:2] == (TEMPERATURE, 1)]
    two = [call[2] for call in stage.player.calls if call[:2] == (TEMPERATURE, 2)]
    assert one[-1] == (2.0,)
    assert two[-1] == (2.0 * 64 / 127,)
    assert stage.sets("/bridge/deck/{deck}/guidance")[-1] == (0.0,)
    assert len(stage.player.calls) < 3 * 100
    assert stage.notices == []


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


def test_a_key_that_is_let_go_at_once_is_passed_on_as_a_note_that_begins_and_ends(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.melody.steer(1, True)
        await stage.say(b"\x90\x3c\x40\x90\x3c\x00")

    stage = play(scene)
    told = stage.sets("/bridge/deck/{deck}/melody")
    assert [[pitch for pitch, strength in enumerate(values) if strength] for values in told] == [[0], []]
