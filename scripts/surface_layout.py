"""What is on the tablet surfaces: pages of controls on a grid, each with its row of the parameter table.

`surface_touchosc` and `surface_open_stage_control` write the same pages in their program's format.
"""

from __future__ import annotations

from dataclasses import dataclass

from daw_bridge.parameter import Atom
from daw_bridge.parameters import Arg, lookup

COLUMNS, ROWS = 16, 10
SUBSCRIBE_HZ = 10
CHOICES = 3
PADS = (
    ("lo-fi", "warm lo-fi hip hop with electric piano"),
    ("techno", "driving techno with acid bass"),
    ("strings", "ambient strings, slow and wide"),
    ("drums", "drums only, house"),
)
"""What stands on the pads of a deck, and the prompt that each of them sends."""

MIXED = ("solo piano", "driving techno", "ambient strings")
"""The three prompts of a mix: the first at the left, the second at the right, the third from below."""

ASK = ("/bridge/*", "/bridge/deck/*/*")
"""Patterns that, without arguments, ask for all that the surfaces show."""


@dataclass(frozen=True)
class Place:
    """A rectangle on the grid of `COLUMNS` times `ROWS`."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Fader:
    """A number; the range is a part of the table's."""

    place: Place
    label: str
    address: str
    low: float
    high: float
    default: float
    whole: bool = False


@dataclass(frozen=True)
class Push:
    """Sends messages when it is pressed."""

    place: Place
    label: str
    messages: tuple[tuple[str, tuple[Atom, ...]], ...]


@dataclass(frozen=True)
class Toggle:
    """On or off, sent as 1 or 0."""

    place: Place
    label: str
    address: str
    default: bool


@dataclass(frozen=True)
class Entry:
    """A text to be typed."""

    place: Place
    label: str
    address: str


@dataclass(frozen=True)
class Reading:
    """Shows one argument, counted from 0, of what the daemon sends."""

    place: Place
    label: str
    address: str
    argument: int


@dataclass(frozen=True)
class Mix:
    """A field on which three prompts are mixed: weights 1 - x, x and y."""

    place: Place
    label: str
    address: str
    prompts: tuple[str, str, str]


Control = Fader | Push | Toggle | Entry | Reading | Mix


@dataclass(frozen=True)
class Page:
    """One page, with the controls on it."""

    title: str
    controls: tuple[Control, ...]


def pages(decks: int) -> tuple[Page, ...]:
    """The whole surface: a page for the instrument, and one for each deck."""
    return (_main_page(decks), *(_deck_page(deck) for deck in range(1, decks + 1)))


def connect_messages() -> tuple[tuple[str, tuple[Atom, ...]], ...]:
    """What makes the daemon show its state: a subscription, and a question for all values."""
    return (("/bridge/subscribe", (SUBSCRIBE_HZ,)), *((pattern, ()) for pattern in ASK))


def _main_page(decks: int) -> Page:
    controls: list[Control] = [
        Push(Place(0, 0, 2, 1.5), "connect", connect_messages()),
        Reading(Place(2, 0, 2, 1.5), "bar", "/bridge/position", 0),
        Reading(Place(4, 0, 2, 1.5), "beat", "/bridge/position", 1),
        Reading(Place(6, 0, 2, 1.5), "engine", "/bridge/status", 0),
        Reading(Place(8, 0, 2, 1.5), "take", "/bridge/take/state", 0),
        Reading(Place(10, 0, 6, 1.5), "refused", "/bridge/error", 1),
        fader(Place(0, 1.5, 1.5, 8.5), "tempo", "/bridge/tempo", 60, 180),
        fader(Place(1.5, 1.5, 1.5, 8.5), "gain", "/bridge/gain", -40, 6),
        fader(Place(3, 1.5, 1.5, 8.5), "A | B", "/bridge/crossfade"),
        Push(Place(5, 2, 2, 1.5), "all start", (("/bridge/deck/*/start", ()),)),
        Push(Place(7, 2, 2, 1.5), "all stop", (("/bridge/deck/*/stop", ()),)),
        Push(Place(9, 2, 2, 1.5), "cancel", (("/bridge/cancel", ()),)),
        Push(Place(11, 2, 2, 1.5), "mark", (("/bridge/take/mark", ("tablet",)),)),
        Push(Place(13, 2, 2, 1.5), "new take", (("/bridge/take/new", ()),)),
        Push(Place(15, 2, 1, 1.5), "tap", (("/bridge/tap", ()),)),
        Reading(Place(15, 3.5, 1, 1.5), "clock", "/bridge/clock/state", 1),
        Reading(Place(13, 3.5, 2, 1.5), "quantum", "/bridge/quantum", 0),
    ]
    for index, quantum in enumerate(("now", "1/4", "1M", "4M")):
        controls.append(Push(Place(5 + 2 * index, 3.5, 2, 1.5), quantum, (("/bridge/quantum", (quantum,)),)))
    for deck in range(1, decks + 1):
        controls += _deck_line(deck, 5 + (deck - 1) * min(1.5, 5 / decks), min(1.5, 5 / decks))
    return Page("main", tuple(controls))


def _deck_line(deck: int, y: float, h: float) -> list[Control]:
    own = f"/bridge/deck/{deck}"
    return [
        Push(Place(5, y, 1.5, h), f"start {deck}", ((f"{own}/start", ()),)),
        Push(Place(6.5, y, 1.5, h), f"stop {deck}", ((f"{own}/stop", ()),)),
        toggle(Place(8, y, 1.5, h), f"mute {deck}", f"{own}/mute"),
        Reading(Place(9.5, y, 1.5, h), "state", f"{own}/state", 0),
        Reading(Place(11, y, 5, h), "prompt", f"{own}/prompt", 0),
    ]


def _deck_page(deck: int) -> Page:
    own = f"/bridge/deck/{deck}"
    controls: list[Control] = [
        Entry(Place(0, 0, 10, 1.5), "prompt", f"{own}/prompt"),
        Reading(Place(10, 0, 2, 1.5), "state", f"{own}/state", 0),
        Reading(Place(12, 0, 2, 1.5), "bar", f"{own}/position", 0),
        Reading(Place(14, 0, 2, 1.5), "next", f"{own}/next", 0),
        Push(Place(0, 1.5, 2, 1.5), "start", ((f"{own}/start", ()),)),
        Push(Place(2, 1.5, 2, 1.5), "stop", ((f"{own}/stop", ()),)),
        Push(Place(4, 1.5, 2, 1.5), "grab 4 bars", ((f"{own}/grab", (4,)),)),
        toggle(Place(6, 1.5, 2, 1.5), "mute", f"{own}/mute"),
        toggle(Place(8, 1.5, 2, 1.5), "solo", f"{own}/solo"),
        Entry(Place(10, 1.5, 2, 1.5), "key", f"{own}/key"),
        Entry(Place(12, 1.5, 4, 1.5), "chords", f"{own}/chords"),
        fader(Place(0, 3, 1.5, 7), "gain", f"{own}/gain", -40, 6),
        fader(Place(1.5, 3, 1.5, 7), "temp.", f"{own}/temperature", 0.5, 1.5),
        fader(Place(3, 3, 1.5, 7), "guidance", f"{own}/guidance", 1, 6),
        fader(Place(4.5, 3, 1.5, 7), "top k", f"{own}/top_k", 20, 1000),
        Mix(Place(6.5, 3, 6, 7), " | ".join(MIXED), f"{own}/prompts", MIXED),
    ]
    for index, (label, prompt) in enumerate(PADS):
        controls.append(Push(Place(13, 3 + index, 3, 1), label, ((f"{own}/prompt", (prompt,)),)))
    controls.append(Push(Place(13, 7, 1.5, 1), "choices", ((f"{own}/choices", (CHOICES,)),)))
    controls.append(Reading(Place(14.5, 7, 1.5, 1), "ready", f"{own}/choices/state", 2))
    for choice in range(1, CHOICES + 1):
        controls.append(Push(Place(12 + choice, 8, 1, 1), f"cue {choice}", ((f"{own}/cue", (choice,)),)))
        controls.append(Push(Place(12 + choice, 9, 1, 1), f"go {choice}", ((f"{own}/commit", (choice,)),)))
    return Page(f"deck {deck}", tuple(controls))


def fader(
    place: Place, label: str, address: str, low: float | None = None, high: float | None = None
) -> Fader:
    """A fader of a value; without a range it has the table's."""
    arg, default = _number(address)
    return Fader(
        place,
        label,
        address,
        arg.low if low is None else low,
        arg.high if high is None else high,
        default,
        whole=arg.type == "i",
    )


def toggle(place: Place, label: str, address: str) -> Toggle:
    """A switch of the table."""
    row = lookup(path_of(address))
    return Toggle(place, label, address, bool(row.default[0]))


def path_of(address: str) -> str:
    """The path of an address in the parameter table."""
    parts = address.split("/")
    if parts[2] == "deck":
        parts[3] = "{deck}"
    return "/".join(parts)


def _number(address: str) -> tuple[Arg, float]:
    row = lookup(path_of(address))
    return row.args[0], float(row.default[0])
