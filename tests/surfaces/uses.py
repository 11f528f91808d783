"""What the ready-made surfaces send and read: found in their files, each in its program's format."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SURFACES = Path(__file__).parents[2] / "surfaces"


@dataclass(frozen=True)
class Sent:
    """A message that a surface sends.

    Attributes:
        types: OSC types of its arguments. values: its arguments, where the file has them: for a number that
            moves, one message for each end of its range.
        when: whether one more argument may say when.
    """

    surface: str
    address: str
    types: str
    values: tuple[float | int | str, ...] | None = None
    when: bool = False


@dataclass(frozen=True)
class Read:
    """A message that a surface shows: the types of the arguments it expects, from the first one on; '?' for
    one that it leaves alone or shows whatever it is."""

    surface: str
    address: str
    types: str


Use = Sent | Read


def all_uses() -> list[Use]:
    """Of all surfaces but the MIDI maps, which are read as presets are."""
    readers = (pure_data, supercollider, reaper, touchosc, open_stage_control)
    return [use for reader in readers for use in reader()]


def pure_data() -> Iterator[Use]:
    """``oscformat`` with its types, and the outlets of ``route`` with the ``unpack`` on them."""
    for name, base in (("daw-bridge.pd", "/bridge"), ("bridge-deck.pd", "/bridge/deck/1")):
        for objects, wires in _canvases((SURFACES / "pure-data" / name).read_text()):
            for index, words in enumerate(objects):
                if words[:1] == ["oscformat"]:
                    types, path = (words[2], words[3:]) if words[1] == "-f" else ("", words[1:])
                    yield Sent("pure-data", "/" + "/".join(path), types)
                for outlet, word in enumerate(words[1:] if words[:1] == ["route"] else []):
                    there = [
                        objects[int(to)]
                        for of, port, to, _ in wires
                        if (of, port) == (str(index), str(outlet))
                    ]
                    types = "".join(next((each[1:] for each in there if each[0] == "unpack"), ["?"]))
                    if any(row in words for row in ("state", "tempo")) and word != "deck":
                        yield Read("pure-data", f"{base}/{word}", types)


Canvas = tuple[list[list[str]], list[list[str]]]


def _canvases(text: str) -> Iterator[Canvas]:
    """The canvases of a patch: the words of its objects, whose place in the list is their number, and its
    wires, each from an object and its outlet to an object and its inlet."""
    open_ones: list[Canvas] = []
    for line in text.replace("\\$1", "1").split(";\n"):
        kind, *words = line.split()[1:] or [""]
        if line.startswith("#N canvas"):
            open_ones.append(([], []))
        elif kind == "connect":
            open_ones[-1][1].append(words)
        elif kind in ("obj", "msg", "text", "floatatom", "symbolatom", "listbox"):
            open_ones[-1][0].append(words[2:])
        elif kind == "restore":
            yield open_ones.pop()
            open_ones[-1][0].append(words[2:])
    yield from open_ones


def supercollider() -> Iterator[Use]:
    """Calls of ``send`` and ``launch``, whose arguments are cast where they stand, and the branches of
    ``receive``."""
    text = (SURFACES / "supercollider" / "DawBridge.sc").read_text()
    casts = {"asFloat": "f", "asInteger": "i", "asString": "s"}
    for how, address, rest in re.findall(
        r'this\.(send|launch)\("(/bridge[^"]*)"(.*?)\)\s*\}', text, re.DOTALL
    ):
        cast = re.findall(r"\.(asFloat|asInteger|asString)", rest)
        types = "".join(casts[each] for each in cast)
        yield Sent("supercollider", address.replace("%", "1"), types, when=how == "launch")
    for word in re.findall(r'^\t\t\t"(\w+)", \{', text, re.MULTILINE):
        if word not in ("deck", "clip"):
            yield Read("supercollider", f"/bridge/{word}", "?")
    yield Read("supercollider", "/bridge/clip/done", "?")
    yield Read("supercollider", "/bridge/deck/1/state", "s")


def reaper() -> Iterator[Use]:
    """Every pattern of the file; a number has no fixed value, a switch is 0 or 1."""
    for line in (SURFACES / "reaper" / "daw-bridge.ReaperOSC").read_text().splitlines():
        for kind, address in re.findall(r" ([a-z])(/bridge\S*)", "" if line.startswith("#") else line):
            address = address.replace("@", "1")
            if kind in "bt":
                yield from (Sent("reaper", address, "f", (value,)) for value in (0.0, 1.0))
            else:
                yield Sent("reaper", address, kind)


def touchosc() -> Iterator[Use]:
    """The messages of the layout, with the ends of each range."""
    document = zlib.decompress((SURFACES / "touchosc" / "daw-bridge.tosc").read_bytes())
    for message in ET.fromstring(document).iter("osc"):
        address = _path(message)
        parts = list(message.iterfind("arguments/partial"))
        types = "".join(
            {"FLOAT": "f", "INTEGER": "i", "STRING": "s"}[_text(part, "conversion")] for part in parts
        )
        if _text(message, "send") == "1":
            ends = [_ends(part) for part in parts]
            typed = any(_text(part, "value") == "text" for part in parts)
            for end in (0, 1):
                values = tuple(each[end] for each in ends)
                yield Sent("touchosc", address, types, None if typed else values)
        if _text(message, "receive") == "1":
            kinds = [_text(part, "type") for part in parts]
            shown = (t if kind == "VALUE" and t != "s" else "?" for t, kind in zip(types, kinds, strict=True))
            yield Read("touchosc", address, "".join(shown))


def _path(message: ET.Element) -> str:
    return "".join(_text(part, "value") for part in message.iterfind("path/partial"))


def _text(element: ET.Element, tag: str) -> str:
    return element.findtext(tag) or ""


def _ends(part: ET.Element) -> tuple[float | int | str, float | int | str]:
    convert = {"FLOAT": float, "INTEGER": int, "STRING": str}[_text(part, "conversion")]
    if _text(part, "type") == "CONSTANT":
        return convert(_text(part, "value")), convert(_text(part, "value"))
    return convert(_text(part, "scaleMin")), convert(_text(part, "scaleMax"))


def open_stage_control() -> Iterator[Use]:
    """Widgets with an address that they send to, scripts, and what texts show."""
    session = json.loads((SURFACES / "open-stage-control" / "daw-bridge.json").read_text())
    for widget in _widgets(session["content"]):
        for script in (widget.get("onCreate", ""), widget.get("onValue", "")):
            for address, rest in re.findall(r'send\("([^"]+)"(.*)\)', script):
                yield Sent("open-stage-control", address, "".join(re.findall(r'"type": "(\w)"', rest)))
        for address, place in re.findall(r"OSC\{([^}]+)\}\)\[(\d+)\]", widget.get("value", "")):
            yield Read("open-stage-control", address, "?" * (int(place) + 1))
        if widget.get("address") and not widget.get("bypass"):
            yield from _sent_by(widget)


def _widgets(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield widget
    for each in (*widget.get("tabs", ()), *widget.get("widgets", ())):
        yield from _widgets(each)


def _sent_by(widget: dict[str, Any]) -> Iterator[Use]:
    address, types = widget["address"], widget.get("typeTags", "")
    ends: list[float | int | str] = []
    if widget["type"] == "fader":
        ends = [widget["range"]["min"], widget["range"]["max"]]
    elif widget["type"] == "button" and widget["mode"] != "momentary":
        ends = [widget["on"], widget.get("off", widget["on"])]
    if widget["type"] == "input" or not ends:
        yield Sent("open-stage-control", address, types, None if types else ())
    for end in ends:
        yield Sent("open-stage-control", address, types, (end,))
    if widget["type"] in ("fader", "input") or widget.get("mode") == "toggle":
        yield Read("open-stage-control", address, "?")
