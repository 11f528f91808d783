"""Knobs, faders and encoders at the desk set values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from tests.daw_bridge.control.midi.desk_stage import TEMPERATURE, Stage, until


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


def test_a_value_of_14_bits_does_not_dip_when_its_halves_come_one_by_one(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        for coarse, fine in ((0x40, 0x7F), (0x41, 0x00), (0x40, 0x7F)):
            for message in (bytes((0xB0, 2, coarse)), bytes((0xB0, 34, fine))):
                stage.desk._take([(0, message, monotonic())])
                # some turns of the loop, as between the messages of a serial cable
                for _ in range(5):
                    await asyncio.sleep(0.0)
            await asyncio.sleep(0.03)
        # one without its other half counts all the same
        await stage.say(b"\xb0\x02\x00")

    stage = play(scene, map=[{"cc14": 2, "to": "deck/1/temperature"}])
    raw = [round(float(values[0]) / 2.0 * 0x3FFF) for values in stage.sets(TEMPERATURE)]
    assert raw == [0x40 << 7 | 0x7F, 0x41 << 7, 0x40 << 7 | 0x7F, 0]


def test_a_pair_leaves_other_channels_and_ports_as_they_are(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb1\x21\x7f", b"\xb0\x02\x10\xb0\x22\x00")
        await stage.say(b"\xb1\x21\x00")

    stage = play(
        scene,
        map=[
            {"cc14": 1, "channel": 1, "to": "deck/2/temperature"},
            {"cc14": 2, "port": "keys", "to": "deck/2/temperature"},
            {"cc": 33, "to": "deck/1/temperature"},
            {"cc": 2, "port": "pads", "to": "gain"},
        ],
        ports={"pads": {"in": "Pads"}, "keys": {"in": "Keys"}},
    )
    assert stage.sets(TEMPERATURE) == [(2.0,), (0.0,)]
    assert len(stage.sets("/bridge/gain")) == 1


def test_an_encoder_goes_on_from_what_somebody_else_has_set_meanwhile(play: Callable[..., Stage]) -> None:
    class Other:
        def send(self, address: str, *args: float | int | str) -> None:
            pass

    async def scene(stage: Stage) -> None:
        stage.desk._take([(0, b"\xb0\x05\x41", monotonic())])
        # in place of what the encoder has set, which is not carried out
        stage.dispatcher.submit(Other(), "/bridge/deck/1/temperature", (0.0,))
        await asyncio.sleep(0.05)
        assert stage.sets(TEMPERATURE) == [(0.0,)]
        await stage.say(b"\xb0\x05\x41")

    entry = {"cc": 5, "to": "deck/1/temperature", "relative": "binary-offset", "steps": 100}
    stage = play(scene, map=[entry])
    assert stage.sets(TEMPERATURE)[1:] == [(2.0 / 100,)]


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


def test_other_channels_are_not_heard_where_one_was_chosen(play: Callable[..., Stage]) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(b"\xb0\x01\x7f", b"\x90\x3c\x40")
        assert not stage.desk.melody.players()
        await stage.say(b"\xb2\x01\x00")

    ports = {"pads": {"in": "Pads", "channel": 3}}
    stage = play(scene, ports=ports, map=[{"cc": 1, "to": "deck/1/temperature"}])
    assert stage.sets(TEMPERATURE) == [(0.0,)]
