from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from daw_bridge.clock.quantum import Quantum
from daw_bridge.control.midi.binding_reader import read_binding
from daw_bridge.control.midi.curve import Range
from daw_bridge.control.midi.events import Control
from daw_bridge.control.midi.mapping import (
    Binding,
    LoadPreset,
    MidiSetup,
    PlayScene,
    PortSetup,
    Send,
    Switch,
    ToggleDeck,
    Turn,
)
from daw_bridge.control.midi.section import read_section
from daw_bridge.errors import PresetError
from daw_bridge.parameters import Address, AddressTable, Values

TABLE = AddressTable(8)


def check_values(where: str, tree: Mapping[Any, Any]) -> tuple[tuple[Address, Values], ...]:
    return tuple((TABLE.lookup(f"/bridge/{key}"), (value,)) for key, value in tree.items())


def section(**content: object) -> MidiSetup:
    return read_section("mine.yaml", content, check_values)


def one(**entry: object) -> Binding:
    return read_binding("mine", entry)


@pytest.mark.parametrize(
    ("to", "args", "sent"),
    [
        ("deck/1/choices", 3, (3,)),
        ("deck/1/choices", [4, 8], (4, 8)),
        ("deck/1/cue", 2, (2,)),
        ("deck/1/commit", 2, (2,)),
        ("deck/1/commit", [2, "4M"], (2, "4M")),
    ],
)
def test_a_pad_prepares_cues_and_takes_choices(to: str, args: object, sent: Values) -> None:
    assert one(note=40, to=to, args=args).action == Send(f"/bridge/{to}", sent)
    assert TABLE.lookup(f"/bridge/{to}").parameter.coerce(sent)[: len(sent)] == sent


def test_a_whole_section() -> None:
    setup = section(
        api="jack",
        ports={"pads": {"in": "LPD8", "out": "LPD8", "channel": 10}, "any": {"virtual": "daw-bridge"}},
        notes={"port": "any", "channel": 2},
        scenes={"drop": {"quantum": "4M", "values": {"tempo": 128.0}}},
        programs=["lofi", "techno"],
        map=[{"note": "C2", "port": "pads", "scene": "drop"}, {"cc": 1, "to": "deck.1.temperature"}],
    )
    assert setup.ports == (PortSetup("pads", "LPD8", "LPD8", "", 10), PortSetup("any", virtual="daw-bridge"))
    assert (setup.api, setup.notes, setup.notes_channel) == ("jack", "any", 2)
    assert setup.scenes["drop"].quantum == Quantum.parse("4M")
    assert setup.scenes["drop"].values == ((TABLE.lookup("/bridge/tempo"), (128.0,)),)
    scene, turn, *rest = setup.bindings
    assert (scene.source.control, scene.source.port) == (Control("note", 36), "pads")
    assert scene.action == PlayScene("drop")
    assert isinstance(turn.action, Turn)
    assert turn.action.range == Range(0.0, 2.0, "linear")
    assert [each.action for each in rest[:2]] == [LoadPreset("lofi"), LoadPreset("techno")]
    assert rest[2].action == Send("/bridge/deck/*/start")
    assert section(ports=["LPD8"]).ports == (PortSetup("LPD8", "LPD8", "LPD8"),)


def test_mmc_of_the_map_replaces_the_usual_transport() -> None:
    setup = section(map=[{"mmc": "play", "to": "deck/2/start"}])
    assert [binding.action for binding in setup.bindings] == [Send("/bridge/deck/2/start")]


def test_what_a_control_does_comes_from_the_table() -> None:
    assert one(cc=1, to="deck/1/chroma/enable").action == Switch(
        TABLE.lookup("/bridge/deck/1/chroma/enable"), 0, toggles=False
    )
    switch = one(note=1, to="deck/1/chroma/enable").action
    assert isinstance(switch, Switch)
    assert switch.toggles
    top_k = one(cc14=1, to="deck/1/top_k", takeover="pickup").action
    assert isinstance(top_k, Turn)
    assert (top_k.range, top_k.takeover) == (Range(0.0, 2048.0, "exponential"), "pickup")
    quantum = one(cc=2, to="quantum", choices=["1/4", "1M", 4]).action
    assert isinstance(quantum, Turn)
    assert quantum.choices == ("1/4", "1M", "4")
    gain = one(cc=2, to="gain", low=0, high=-20, curve="s-curve", relative="binary-offset", steps=40).action
    assert isinstance(gain, Turn)
    assert (gain.range, gain.relative, gain.step) == (Range(0.0, -20.0, "s-curve"), "binary-offset", 1 / 40)
    weight = one(bend=True, to="deck/1/prompts", argument=4, high=2).action
    assert isinstance(weight, Turn)
    assert weight.argument == 3
    assert one(note=1, to="deck/2/grab", args=[8]).action == Send("/bridge/deck/2/grab", (8,))
    assert one(note=1, to="deck/2/grab").action == Send("/bridge/deck/2/grab")
    assert one(note=1, to="tempo", args=120).action == Send("/bridge/tempo", (120.0,))
    assert one(note=1, toggle=3, lights=[1, 2, 3]) == Binding(
        one(note=1, toggle=3).source, ToggleDeck(3), (1, 2, 3)
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"to": "tempo"}, ["note, cc", "not none"]),
        ({"cc": 1, "note": 2, "to": "tempo"}, ["note and cc"]),
        ({"cc": 1}, ["to, toggle, scene, preset"]),
        ({"cc": 128, "to": "tempo"}, ["cc", "128", "0..127"]),
        ({"cc": True, "to": "tempo"}, ["True"]),
        ({"cc14": 32, "to": "tempo"}, ["0..31"]),
        ({"note": "H9", "to": "tempo"}, ["H9"]),
        ({"note": "G#9", "to": "tempo"}, ["C-1..G9"]),
        ({"cc": 1, "to": "deck/9/gain"}, ["deck/9/gain", "address of the table"]),
        ({"cc": 1, "to": "position"}, ["position"]),
        ({"cc": 1, "to": "deck/*/nothing"}, ["matches addresses"]),
        ({"cc": 1, "to": "deck/[/gain"}, ["not closed"]),
        ({"note": 1, "to": "tempo"}, ["args", "40..240"]),
        ({"note": 1, "to": "tempo", "args": [500]}, ["500", "40..240"]),
        ({"note": 1, "to": "deck/1/grab", "args": [99]}, ["99", "1..16"]),
        ({"cc": 1, "to": "tempo", "low": 20}, ["low", "20", "40..240"]),
        ({"cc": 1, "to": "tempo", "curve": "wavy"}, ["wavy", "linear, exponential"]),
        ({"cc": 1, "to": "tempo", "takeover": "grab"}, ["none, pickup, scale"]),
        ({"cc14": 1, "to": "tempo", "relative": "binary-offset"}, ["only a cc"]),
        ({"cc": 1, "to": "deck/1/key"}, ["choices"]),
        ({"cc": 1, "to": "deck/1/key", "choices": ["nonsense"]}, ["nonsense", "key"]),
        ({"cc": 1, "to": "tempo", "argument": 2}, ["argument", "1..1"]),
        ({"cc": 1, "to": "tempo", "colour": "red"}, ["unknown key colour"]),
        ({"bend": 3, "to": "tempo"}, ["bend", "true"]),
        ({"mmc": "sing", "toggle": 1}, ["sing", "play"]),
        ({"note": 1, "toggle": 9}, ["1..8"]),
        ({"note": 1, "toggle": 1, "lights": [1, 2]}, ["three numbers"]),
        ({"note": 1, "toggle": 1, "channel": 17}, ["0..16"]),
        ("cc", ["key: value"]),
    ],
)
def test_what_cannot_be_is_refused_with_place_value_and_what_is_allowed(
    entry: object, words: list[str]
) -> None:
    with pytest.raises(PresetError) as refused:
        section(map=[{"cc": 1, "to": "tempo"}, entry])
    for word in ["mine.yaml: midi.map[1]", *words]:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"ports": {"a": {}}}, ["ports.a", "virtual"]),
        ({"ports": {"a": {"in": "x", "virtual": "y"}}}, ["either"]),
        ({"ports": {"a": {"in": "x", "speed": 1}}}, ["unknown key speed"]),
        ({"map": [{"cc": 1, "port": "b", "to": "tempo"}], "ports": ["a"]}, ["port b", "known are a"]),
        ({"map": [{"note": 1, "scene": "x"}]}, ["scene x", "none"]),
        ({"notes": {"port": "c"}}, ["port c"]),
        ({"scenes": {"a": {"quantum": "soon"}}}, ["soon", "1M"]),
        ({"map": {"cc": 1}}, ["a list"]),
        ({"api": "telepathy"}, ["telepathy", "jack"]),
        ({"tempo": 1}, ["unknown key tempo"]),
    ],
)
def test_a_section_that_does_not_fit_is_refused(content: dict[str, object], words: list[str]) -> None:
    with pytest.raises(PresetError) as refused:
        section(**content)
    for word in ["mine.yaml: midi", *words]:
        assert word in str(refused.value)
