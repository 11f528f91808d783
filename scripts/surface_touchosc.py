"""The pages of `surface_layout` as a layout of TouchOSC: an XML document (format 6), deflated by zlib."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from surface_layout import COLUMNS, ROWS, Control, Entry, Fader, Mix, Page, Place, Push, Reading, Toggle

from daw_bridge.parameter import Atom

WIDTH, HEIGHT, TABS = 1280, 800, 40
LABEL_H = 20
GAP = 3
FORMAT = "6"
ALL_CONNECTIONS = "1" * 10
COLOURS = {Fader: "0.15 0.45 0.65", Push: "0.55 0.35 0.1", Toggle: "0.5 0.2 0.4", Mix: "0.15 0.5 0.35"}
GREY = "0.2 0.2 0.22"

Property = tuple[str, str, str]
"""Type, key and the text of the value, as it stands in the document."""


@dataclass(frozen=True)
class Partial:
    """A part of a message: a constant, or a value of the control, laid from 0..1 on a range."""

    kind: str
    conversion: str
    value: str
    low: float = 0.0
    high: float = 1.0

    def xml(self) -> str:
        return (
            f"<partial><type>{self.kind}</type><conversion>{self.conversion}</conversion>"
            f"{_text('value', self.value)}<scaleMin>{self.low:g}</scaleMin><scaleMax>{self.high:g}</scaleMax>"
            "</partial>"
        )


def layout(pages: Iterable[Page]) -> bytes:
    """The file."""
    return zlib.compress(document(pages).encode(), 9)


def document(pages: Iterable[Page]) -> str:
    """The XML document in the file."""
    inside = "".join(_page(page, number) for number, page in enumerate(pages))
    tabs = [
        ("b", "tabLabels", "1"),
        ("b", "tabbar", "1"),
        ("b", "tabbarDoubleTap", "0"),
        ("i", "tabbarSize", str(TABS)),
        ("i", "textSizeOff", "16"),
        ("i", "textSizeOn", "16"),
    ]
    pager = _node("PAGER", "pages", (0, 0, WIDTH, HEIGHT), tabs, {"page": "0"}, children=inside)
    root = _node("GROUP", "daw_bridge", (0, 0, WIDTH, HEIGHT), [], {}, children=pager, includes=True)
    return f"<?xml version='1.0' encoding='UTF-8'?><lexml version='{FORMAT}'>{root}</lexml>"


def _page(page: Page, number: int) -> str:
    own = f"{number} {page.title}"
    children = "".join(_control(control, own) for control in page.controls)
    tab = [("s", "tabLabel", page.title)]
    return _node("GROUP", own, (0, TABS, WIDTH, HEIGHT - TABS), tab, {}, children=children)


def _control(control: Control, page: str) -> str:
    x, y, w, h = _frame(control.place)
    name = f"{page} {control.label} {x:g} {y:g}"
    if isinstance(control, Push):
        messages = "".join(_press(address, args) for address, args in control.messages)
        button = _node("BUTTON", name, (x, y, w, h), _button(0), {"x": "0"}, COLOURS[Push], messages)
        return button + _label(f"{name} label", (x, y, w, h), control.label)
    above = _label(f"{name} label", (x, y, w, LABEL_H), control.label)
    rest = (x, y + LABEL_H, w, h - LABEL_H)
    if isinstance(control, Fader):
        return above + _fader(name, rest, control)
    if isinstance(control, Toggle):
        messages = _osc(control.address, (Partial("VALUE", "FLOAT", "x"),), "x")
        values = {"x": str(int(control.default))}
        return above + _node("BUTTON", name, rest, _button(1), values, COLOURS[Toggle], messages)
    if isinstance(control, Entry):
        messages = _osc(control.address, (Partial("VALUE", "STRING", "text"),), "text")
        typed = [*_writing(16), ("b", "textWrap", "1"), ("b", "interactive", "1")]
        return above + _node("TEXT", name, rest, typed, {"text": ""}, GREY, messages)
    if isinstance(control, Reading):
        skipped = (Partial("CONSTANT", "STRING", ""),) * control.argument
        messages = _osc(control.address, (*skipped, Partial("VALUE", "STRING", "text")), sends=False)
        return above + _label(name, rest, "", messages)
    return above + _mix(name, rest, control)


def _fader(name: str, frame: tuple[float, ...], control: Fader) -> str:
    conversion = "INTEGER" if control.whole else "FLOAT"
    value = Partial("VALUE", conversion, "x", control.low, control.high)
    start = (control.default - control.low) / (control.high - control.low)
    look = [("b", "bar", "1"), ("i", "barDisplay", "0"), ("b", "cursor", "1"), ("i", "cursorDisplay", "0")]
    look += [
        ("b", "grid", "1"),
        ("i", "gridSteps", "11"),
        ("i", "response", "0"),
        ("i", "responseFactor", "100"),
    ]
    messages = _osc(control.address, (value,), "x")
    return _node("FADER", name, frame, look, {"x": f"{start:.4g}"}, COLOURS[Fader], messages)


def _mix(name: str, frame: tuple[float, ...], control: Mix) -> str:
    first, second, third = (Partial("CONSTANT", "STRING", prompt) for prompt in control.prompts)
    weights = (
        Partial("VALUE", "FLOAT", "x", 1, 0),
        Partial("VALUE", "FLOAT", "x", 0, 1),
        Partial("VALUE", "FLOAT", "y", 0, 1),
    )
    arguments = (first, weights[0], second, weights[1], third, weights[2])
    look = [
        ("b", "cursor", "1"),
        ("i", "cursorDisplay", "0"),
        ("b", "lines", "1"),
        ("i", "linesDisplay", "0"),
    ]
    look += [("b", "gridX", "1"), ("b", "gridY", "1"), ("i", "gridStepsX", "10"), ("i", "gridStepsY", "10")]
    look += [("i", "response", "0"), ("i", "responseFactor", "100"), ("b", "lockX", "0"), ("b", "lockY", "0")]
    messages = _osc(control.address, arguments, "x", "y", receives=False)
    return _node("XY", name, frame, look, {"x": "0", "y": "0"}, COLOURS[Mix], messages)


def _press(address: str, args: tuple[Atom, ...]) -> str:
    constants = tuple(Partial("CONSTANT", _conversion(value), str(value)) for value in args)
    return _osc(address, constants, "x", condition="RISE", receives=False)


def _conversion(value: Atom) -> str:
    return {int: "INTEGER", float: "FLOAT", str: "STRING"}[type(value)]


def _osc(
    address: str,
    arguments: tuple[Partial, ...],
    *watched: str,
    condition: str = "ANY",
    sends: bool = True,
    receives: bool = True,
) -> str:
    """A message; ``watched`` are the values whose change sends it."""
    triggers = "".join(
        f"<trigger>{_text('var', value)}<condition>{condition}</condition></trigger>" for value in watched
    )
    path = Partial("CONSTANT", "STRING", address)
    return (
        f"<osc><enabled>1</enabled><send>{sends:d}</send><receive>{receives:d}</receive><feedback>0</feedback>"
        f"<noDuplicates>0</noDuplicates><connections>{ALL_CONNECTIONS}</connections>"
        + (f"<triggers>{triggers}</triggers>" if triggers else "")
        + f"<path>{path.xml()}</path><arguments>{''.join(part.xml() for part in arguments)}</arguments></osc>"
    )


def _label(name: str, frame: tuple[float, ...], text: str, messages: str = "") -> str:
    look = [*_writing(14), ("b", "textClip", "1"), ("i", "textLength", "0"), ("b", "background", "0")]
    return _node("LABEL", name, frame, look, {"text": text}, GREY, messages)


def _button(kind: int) -> list[Property]:
    """0 is on while it is held, 1 stays as it is pressed."""
    return [
        ("i", "buttonType", str(kind)),
        ("b", "press", "1"),
        ("b", "release", "1"),
        ("b", "valuePosition", "0"),
    ]


def _writing(size: int) -> list[Property]:
    return [
        ("i", "font", "0"),
        ("i", "textSize", str(size)),
        ("i", "textAlignH", "2"),
        ("i", "textAlignV", "2"),
        ("c", "textColor", _colour("1 1 1")),
    ]


def _node(
    kind: str,
    name: str,
    frame: tuple[float, ...],
    properties: list[Property],
    values: dict[str, str],
    colour: str = GREY,
    messages: str = "",
    children: str = "",
    includes: bool = False,
) -> str:
    """One control; its identity follows from its name, so that a file is the same each time it is written."""
    box = "".join(f"<{side}>{value:g}</{side}>" for side, value in zip("xywh", frame, strict=True))
    touched = kind in ("BUTTON", "FADER", "XY", "PAGER")
    common = {
        "name": ("s", name),
        "frame": ("r", box),
        "color": ("c", _colour(colour)),
        "background": ("b", "1"),
        "cornerRadius": ("f", "2"),
        "grabFocus": ("b", str(int(kind not in ("GROUP", "PAGER")))),
        "interactive": ("b", str(int(touched))),
        "locked": ("b", "0"),
        "orientation": ("i", "0"),
        "outline": ("b", "1"),
        "outlineStyle": ("i", str(int(kind not in ("GROUP", "PAGER")))),
        "pointerPriority": ("i", "0"),
        "shape": ("i", "1"),
        "visible": ("b", "1"),
    }
    common.update({key: (sort, text) for sort, key, text in properties})
    listed = "".join(_property(sort, key, text) for key, (sort, text) in sorted(common.items()))
    held = "".join(_value(key, text) for key, text in {**values, "touch": "false"}.items())
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"daw_bridge/{name}")
    return (
        f"<node ID='{identity}' type='{kind}'>"
        + ("<includes></includes>" if includes else "")
        + f"<properties>{listed}</properties><values>{held}</values>"
        + (f"<messages>{messages}</messages>" if messages else "")
        + (f"<children>{children}</children>" if children else "")
        + "</node>"
    )


def _property(sort: str, key: str, text: str) -> str:
    value = _text("value", text) if sort == "s" else f"<value>{text}</value>"
    return f"<property type='{sort}'>{_text('key', key)}{value}</property>"


def _value(key: str, text: str) -> str:
    return (
        f"<value>{_text('key', key)}<locked>0</locked><lockedDefaultCurrent>0</lockedDefaultCurrent>"
        f"{_text('default', text)}<defaultPull>0</defaultPull></value>"
    )


def _text(tag: str, text: str) -> str:
    return f"<{tag}><![CDATA[{text}]]></{tag}>"


def _colour(colour: str) -> str:
    parts = (*colour.split(), "1")
    return "".join(f"<{name}>{escape(part)}</{name}>" for name, part in zip("rgba", parts, strict=True))


def _frame(place: Place) -> tuple[float, float, float, float]:
    """Pixels of a place, without the gap around it."""
    column, row = WIDTH / COLUMNS, (HEIGHT - TABS) / ROWS
    return (
        round(place.x * column + GAP, 2),
        round(place.y * row + GAP, 2),
        round(place.w * column - 2 * GAP, 2),
        round(place.h * row - 2 * GAP, 2),
    )
