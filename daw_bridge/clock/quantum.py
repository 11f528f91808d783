"""Quantum: the grid on which a change takes effect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Unit = Literal["now", "note", "bar"]

QUANTUM_NAMES = ("now", "1/16", "1/8", "1/4", "1/2", "1M", "2M", "4M", "8M")
_NOTE = re.compile(r"1/(1|2|4|8|16|32)(T?)")
_BARS = re.compile(r"([1-9][0-9]?)[Mm]?")


@dataclass(frozen=True)
class Quantum:
    """A grid of musical time.

    Attributes:
        unit: ``'now'`` (no grid), ``'note'`` (a note value) or ``'bar'``.
        size: for ``'note'`` the length in quarter-note beats (``1/4`` is 1, ``1/8T`` is 1/3); for ``'bar'``
            the number of bars (1..99); 0 for ``'now'``.
    """

    unit: Unit
    size: Fraction = Fraction(0)

    @classmethod
    def parse(cls, text: str) -> Quantum:
        """Read ``'now'``, ``'1/4'``, ``'1/8T'`` (triplet), ``'1M'``, ``'4M'`` ...; a bare number counts bars.

        Raises:
            ValueError: the text is none of these.
        """
        word = text.strip()
        if word.lower() == "now":
            return cls("now")
        if note := _NOTE.fullmatch(word):
            beats = Fraction(4, int(note[1]))
            return cls("note", beats * Fraction(2, 3) if note[2] else beats)
        if bars := _BARS.fullmatch(word):
            return cls("bar", Fraction(int(bars[1])))
        raise ValueError(f"quantum {text[:40]!r} is not one of {', '.join(QUANTUM_NAMES)}")

    def __str__(self) -> str:
        if self.unit == "now":
            return "now"
        if self.unit == "bar":
            return f"{self.size}M"
        whole = self.size / 4
        if whole.denominator % 3 == 0:
            return f"1/{(whole * Fraction(3, 2)).denominator}T"
        return f"1/{whole.denominator}"


NOW = Quantum("now")
