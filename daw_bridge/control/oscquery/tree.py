"""The tree of addresses as OSCQuery describes it: JSON objects, made from the parameter table.

Names and meanings of the attributes are those of the OSCQuery proposal (github.com/Vidvox/OSCQueryProposal).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from daw_bridge.clock.quantum import QUANTUM_NAMES
from daw_bridge.control.reading import read
from daw_bridge.decks.protocol import Player, Status
from daw_bridge.parameter import Arg
from daw_bridge.parameters import Address, Atom, Values

ATTRIBUTES = (
    "FULL_PATH", "CONTENTS", "DESCRIPTION", "ACCESS", "TYPE", "VALUE", "RANGE", "UNIT", "OVERLOADS",
)  # fmt: skip
_ACCESS = {"readonly": 1, "command": 2, "value": 3}
_TAGS = {"f": "f", "i": "i", "b": "T", "s": "s", "q": "s"}
_UNITS = {"dB": "gain.db", "BPM": "time.bpm", "s": "time.second", "ms": "time.ms", "Hz": "time.hz"}
Node = dict[str, Any]


def describe(player: Player, addresses: Iterable[Address], path: str) -> Node | None:
    """The node of a path with all that is below it; None where there is none.

    Args:
        addresses: all that the instrument has now.
        path: from ``'/'``; no slash at its end.
    """
    status = player.status()
    below = "/" if path == "/" else f"{path}/"
    root: Node = {}
    for address in addresses:
        if address.text == path:
            root.update(_method(player, address, status))
        elif address.text.startswith(below):
            node = root
            for part in address.text[len(below) :].split("/"):
                node = node.setdefault("CONTENTS", {}).setdefault(part, {})
            node.update(_method(player, address, status))
    if not root:
        return None
    _name(root, path)
    return root


def _name(node: Node, path: str) -> None:
    """Say what is the same for methods and for containers."""
    node["FULL_PATH"] = path
    node.setdefault("ACCESS", 0)
    for part, child in node.get("CONTENTS", {}).items():
        _name(child, f"{path.rstrip('/')}/{part}")


def _method(player: Player, address: Address, status: Status) -> Node:
    """Attributes of an address."""
    parameter = address.parameter
    node: Node = {"DESCRIPTION": parameter.doc, "ACCESS": _ACCESS[parameter.kind]}
    if parameter.kind == "command":
        args = [arg for arg in parameter.args if not arg.optional]
        if len(args) < len(parameter.args):
            node["OVERLOADS"] = [_signature(parameter.args, parameter.unit)]
        return node | (_signature(args, parameter.unit) if args else {"TYPE": "N"})
    values = read(player, address, status)
    args = [parameter.args[n % len(parameter.args)] for n in range(len(values))]
    return node | {"VALUE": _value(values)} | _signature(args, parameter.unit)


def _signature(args: Iterable[Arg], unit: str) -> Node:
    """What is known of some arguments."""
    args = list(args)
    node: Node = {"TYPE": "".join(_TAGS[arg.type] for arg in args)}
    ranges = [_range(arg) for arg in args]
    if any(ranges):
        node["RANGE"] = ranges
    if unit in _UNITS:
        node["UNIT"] = [_UNITS[unit]] * len(args)
    return node


def _range(arg: Arg) -> Node | None:
    """Bounds or choices of an argument; None where it has neither."""
    if arg.type == "q":
        return {"VALS": list(QUANTUM_NAMES)}
    if arg.type == "s":
        return {"VALS": list(arg.choices)} if arg.choices else None
    if arg.type == "b":
        return None
    bounds = {"MIN": arg.low, "MAX": arg.high}
    return {name: bound for name, bound in bounds.items() if math.isfinite(bound)} or None


def _value(values: Values) -> list[Atom | None]:
    """Values as JSON knows them."""
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]
