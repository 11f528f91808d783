from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.control.midi.curve import CURVES, Range
from daw_bridge.control.midi.takeover import ENCODINGS, Handover, relative_steps

PLACES = st.floats(0, 1)


@given(st.sampled_from(sorted(CURVES)), st.floats(-100, 100), st.floats(0.1, 300), PLACES)
def test_a_curve_stays_in_its_range_and_can_be_undone(
    curve: str, low: float, width: float, place: float
) -> None:
    for way in (Range(low, low + width, curve), Range(low + width, low, curve)):
        value = way.value(place)
        assert low - 1e-9 <= value <= low + width + 1e-9
        assert way.value(way.position(value)) == pytest.approx(value, abs=1e-5 * width)
        assert way.value(0.0) == way.low
        assert way.value(1.0) == way.high


@given(st.sampled_from(sorted(CURVES)), PLACES, PLACES)
def test_a_curve_only_rises(curve: str, one: float, other: float) -> None:
    way = Range(0.0, 1.0, curve)
    assert (one <= other) == (way.value(one) <= way.value(other)) or abs(one - other) < 1e-9


def test_curves_are_fine_where_they_say() -> None:
    assert Range(0, 2048, "exponential").value(0.5) < 200
    assert Range(0, 2048, "logarithmic").value(0.5) > 1700
    assert Range(0, 1, "s-curve").value(0.1) < 0.1
    assert Range(0.2, 1.5).value(0.5) == pytest.approx(0.85)
    assert Range(3, 3).position(3) == 0.0


@pytest.mark.parametrize(
    ("encoding", "up", "down"),
    [
        ("twos-complement", {1: 1, 63: 63}, {127: -1, 65: -63}),
        ("binary-offset", {65: 1, 127: 63}, {63: -1, 0: -64}),
        ("sign-magnitude", {1: 1, 63: 63}, {65: -1, 127: -63}),
        ("sign-magnitude-inverted", {65: 1, 127: 63}, {1: -1, 63: -63}),
    ],
)
def test_relative_encodings(encoding: str, up: dict[int, int], down: dict[int, int]) -> None:
    assert encoding in ENCODINGS
    for raw, steps in (up | down).items():
        assert relative_steps(raw, encoding) == steps


def follow(handover: Handover, value: float, moves: list[float]) -> list[float]:
    """Where the value is after each move of the control."""
    places = []
    for move in moves:
        moved = handover.move(move, value)
        value = value if moved is None else moved
        places.append(value)
    return places


def test_none_jumps_to_the_control() -> None:
    assert follow(Handover("none"), 0.8, [0.1, 0.2]) == [0.1, 0.2]


def test_pickup_waits_until_the_control_reaches_or_crosses_the_value() -> None:
    assert follow(Handover("pickup"), 0.5, [0.1, 0.3, 0.7, 0.2]) == [0.5, 0.5, 0.7, 0.2]
    assert follow(Handover("pickup"), 0.5, [0.505, 0.9]) == [0.505, 0.9]


def test_pickup_lets_go_when_someone_else_moves_the_value() -> None:
    handover = Handover("pickup")
    assert follow(handover, 0.5, [0.5, 0.6]) == [0.5, 0.6]
    assert handover.move(0.62, 0.1) is None
    assert handover.move(0.05, 0.1) == 0.05


@given(PLACES, st.lists(PLACES, min_size=1, max_size=20))
def test_scale_moves_the_way_the_control_moves_and_reaches_the_ends_with_it(
    value: float, moves: list[float]
) -> None:
    handover, before = Handover("scale"), None
    for move in moves:
        moved = handover.move(move, value)
        if moved is not None:
            assert -1e-9 <= moved <= 1.0 + 1e-9
            if before is not None and move not in (0.0, 1.0):
                assert (moved - value) * (move - before) >= -1e-9
            value = moved
        before = move
    assert handover.move(1.0, value) == 1.0
    assert handover.move(0.0, 1.0) == 0.0


@given(PLACES, st.lists(PLACES, max_size=20))
def test_pickup_never_jumps_by_more_than_the_control_moved(value: float, moves: list[float]) -> None:
    handover, before = Handover("pickup"), None
    for move in moves:
        moved = handover.move(move, value)
        if moved is not None:
            jump = abs(moved - value)
            assert jump <= 1.5 / 127 + (0 if before is None else abs(move - before)) + 1e-9
            value = moved
        before = move
