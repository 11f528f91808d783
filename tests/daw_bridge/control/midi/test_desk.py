"""Controls at the desk as commands, scenes and presets; what is learned; what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daw_bridge.clock.quantum import Quantum
from tests.daw_bridge.control.midi.desk_stage import TEMPERATURE, Stage, until


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


def test_what_was_learned_overrules_a_map_that_names_neither_port_nor_channel(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.learn("/bridge/gain", "")
        await stage.say(b"\xb0\x46\x40")
        await stage.say(b"\xb0\x46\x00")
        await stage.say(b"\xb1\x46\x7f")

    stage = play(scene, map=[{"cc": 70, "to": "deck/1/temperature"}])
    assert stage.sets("/bridge/gain") == [(-60.0,)]
    assert stage.sets(TEMPERATURE) == [(2.0,)]


def test_learning_14_bits_passes_over_what_has_none_and_says_what_was_bound(
    play: Callable[..., Stage],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.desk.learn("/bridge/gain", "cc14")
        await stage.say(b"\xb0\x46\x40", b"\xb0\x06\x40", b"\xb0\x26\x01")
        await stage.say(b"\xb0\x06\x00\xb0\x26\x00", b"\xb1\x06\x7f")

    stage = play(scene, map=[{"cc": 6, "to": "deck/1/temperature"}])
    assert stage.sets("/bridge/gain")[-1] == (-60.0,)
    assert stage.sets(TEMPERATURE) == [(2.0,)]
    assert [notice for notice in stage.notices if "learned" in notice] == ["learned cc14 6 of pads"]


def test_the_desk_goes_on_after_a_fault_inside_which_is_logged_once(
    play: Callable[..., Stage], caplog: pytest.LogCaptureFixture
) -> None:
    ticks: list[float] = []

    def fail(at: float) -> None:
        ticks.append(at)
        raise RuntimeError("wires crossed")

    async def scene(stage: Stage) -> None:
        stage.desk.melody.tick = fail  # type: ignore[method-assign]
        await until(lambda: len(ticks) >= 3)

    play(scene)
    assert [record.exc_info is not None for record in caplog.records] == [True]


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
