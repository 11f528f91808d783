from __future__ import annotations

from pathlib import Path

import pytest

from daw_bridge.control.midi.binding_reader import read_binding
from daw_bridge.control.midi.curve import Range
from daw_bridge.control.midi.events import Control, Event
from daw_bridge.control.midi.learn import LEARN_S, Learner
from daw_bridge.control.midi.mapping import Send, Switch, Turn
from daw_bridge.errors import PresetError


@pytest.fixture
def learner(tmp_path: Path) -> Learner:
    return Learner(tmp_path / "presets" / "midi.yaml")


def move(learner: Learner, kind: str, number: int, value: int = 100, now: float = 1.0) -> object:
    event = Event(Control(kind, number), 3, value)  # type: ignore[arg-type]
    binding = learner.take("pads", event, now)
    return None if binding is None else binding.action


def test_the_next_control_is_bound_and_found_again_after_a_restart(learner: Learner) -> None:
    learner.arm("/bridge/deck/1/temperature", "", 0.0)
    action = move(learner, "cc", 21)
    assert isinstance(action, Turn)
    assert not learner.waits(1.0)
    assert move(learner, "cc", 22) is None
    again = Learner(learner.path)
    again.load()
    assert again.bindings() == learner.bindings()
    (binding,) = again.bindings()
    assert (binding.source.control, binding.source.port, binding.source.channel) == (
        Control("cc", 21),
        "pads",
        3,
    )
    assert list(learner.path.parent.iterdir()) == [learner.path]


def test_what_cannot_do_it_is_passed_over(learner: Learner) -> None:
    learner.arm("/bridge/tempo", "", 0.0)
    assert move(learner, "note", 60) is None
    assert move(learner, "transport", 0xFA) is None
    assert isinstance(move(learner, "bend", 0), Turn)
    learner.arm("/bridge/deck/1/start", "", 0.0)
    assert move(learner, "note", 60, value=0) is None
    assert move(learner, "note", 60) == Send("/bridge/deck/1/start")
    learner.arm("/bridge/deck/1/chroma/enable", "", 0.0)
    assert isinstance(move(learner, "note", 61), Switch)


def test_a_control_has_one_learned_purpose_and_an_address_many_controls(learner: Learner) -> None:
    for address, number in (("tempo", 1), ("gain", 1), ("gain", 2)):
        learner.arm(f"/bridge/{address}", "", 0.0)
        move(learner, "cc", number)
    assert [entry["to"] for entry in learner.entries] == ["gain", "gain"]
    assert learner.forget("/bridge/gain")
    assert not learner.forget("/bridge/gain")
    assert Learner(learner.path).entries == []


def test_modes(learner: Learner) -> None:
    learner.arm("/bridge/gain", "cc14", 0.0)
    move(learner, "cc", 33)
    assert learner.bindings()[0].source.control == Control("cc14", 1)
    learner.arm("/bridge/gain", "binary-offset", 0.0)
    action = move(learner, "cc", 5)
    assert isinstance(action, Turn)
    assert action.relative == "binary-offset"


def test_a_number_that_has_no_fine_half_is_passed_over(learner: Learner) -> None:
    learner.arm("/bridge/gain", "cc14", 0.0)
    assert move(learner, "cc", 70) is None
    assert learner.waits(1.0)
    assert isinstance(move(learner, "cc", 7), Turn)
    assert learner.bindings()[0].source.control == Control("cc14", 7)


def test_a_pair_takes_the_place_of_its_halves(learner: Learner) -> None:
    for address, mode, number in (("tempo", "", 6), ("crossfade", "", 38), ("gain", "cc14", 6)):
        learner.arm(f"/bridge/{address}", mode, 0.0)
        move(learner, "cc", number)
    assert [entry["to"] for entry in learner.entries] == ["gain"]


def test_range_curve_and_takeover_of_the_map_are_kept(learner: Learner) -> None:
    way = {"low": 0.5, "high": 1.5, "curve": "s-curve", "takeover": "pickup"}
    entries = [
        {"cc": 70, "to": "deck/1/temperature", **way},
        {"cc": 71, "to": "deck/1/temperature", "low": 1.0},
        {"cc": 72, "to": "gain", "low": -20},
    ]
    learner.map = [read_binding("map", entry) for entry in entries]
    for number, kept in ((20, Range(0.5, 1.5, "s-curve")), (71, Range(1.0, 2.0))):
        learner.arm("/bridge/deck/1/temperature", "", 0.0)
        action = move(learner, "cc", number)
        assert isinstance(action, Turn)
        assert action.range == kept
        assert action.takeover == ("pickup" if number == 20 else "none")
    learner.arm("/bridge/tempo", "", 0.0)
    tempo = move(learner, "cc", 72)
    assert isinstance(tempo, Turn)
    assert (tempo.range.low, tempo.range.high) == (40.0, 240.0)
    again = Learner(learner.path)
    again.load()
    assert again.bindings() == learner.bindings()
    # learned for another purpose, it is the same control
    learner.arm("/bridge/gain", "", 0.0)
    move(learner, "cc", 20)
    assert [entry["to"] for entry in learner.entries] == ["deck/1/temperature", "tempo", "gain"]


def test_waiting_ends(learner: Learner) -> None:
    learner.arm("/bridge/tempo", "", 0.0)
    assert not learner.waits(LEARN_S + 1)
    learner.arm("/bridge/tempo", "", 0.0)
    learner.arm("", "", 0.0)
    assert not learner.waits(0.1)


@pytest.mark.parametrize("address", ["/bridge/nothing", "/bridge/position", "/bridge/deck/1/prompt"])
def test_an_address_that_no_control_can_play_is_refused(learner: Learner, address: str) -> None:
    with pytest.raises(PresetError, match="learn"):
        learner.arm(address, "", 0.0)


@pytest.mark.parametrize(
    "text", ["a: [", "map: 3", "midi: {map: [3]}", "midi: {map: [{cc: 1, to: nowhere}]}", "\0"]
)
def test_a_file_that_cannot_be_used_is_named(learner: Learner, text: str) -> None:
    learner.path.parent.mkdir()
    learner.path.write_text(text)
    with pytest.raises(PresetError, match=r"midi\.yaml"):
        learner.load()
