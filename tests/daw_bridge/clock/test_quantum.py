from __future__ import annotations

from fractions import Fraction

import pytest

from daw_bridge.clock import QUANTUM_NAMES, Quantum


@pytest.mark.parametrize("name", [*QUANTUM_NAMES, "1/8T", "1/4T", "16M"])
def test_name_survives_parse_and_print(name: str) -> None:
    assert str(Quantum.parse(name)) == name


def test_sizes_are_beats_or_bars() -> None:
    assert Quantum.parse("1/8T") == Quantum("note", Fraction(1, 3))
    assert Quantum.parse("4") == Quantum("bar", Fraction(4))
    assert Quantum.parse(" NOW ") == Quantum("now")


@pytest.mark.parametrize("text", ["", "0M", "1/3", "bar", "-1M", "100M", "1/4 T", "nan"])
def test_other_text_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(ValueError, match="1M"):
        Quantum.parse(text)
