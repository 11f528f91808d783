"""The parameter table: every controllable thing, declared once.

OSC addresses, replies, preset validation and the reference page all come from `PARAMETERS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from daw_bridge.clock.parameters import CLOCK_PARAMETERS
from daw_bridge.control.midi.parameters import MIDI_PARAMETERS
from daw_bridge.decks.choice_parameters import CHOICE_PARAMETERS
from daw_bridge.decks.model_parameters import MODEL_PARAMETERS
from daw_bridge.decks.parameters import DECK_PARAMETERS, GAIN_ARG, GLIDE_ARGS, QUANTUM_ARG
from daw_bridge.errors import UnknownAddressError
from daw_bridge.melody.parameters import MELODY_PARAMETERS
from daw_bridge.parameter import MAX_STRING, Arg, ArgType, Atom, Parameter, Values

__all__ = [
    "MAX_DECKS",
    "MAX_STRING",
    "PARAMETERS",
    "Address",
    "AddressTable",
    "Arg",
    "ArgType",
    "Atom",
    "Parameter",
    "Values",
    "lookup",
]

MAX_DECKS = 8
_CLIP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")


def check_clip_name(text: str) -> None:
    """Raise `ValueError` unless the text can be a file's name as it is (empty: one is chosen)."""
    if (text and not _CLIP_NAME.fullmatch(text)) or text.endswith((".", " ")):
        raise ValueError


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "/bridge/tempo", "value", (Arg("bpm", "f", 40, 240),), unit="BPM", curve="linear", default=(120.0,),
        doc="Tempo of the instrument's clock. Everything that plays follows without losing its beat.",
    ),
    Parameter(
        "/bridge/meter", "value", (Arg("beats", "i", 3, 4),), unit="beats a bar", default=(4,),
        doc="Quarter notes in a bar; a change waits for the bar line.",
    ),
    Parameter(
        "/bridge/gain", "value", (GAIN_ARG,), unit="dB", curve="linear", default=(0.0,),
        doc="Gain of the whole output.",
    ),
    Parameter(
        "/bridge/gain/glide", "value", GLIDE_ARGS, default=(0.0, "beats"),
        doc="How long a new gain takes to be reached while music plays; see that of a deck.",
    ),
    Parameter(
        "/bridge/crossfade", "value", (Arg("position", "f", 0, 1),), curve="linear", default=(0.5,),
        doc="Crossfade between the decks of group A (0) and those of group B (1), of equal power.",
    ),
    Parameter(
        "/bridge/crossfade/glide", "value", GLIDE_ARGS, default=(0.0, "beats"),
        doc="How long a new position of the crossfade takes to be reached while music plays; see the gain "
        "of a deck.",
    ),
    Parameter(
        "/bridge/decks", "value", (Arg("decks", "i", 1, MAX_DECKS),), default=(1,),
        doc="Number of decks; at first that of the option. Adding or taking away decks does not touch the "
        "others; a deck that is taken away stops, and its solo and what waits for it go.",
    ),
    Parameter(
        "/bridge/latency/offset", "value", (Arg("ms", "f", -500, 500),), unit="ms", curve="linear",
        default=(0.0,),
        doc="What the sound takes to the ear beyond what the device says (less where negative); positions "
        "and the times of acknowledgements count it in. While a clock is followed the music moves by it, so "
        "that it is on the beat at the ear.",
    ),
    Parameter(
        "/bridge/quantum", "value", (QUANTUM_ARG,), default=("1M",),
        doc="Launch quantum: the grid on which decks start and stop.",
    ),
    *DECK_PARAMETERS,
    *CHOICE_PARAMETERS,
    *MODEL_PARAMETERS,
    Parameter(
        "/bridge/clip/render", "command",
        (
            Arg("prompt", "s"),
            Arg("bars", "i", 1, 256),
            Arg("tempo", "f", 40, 240),
            Arg("name", "s", optional=True, default="", check=check_clip_name,
                allowed="a file name of letters, digits, space, '_', '-' and '.', at most 64 long"),
        ),
        doc="Render a bar-exact clip below the data folder, with deck 1's sampling and key. Acknowledged "
        "at once; answered on /bridge/clip/done with path and seconds, or on /bridge/error.",
    ),
    Parameter(
        "/bridge/take/new", "command", (),
        doc="End the take that is being recorded and begin another, without a gap.",
    ),
    Parameter(
        "/bridge/take/mark", "command", (Arg("text", "s", optional=True, default=""),),
        doc="Put a mark into the take, at what is being heard.",
    ),
    Parameter(
        "/bridge/take/name", "command", (Arg("name", "s"),),
        doc="Name the take that is being recorded; daw-bridge takes name does it for one that has ended. A "
        "take with a name is never removed by age or size.",
    ),
    Parameter(
        "/bridge/cancel", "command", (Arg("parameter", "s", optional=True, default=""),),
        doc="Drop what is planned for all decks and the instrument: of one parameter ('tempo', 'prompt' ...) "
        "or all of it.",
    ),
    *CLOCK_PARAMETERS,
    *MELODY_PARAMETERS,
    *MIDI_PARAMETERS,
    Parameter("/bridge/status", "command", (), doc="Send the whole state once: see Status messages."),
    Parameter(
        "/bridge/subscribe", "command", (Arg("rate", "f", 0.1, 50, optional=True, default=10.0),), unit="Hz",
        doc="Send the state to the sender at this rate, and notices as they come, until it unsubscribes or "
        "its port closes. Subscribing again changes the rate.",
    ),
    Parameter("/bridge/unsubscribe", "command", (), doc="End the sender's subscription."),
    Parameter("/bridge/ping", "command", (), doc="Answered by /bridge/pong and the version."),
    Parameter(
        "/bridge/position", "readonly",
        (Arg("bar", "i"), Arg("beat", "f"), Arg("tempo", "f"), Arg("seconds", "f")),
        doc="Position being heard: bar from 1, beat in the bar from 1.0, BPM, seconds since the start.",
    ),
    Parameter(
        "/bridge/take/state", "readonly", (Arg("state", "s"), Arg("name", "s"), Arg("seconds", "f")),
        doc="off, waiting (a take begins with the music), recording, or failed (it ended early, for example "
        "because the disk is full); the take's name; seconds of sound recorded.",
    ),
    Parameter(
        "/bridge/metrics", "readonly",
        (
            Arg("factor", "f"), Arg("lookahead", "f"), Arg("control", "f"), Arg("control p95", "f"),
            Arg("underruns", "i"), Arg("held", "f"), Arg("restarts", "i"), Arg("front", "f"),
            Arg("worker", "f"), Arg("gpu", "f"),
        ),
        doc="How it is doing: speed of generation, times real time; ms generated ahead of what is heard; ms "
        "from a value's arrival to the first sample that it changed, the last one and the 95th percentile; "
        "times that sound was late; seconds held; workers replaced; megabytes of front, worker and GPU.",
    ),
    Parameter(
        "/bridge/output", "readonly",
        (
            Arg("underruns", "i"), Arg("silence", "f"), Arg("used up", "f"), Arg("latency", "f"),
            Arg("gaps", "i"),
        ),
        doc="How the sound device is served: times that it wanted sound and there was none, and the seconds "
        "of silence that this was; ms of what is written ahead that had been used up before more came, the "
        "worst of the last seconds; ms from writing to hearing, which grow once it has run dry; gaps that "
        "the device itself reported.",
    ),
    Parameter(
        "/bridge/engine", "readonly",
        (Arg("state", "s"), Arg("model", "s"), Arg("compute", "s"), Arg("precision", "s")),
        doc="What generates: loading, ready, restarting or failed; the model; where it runs; the number "
        "format of its arithmetic.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A concrete address: its parameter and its deck (None for one without)."""

    text: str
    parameter: Parameter
    deck: int | None


@dataclass
class AddressTable:
    """Every address of an instrument with ``decks`` decks; `lookup` is one dictionary access."""

    decks: int
    by_text: dict[str, Address] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for parameter in PARAMETERS:
            for deck in range(1, self.decks + 1) if parameter.per_deck else (None,):
                text = parameter.address(deck)
                self.by_text[text] = Address(text, parameter, deck)

    @cached_property
    def _words(self) -> tuple[str, ...]:
        """The last words of all addresses."""
        return tuple(dict.fromkeys(address.rpartition("/")[2] for address in self.by_text))

    def __iter__(self) -> Iterator[Address]:
        return iter(self.by_text.values())

    def lookup(self, text: str) -> Address:
        """The address, or `UnknownAddressError` with the nearest ones."""
        found = self.by_text.get(text)
        if found is None:
            raise UnknownAddressError(text, self._hint(text))
        return found

    def missing_deck(self, text: str) -> str:
        """``': decks are 1..N'`` where an address or pattern names a deck that is not there; else empty."""
        number = re.match(r"/bridge/deck/([^/?*[{]*)/", text)
        if number is None or number[1] in {str(deck) for deck in range(1, self.decks + 1)}:
            return ""
        return f": decks are 1..{self.decks}"

    def near_miss(self, text: str) -> str:
        """The address that an unknown one may have meant, as a question; empty where none is near. Compares
        the last words only, as it must be cheap for whoever sends nothing but nonsense."""
        head, _, last = text.rstrip("/").rpartition("/")
        near = get_close_matches(last[:40], self._words, 1, 0.75)
        if not near or near[0] == last:
            return ""
        found = [address for address in self.by_text if address.endswith(f"/{near[0]}")]
        here = f"{head}/{near[0]}"
        return f", or do you mean {here if here in self.by_text else found[0]}?"

    def _hint(self, text: str) -> str:
        if missing := self.missing_deck(text):
            return missing.removeprefix(": ")
        last = text.rstrip("/").rpartition("/")[2][:40]
        near = [address for address in self.by_text if last and address.endswith(f"/{last}")]
        return f"did you mean {near[0]}?" if near else "see docs/control.md, or send /bridge/status"


def lookup(path: str) -> Parameter:
    """The row of a path with ``{deck}`` unfilled.

    Raises:
        KeyError: no row has this path.
    """
    return _BY_PATH[path]


_BY_PATH = {parameter.path: parameter for parameter in PARAMETERS}
