"""Arg and Parameter: a row of the parameter table, and how values are checked against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from daw_bridge.clock.quantum import QUANTUM_NAMES, Quantum
from daw_bridge.errors import ParameterError

Kind = Literal["value", "command", "readonly"]
ArgType = Literal["f", "i", "b", "s", "q"]
Curve = Literal["linear", "log", "none"]
Takes = Literal["now", "deck", "launch"]
Atom = float | int | str | bool
Values = tuple[Atom, ...]

MAX_STRING = 1000
TYPE_NAMES = {"f": "a number", "i": "a whole number", "b": "0 or 1", "s": "a string", "q": "a quantum"}


@dataclass(frozen=True)
class Arg:
    """One argument of a parameter.

    Attributes:
        name: for people and error messages.
        type: ``f`` float, ``i`` integer, ``b`` switch, ``s`` string, ``q`` quantum name or bar number.
        low, high: inclusive range of a number. also: one more number that is taken, such as 0 for "off".
        check: for a string, raises `ValueError` with what is allowed when it does not fit.
        choices: for a string, words to choose from; without a ``check`` no others are taken.
        allowed: for a string, what is let through, in words. longest: characters that it may have.
        optional: may be left out (with all that follow); its `default` is filled in.
        default: value filled in when left out.
    """

    name: str
    type: ArgType
    low: float = -math.inf
    high: float = math.inf
    also: float | None = None
    check: Callable[[str], object] | None = None
    choices: tuple[str, ...] = ()
    allowed: str = ""
    longest: int = MAX_STRING
    optional: bool = False
    default: Atom = 0

    def range_text(self) -> str:
        """What is allowed, in words: the text of refusals and of the reference page."""
        if self.type == "q":
            return f"{', '.join(QUANTUM_NAMES)} or a bar number from 1"
        if self.type == "s":
            return self.allowed or f"a string of at most {self.longest} characters"
        if self.type == "b":
            return TYPE_NAMES["b"]
        bounds = [f"{self.low:g}" if self.low > -math.inf else "", _number_text(self.high)]
        besides = "" if self.also is None else f", or {self.also:g}"
        return f"{TYPE_NAMES[self.type]} {bounds[0]}..{bounds[1]}{besides}"

    def coerce(self, value: object) -> Atom:
        """Turn what came into this argument's type.

        Numbers, switches and whole floats are taken for one another (tablets send only floats).

        Raises:
            ValueError: wrong type, not finite, or out of range.
        """
        if self.type == "s":
            return self._string(value)
        if self.type == "q":
            return self._quantum(value)
        if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError
        if self.type == "b":
            if value not in (0, 1):
                raise ValueError
            return bool(value)
        if not self.low <= value <= self.high and value != self.also:
            raise ValueError
        if self.type == "f":
            return float(value)
        if value != int(value):
            raise ValueError
        return int(value)

    def _string(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.longest or "\0" in value:
            raise ValueError
        value.encode()  # a command line's stray bytes are no text
        if self.check is not None:
            self.check(value)
        elif self.choices and value not in self.choices:
            raise ValueError
        return value

    def _quantum(self, value: object) -> Atom:
        if isinstance(value, str):
            return str(Quantum.parse(value))
        number = Arg("bar", "i", 1, 2**24).coerce(value)
        return int(number)


@dataclass(frozen=True)
class Parameter:
    """One row of the table.

    Attributes:
        path: OSC address; ``{deck}`` stands for the deck's number.
        kind: ``'value'`` can be set and asked for, ``'command'`` is carried out, ``'readonly'`` is asked for.
        args: the arguments; the group repeats `repeat` times.
        doc: one or two sentences, for the reference page.
        default: value before anything was set (empty for commands).
        unit: e.g. ``'dB'``. curve: how a knob should run over the range.
        takes: when a change is due: ``'now'``, by the deck's quantum, or by the launch quantum.
        repeat: fewest and most repetitions of the group of arguments.
        require: a condition on all values together; required says it in words.
        apart: what of a value must not be lost when another one follows at once. Of several that come
            together the last counts, among those for which this is equal; without it, among all.
    """

    path: str
    kind: Kind
    args: tuple[Arg, ...]
    doc: str
    default: Values = ()
    unit: str = ""
    curve: Curve = "none"
    takes: Takes = "now"
    repeat: tuple[int, int] = (1, 1)
    require: Callable[[Values], bool] | None = None
    required: str = ""
    apart: Callable[[Values], object] | None = None

    def address(self, deck: int | None = None) -> str:
        """The OSC address for a deck."""
        return self.path.replace("{deck}", str(deck))

    @property
    def per_deck(self) -> bool:
        """Whether there is one for each deck."""
        return "{deck}" in self.path

    @property
    def signature(self) -> str:
        """Arguments as shown to people, e.g. ``text s, weight f (1..4 times)``."""
        text = ", ".join(f"[{a.name} {a.type}]" if a.optional else f"{a.name} {a.type}" for a in self.args)
        low, high = self.repeat
        return text if high == 1 else f"{text} ({low if low == high else f'{low}..{high}'} times)"

    def range_text(self) -> str:
        """What is allowed, in words."""
        if not self.args:
            return "no arguments"
        if len(self.args) == 1 and self.repeat == (1, 1):
            return self.args[0].range_text()
        text = ", ".join(
            f"{a.name} ({'may be left out; ' if a.optional else ''}{a.range_text()})" for a in self.args
        )
        low, high = self.repeat
        return text if high == 1 else f"{low if low == high else f'{low} to {high}'} times: {text}"

    def split_when(self, args: Sequence[object], address: str) -> tuple[tuple[object, ...], Atom | None]:
        """The arguments of a value, and the one more that says when it is to be set: a quantum's name or a
        bar's number, None where there is none.

        Raises:
            ParameterError: the one more is neither.
        """
        group, (low, high) = len(self.args), self.repeat
        count = len(args)
        one_over = group > 1 and low < high and count > group * low and count % group == 1
        if count != group * high + 1 and not one_over:
            return tuple(args), None
        when = Arg("when", "q")
        try:
            return tuple(args[:-1]), when.coerce(args[-1])
        except (ValueError, OverflowError):
            raise ParameterError(address, args[-1], f"when: {when.range_text()}") from None

    def coerce(self, args: Sequence[object], address: str | None = None) -> Values:
        """Check arguments and turn them into this parameter's types; left-out ones are filled in.

        Args:
            address: named in the refusal; the path when None.

        Raises:
            ParameterError: wrong count, type or range; names address, value and what is allowed.
        """
        shown = address or self.path
        group = len(self.args)
        low, high = self.repeat
        needed = sum(not arg.optional for arg in self.args)
        count = len(args)
        fits = count % group == 0 and low <= count // group <= high if high > 1 else needed <= count <= group
        if not fits and not (group == 0 and count == 0):
            raise ParameterError(shown, tuple(args), self.range_text())
        values = []
        for index, value in enumerate(args):
            arg = self.args[index % group]
            try:
                values.append(arg.coerce(value))
            except (ValueError, OverflowError):
                named = f"{arg.name}: " if len(self.args) > 1 else ""
                raise ParameterError(shown, value, f"{named}{arg.range_text()}") from None
        values.extend(arg.default for arg in self.args[count:] if high == 1)
        coerced = tuple(values)
        if self.require is not None and not self.require(coerced):
            raise ParameterError(shown, coerced, self.required)
        return coerced


def _number_text(value: float) -> str:
    return "" if value == math.inf else str(int(value)) if value == int(value) else f"{value:g}"
