"""The pages of `surface_layout` as a session of Open Stage Control (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from surface_layout import (
    COLUMNS,
    ROWS,
    Control,
    Entry,
    Fader,
    Mix,
    Page,
    Place,
    Push,
    Reading,
    Toggle,
    connect_messages,
)

from daw_bridge.parameter import Atom

FORMAT = "1.25.0"
"""The version of Open Stage Control in whose terms it is written; later ones convert as they open it."""

Widget = dict[str, Any]


def session(pages: Iterable[Page]) -> str:
    """The file."""
    tabs = [_tab(page) for page in pages]
    greeting = "\n".join(_send(address, values) for address, values in connect_messages())
    root = {"type": "root", "id": "root", "tabs": tabs, "onCreate": greeting}
    data = {"createdWith": "Open Stage Control", "version": FORMAT, "type": "session", "content": root}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _tab(page: Page) -> Widget:
    widgets: list[Widget] = []
    for control in page.controls:
        widgets += _widgets(control, f"{page.title} {control.label} {control.place.x:g} {control.place.y:g}")
    return {"type": "tab", "id": page.title, "label": page.title, "layout": "default", "widgets": widgets}


def _widgets(control: Control, name: str) -> list[Widget]:
    if isinstance(control, Push):
        return [_push(control, name)]
    own: Widget
    if isinstance(control, Fader):
        tags = "i" if control.whole else "f"
        own = {"type": "fader", "design": "compact", "address": control.address, "typeTags": tags}
        own |= {"range": {"min": control.low, "max": control.high}, "default": control.default}
        own |= {"decimals": 0 if control.whole else 3, "doubleTap": True, "html": control.label}
    elif isinstance(control, Toggle):
        own = {
            "type": "button",
            "mode": "toggle",
            "address": control.address,
            "typeTags": "i",
            "on": 1,
            "off": 0,
        }
        own |= {"default": int(control.default), "label": control.label}
    elif isinstance(control, Entry):
        own = {"type": "input", "address": control.address, "typeTags": "s", "html": control.label}
    elif isinstance(control, Reading):
        own = _reading(control)
    else:
        own = _mix(control)
    return [{"id": name, **own, **_frame(control.place)}]


def _push(control: Push, name: str) -> Widget:
    """A single value is the button's own; more than that is sent by a script."""
    own: Widget = {
        "type": "button",
        "id": name,
        "label": control.label,
        "wrap": "soft",
        **_frame(control.place),
    }
    (address, args), *more = control.messages
    if more or len(args) > 1:
        sends = "\n".join(_send(each, values) for each, values in control.messages)
        return {**own, "mode": "tap", "address": address, "bypass": True, "onValue": sends}
    if not args:
        return {**own, "mode": "momentary", "address": address}
    return {**own, "mode": "tap", "address": address, "on": args[0], "typeTags": _tag(args[0])}


def _send(address: str, args: tuple[Atom, ...]) -> str:
    values = "".join(f", {json.dumps({'type': _tag(value), 'value': value})}" for value in args)
    return f"send({json.dumps(address)}{values})"


def _reading(control: Reading) -> Widget:
    """Shows one argument: messages of one argument come as a value, others as a list."""
    value = f"#{{[].concat(OSC{{{control.address}}})[{control.argument}]}}"
    return {"type": "text", "bypass": True, "value": value, "html": control.label}


def _mix(control: Mix) -> Widget:
    first, second, third = (json.dumps({"type": "s", "value": prompt}) for prompt in control.prompts)
    script = (
        "var [x, y] = value\n"
        f'send({json.dumps(control.address)}, {first}, {{"type": "f", "value": 1 - x}}, '
        f'{second}, {{"type": "f", "value": x}}, {third}, {{"type": "f", "value": y}})'
    )
    return {
        "type": "xy",
        "address": control.address,
        "bypass": True,
        "rangeX": {"min": 0, "max": 1},
        "rangeY": {"min": 0, "max": 1},
        "onValue": script,
        "html": control.label,
    }


def _tag(value: Atom) -> str:
    return {int: "i", float: "f", str: "s"}[type(value)]


def _frame(place: Place) -> Widget:
    across, down = 100 / COLUMNS, 100 / ROWS
    return {
        "left": f"{place.x * across:g}%",
        "top": f"{place.y * down:g}%",
        "width": f"{place.w * across:g}%",
        "height": f"{place.h * down:g}%",
        "expand": False,
    }
