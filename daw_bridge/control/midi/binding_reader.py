"""Bindings as a preset has them: a control, and what it does."""

from __future__ import annotations

import math
import re

from daw_bridge.control.midi.curve import CURVES, Range
from daw_bridge.control.midi.events import MMC_COMMANDS, TRANSPORT, Control, Kind
from daw_bridge.control.midi.mapping import (
    LIGHTS,
    Action,
    Binding,
    LoadPreset,
    PlayScene,
    Send,
    Source,
    Switch,
    ToggleDeck,
    Turn,
)
from daw_bridge.control.midi.reading import Entry, list_of, mapping_entry
from daw_bridge.control.midi.takeover import ENCODINGS, TAKEOVERS
from daw_bridge.control.pattern import Pattern, is_pattern
from daw_bridge.errors import ParameterError
from daw_bridge.parameters import MAX_DECKS, Address, AddressTable, Arg, Values

NUMBERED: dict[Kind, int] = {
    "cc": 127,
    "cc14": 31,
    "nrpn": 16382,
    "rpn": 16382,
    "program": 127,
    "key_pressure": 127,
}
PLAIN: tuple[Kind, ...] = ("bend", "pressure")
PRESSES: tuple[Kind, ...] = ("program", "mmc", "transport")
SOURCES = ("note", *NUMBERED, *PLAIN, "mmc", "transport")
ACTIONS = ("to", "toggle", "scene", "preset")
_TABLE_CURVES = {"linear": "linear", "log": "exponential", "none": "linear"}
_NOTE_NAME = re.compile(r"([A-Ga-g])([#b]?)(-?\d)")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TABLE = AddressTable(MAX_DECKS)


def read_binding(where: str, content: object) -> Binding:
    """Read one entry of the map.

    Raises:
        PresetError: as `read_section`.
    """
    entry = mapping_entry(where, content)
    control = _control(entry)
    source = Source(control, entry.text("port"), entry.whole("channel", 0, 16, 0))
    kind = entry.one_of(ACTIONS)
    action: Action
    if kind == "toggle":
        action = ToggleDeck(entry.whole("toggle", 1, MAX_DECKS))
    elif kind == "scene":
        action = PlayScene(entry.text("scene"))
    elif kind == "preset":
        action = LoadPreset(entry.text("preset"))
    else:
        action = _message(entry, control)
    lights = entry.take("lights", LIGHTS)
    if not isinstance(lights, list | tuple) or len(lights) != 3 or not all(_is_byte(each) for each in lights):
        raise entry.refused("lights", lights, "three numbers 0..127: off, waiting, on")
    entry.finish()
    return Binding(source, action, (int(lights[0]), int(lights[1]), int(lights[2])))


def _control(entry: Entry) -> Control:
    kind = entry.one_of(SOURCES)
    if kind == "note":
        return Control("note", _note_number(entry))
    if kind == "mmc":
        return Control("mmc", MMC_COMMANDS[entry.text("mmc", tuple(MMC_COMMANDS))])
    if kind == "transport":
        return Control("transport", TRANSPORT[entry.text("transport", tuple(TRANSPORT))])
    for plain in PLAIN:
        if kind == plain:
            if entry.take(kind) is not True:
                raise entry.refused(kind, entry.take(kind), "true")
            return Control(plain)
    numbered = next(each for each in NUMBERED if each == kind)
    return Control(numbered, entry.whole(kind, 0, NUMBERED[numbered]))


def _note_number(entry: Entry) -> int:
    value = entry.take("note")
    match = _NOTE_NAME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return entry.whole("note", 0, 127)
    number = 12 * (int(match[3]) + 1) + _STEPS[match[1].upper()] + {"": 0, "#": 1, "b": -1}[match[2]]
    if not 0 <= number <= 127:
        raise entry.refused("note", value, "C-1..G9")
    return number


def _message(entry: Entry, control: Control) -> Action:
    """What an entry with ``to`` does."""
    text = entry.text("to")
    address = "/bridge/" + "/".join(
        part for part in text.replace(".", "/").split("/") if part not in ("", "bridge")
    )
    if is_pattern(address):
        return _pattern(entry, text, address)
    target = _TABLE.by_text.get(address)
    if target is None or target.parameter.kind == "readonly":
        raise entry.refused("to", text, "an address of the table that can be set or carried out")
    if target.parameter.kind == "command" or "args" in entry.content:
        return Send(address, _args(entry, target))
    args = target.parameter.args
    argument = entry.whole("argument", 1, len(args) * target.parameter.repeat[1], 1) - 1
    arg = args[argument % len(args)]
    if arg.type == "b":
        toggles = entry.text("mode", ("hold", "toggle"), "toggle" if control.kind == "note" else "hold")
        return Switch(target, argument, toggles == "toggle")
    if control.kind == "note" or control.kind in PRESSES:
        raise entry.refused("args", None, f"what a press sets: {target.parameter.range_text()}")
    return _turn(entry, control, target, argument, arg)


def _turn(entry: Entry, control: Control, target: Address, argument: int, arg: Arg) -> Turn:
    choices = list_of(entry, "choices")
    try:
        picked = tuple(arg.coerce(str(each) if arg.type in "sq" else each) for each in choices)
    except (ValueError, OverflowError):
        raise entry.refused("choices", choices, arg.range_text()) from None
    if not picked and arg.type in "sq":
        raise entry.refused("choices", choices, f"a list of what the control picks from: {arg.range_text()}")
    low, high = (
        (0.0, 1.0) if picked else (_bound(entry, "low", arg, arg.low), _bound(entry, "high", arg, arg.high))
    )
    curve = entry.text("curve", tuple(CURVES), _TABLE_CURVES[target.parameter.curve])
    relative = entry.text("relative", ("", *ENCODINGS))
    if relative and control.kind != "cc":
        raise entry.refused("relative", relative, "left out: only a cc can be an endless encoder")
    takeover = next(each for each in TAKEOVERS if each == entry.text("takeover", TAKEOVERS, "none"))
    steps = entry.number("steps", 1, 16384, 127)
    return Turn(target, argument, Range(low, high, curve), picked, takeover, relative, 1.0 / steps)


def _bound(entry: Entry, key: str, arg: Arg, end: float) -> float:
    default = end if math.isfinite(end) else None
    return entry.number(key, arg.low, arg.high, default)


def _pattern(entry: Entry, text: str, address: str) -> Send:
    try:
        pattern = Pattern.parse(address)
    except ValueError as error:
        raise entry.refused("to", text, str(error)) from None
    matched = [each for each in _TABLE if each.parameter.kind != "readonly" and pattern.matches(each.text)]
    if not matched:
        raise entry.refused("to", text, "a pattern that matches addresses of the table")
    given = [_args(entry, each) for each in matched]
    # commands fill in what is left out, so that the arguments differ by what was matched
    args = entry.content.get("args")
    return Send(address, given[0] if args is not None else ())


def _args(entry: Entry, target: Address) -> Values:
    given = entry.take("args", ())
    given = given if isinstance(given, list | tuple) else [given]
    try:
        coerced = target.parameter.coerce(given)
    except ParameterError as error:
        raise entry.refused("args", given, error.allowed) from None
    return coerced[: len(given)]


def _is_byte(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 127
