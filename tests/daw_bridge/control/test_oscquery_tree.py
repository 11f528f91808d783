from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from daw_bridge.control.oscquery.tree import ATTRIBUTES, describe
from daw_bridge.parameters import Address, AddressTable, lookup
from tests.daw_bridge.fake_player import FakePlayer

DECKS = 2
TABLE = AddressTable(DECKS)


def node(path: str, player: FakePlayer | None = None) -> Any:
    found = describe(player or FakePlayer(), TABLE, path)
    return None if found is None else json.loads(json.dumps(found, allow_nan=False))


def walk(tree: Any) -> Iterator[Any]:
    yield tree
    for child in tree.get("CONTENTS", {}).values():
        yield from walk(child)


TREE = {each["FULL_PATH"]: each for each in walk(node("/"))}


@pytest.mark.parametrize("address", list(TABLE), ids=lambda address: address.text)
def test_every_address_of_the_table_is_there_with_type_access_value_and_range(address: Address) -> None:
    parameter, found = address.parameter, TREE[address.text]
    assert found["DESCRIPTION"] == parameter.doc
    assert found["ACCESS"] == {"value": 3, "readonly": 1, "command": 2}[parameter.kind]
    assert set(found) <= set(ATTRIBUTES)
    if parameter.kind == "command":
        args = [arg for arg in parameter.args if not arg.optional]
        assert "VALUE" not in found
        assert ("OVERLOADS" in found) == (len(args) < len(parameter.args))
    else:
        args = [parameter.args[n % len(parameter.args)] for n in range(len(found["VALUE"]))]
        assert args
    assert found["TYPE"] == ("".join({"b": "T", "q": "s"}.get(arg.type, arg.type) for arg in args) or "N")
    ranges = found.get("RANGE", [None] * len(args))
    assert len(ranges) == len(args)
    for arg, allowed in zip(args, ranges, strict=True):
        if arg.type in "fi" and math.isfinite(arg.low):
            assert allowed["MIN"] == arg.low
            assert allowed["MAX"] == arg.high
            assert arg.coerce(allowed["MIN"]) == arg.low
        elif arg.choices:
            assert [arg.coerce(word) for word in allowed["VALS"]] == list(arg.choices)
        elif arg.type in "sb":
            assert allowed is None


def test_there_is_nothing_but_the_table_and_what_contains_it() -> None:
    texts = {address.text for address in TABLE}
    for path, found in TREE.items():
        if path not in texts:
            assert found["ACCESS"] == 0
            assert found["CONTENTS"]
            assert set(found) == {"FULL_PATH", "ACCESS", "CONTENTS"}


def test_values_are_those_that_are_set() -> None:
    player = FakePlayer()
    player.values["/bridge/deck/{deck}/prompts", 2] = ("piano", 0.5, "drums", 2.0)
    player.values["/bridge/deck/{deck}/mute", 2] = (True,)
    prompts = node("/bridge/deck/2/prompts", player)
    assert prompts["VALUE"] == ["piano", 0.5, "drums", 2.0]
    assert prompts["TYPE"] == "sfsf"
    assert prompts["RANGE"] == [None, {"MIN": 0, "MAX": 100}] * 2
    assert node("/bridge/deck/2/mute", player)["VALUE"] == [True]
    assert node("/bridge/position", player)["VALUE"] == [2, 1.5, 120.0, 2.25]
    assert prompts["CONTENTS"].keys() == {"glide"}


def test_a_figure_that_is_no_number_is_null() -> None:
    player = FakePlayer()
    player.values["/bridge/gain", None] = (math.inf,)
    assert node("/bridge/gain", player)["VALUE"] == [None]


def test_units_are_those_of_the_proposal() -> None:
    assert node("/bridge/gain")["UNIT"] == ["gain.db"]
    assert node("/bridge/tempo")["UNIT"] == ["time.bpm"]
    assert "UNIT" not in node("/bridge/meter")


def test_a_choice_has_its_words_and_a_button_may_say_more() -> None:
    assert node("/bridge/deck/1/group")["RANGE"] == [{"VALS": ["", "A", "B"]}]
    start = node("/bridge/deck/1/start")
    assert start["TYPE"] == "N"
    assert start["OVERLOADS"][0]["TYPE"] == "s"
    assert "1M" in start["OVERLOADS"][0]["RANGE"][0]["VALS"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/bridge/deck/3", "/bridge/deck/1/gai", "/bridg", "/bridge//gain"]
)
def test_what_is_not_there_is_nothing(path: str) -> None:
    assert node(path) is None


def test_words_without_a_check_are_a_closed_choice() -> None:
    group = lookup("/bridge/deck/{deck}/group").args[0]
    assert group.coerce("B") == "B"
    with pytest.raises(ValueError):  # noqa: PT011
        group.coerce("C")
    assert lookup("/bridge/quantum").args[0].coerce("16M") == "16M"
