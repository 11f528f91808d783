from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import ParameterError, UnknownAddressError
from daw_bridge.parameters import PARAMETERS, AddressTable, Parameter, lookup

TEMPERATURE = lookup("/bridge/deck/{deck}/temperature")
anything = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.binary(), st.none())


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.path)
def test_every_default_is_allowed_by_its_own_row(parameter: Parameter) -> None:
    if parameter.kind == "value":
        assert parameter.coerce(parameter.default) == parameter.default
    assert parameter.doc


@given(st.sampled_from(PARAMETERS), st.lists(anything, max_size=13))
def test_any_arguments_are_taken_or_refused_with_a_parameter_error(
    parameter: Parameter, args: list[object]
) -> None:
    try:
        values = parameter.coerce(args)
    except ParameterError as error:
        refusal = error
        assert len(str(refusal)) < 800
        assert parameter.path in str(refusal)
    else:
        assert all(isinstance(value, int | float | str) for value in values)
        assert all(math.isfinite(value) for value in values if isinstance(value, float))


def test_numbers_are_taken_for_one_another() -> None:
    assert TEMPERATURE.coerce([1]) == (1.0,)
    assert TEMPERATURE.coerce([True]) == (1.0,)
    assert lookup("/bridge/meter").coerce([3.0]) == (3,)
    assert lookup("/bridge/deck/{deck}/chroma/enable").coerce([0.0]) == (False,)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 2.1, "1", None, b"1"])
def test_refusal_names_address_value_and_range(value: object) -> None:
    with pytest.raises(ParameterError, match=r"/bridge/deck/1/temperature: .* 0\.\.2"):
        TEMPERATURE.coerce([value], "/bridge/deck/1/temperature")


@pytest.mark.parametrize(
    ("path", "args"),
    [
        ("/bridge/meter", [3.5]),
        ("/bridge/tempo", []),
        ("/bridge/tempo", [100, 100]),
        ("/bridge/quantum", [""]),
        ("/bridge/quantum", ["3/7"]),
        ("/bridge/status", [1]),
        ("/bridge/deck/{deck}/prompt", ["x" * 1001]),
        ("/bridge/deck/{deck}/prompt", ["a\0b"]),
        ("/bridge/deck/{deck}/prompts", ["a"]),
        ("/bridge/deck/{deck}/prompts", ["a", 0.0, "b", 0]),
        ("/bridge/deck/{deck}/prompts", ["a", 1] * 5),
        ("/bridge/deck/{deck}/chroma", [0.5] * 11),
        ("/bridge/deck/{deck}/key", ["H minor"]),
        ("/bridge/deck/{deck}/chords", ["Am X"]),
        ("/bridge/deck/{deck}/seed", [2**31]),
        ("/bridge/deck/{deck}/start", ["1/3"]),
        ("/bridge/deck/{deck}/start", [0]),
        ("/bridge/deck/{deck}/chroma/enable", [0.5]),
        ("/bridge/clip/render", ["a", 4, 90, "../x"]),
        ("/bridge/clip/render", ["a", 4]),
    ],
)
def test_wrong_counts_types_and_ranges_are_refused(path: str, args: list[object]) -> None:
    with pytest.raises(ParameterError):
        lookup(path).coerce(args)


def test_optional_arguments_are_filled_in() -> None:
    assert lookup("/bridge/clip/render").coerce(["a", 4, 90]) == ("a", 4, 90.0, "")
    assert lookup("/bridge/deck/{deck}/start").coerce([]) == ("",)
    assert lookup("/bridge/deck/{deck}/start").coerce([5.0]) == (5,)
    assert lookup("/bridge/deck/{deck}/start").coerce(["2m"]) == ("2M",)
    assert lookup("/bridge/subscribe").coerce([]) == (10.0,)


def test_keys_and_chords_as_musicians_write_them() -> None:
    for key in ("", "A minor", "Bb", "f# min", "Am"):
        assert lookup("/bridge/deck/{deck}/key").coerce([key]) == (key,)
    for chords in ("", "Am F C G7", "Dm7b5 C/E F#maj7 Bbsus4"):
        assert lookup("/bridge/deck/{deck}/chords").coerce([chords]) == (chords,)


def test_addresses_name_each_deck_and_unknown_ones_are_explained() -> None:
    table = AddressTable(2)
    assert table.lookup("/bridge/deck/2/prompt").deck == 2
    assert table.lookup("/bridge/tempo").deck is None
    with pytest.raises(UnknownAddressError, match=r"decks are 1\.\.2"):
        table.lookup("/bridge/deck/3/prompt")
    with pytest.raises(UnknownAddressError, match="/bridge/deck/1/prompt"):
        table.lookup("/bridge/prompt")
    with pytest.raises(UnknownAddressError) as refusal:
        table.lookup("/" + "x" * 60000)
    assert len(str(refusal.value)) < 200
