"""The parameter table: every controllable thing, declared once.

OSC addresses, replies, preset validation and the reference page all come from `PARAMETERS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from daw_bridge.clock.quantum import QUANTUM_NAMES, Quantum
from daw_bridge.control.midi.parameters import MIDI_PARAMETERS
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
UNIT_TEXT = "'beats' or 'seconds'"
GROUP_TEXT = "'A', 'B', or '' for neither"
KEY_TEXT = "a key such as 'A minor', 'Eb major', 'F#', or '' for off"
CHORDS_TEXT = "1 to 64 chords, one a bar, such as 'Am F C G7 Dm7b5', or '' for off"
_KEY = re.compile(r"[A-Ga-g][#b]?\s*(major|minor|maj|min|m)?", re.IGNORECASE)
_CHORD = re.compile(r"[A-G][#b]?[A-Za-z0-9#+°ø()-]{0,12}(/[A-G][#b]?)?")
_CLIP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")


def check_key(text: str) -> None:
    """Raise `ValueError` unless the text names a key."""
    if text.strip() and not _KEY.fullmatch(text.strip()):
        raise ValueError(KEY_TEXT)


def check_chords(text: str) -> None:
    """Raise `ValueError` unless the text is a line of chord names."""
    chords = text.split()
    if len(chords) > 64 or not all(_CHORD.fullmatch(chord) for chord in chords):
        raise ValueError(CHORDS_TEXT)


def check_group(text: str) -> None:
    """Raise `ValueError` unless the text is a side of the crossfade."""
    if text not in ("", "A", "B"):
        raise ValueError(GROUP_TEXT)


def check_unit(text: str) -> None:
    """Raise `ValueError` unless the text is a unit of musical time."""
    if text not in ("beats", "seconds"):
        raise ValueError(UNIT_TEXT)


def check_clip_name(text: str) -> None:
    """Raise `ValueError` unless the text can be a file's name as it is (empty: one is chosen)."""
    if (text and not _CLIP_NAME.fullmatch(text)) or text.endswith((".", " ")):
        raise ValueError


def _some_weight(values: Values) -> bool:
    return any(values[1::2])


_DECK = "/bridge/deck/{deck}"
_QUANTUM_ARG = Arg("quantum", "s", check=Quantum.parse, allowed=", ".join(QUANTUM_NAMES))
_LAUNCH_ARG = Arg("when", "q", optional=True, default="")
_ON_ARG = Arg("on", "b")
_GAIN_ARG = Arg("gain", "f", -60, 12)

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
        "/bridge/gain", "value", (_GAIN_ARG,), unit="dB", curve="linear", default=(0.0,),
        doc="Gain of the whole output.",
    ),
    Parameter(
        "/bridge/crossfade", "value", (Arg("position", "f", 0, 1),), curve="linear", default=(0.5,),
        doc="Crossfade between the decks of group A (0) and those of group B (1), of equal power.",
    ),
    Parameter(
        "/bridge/decks", "value", (Arg("decks", "i", 1, MAX_DECKS),), default=(1,),
        doc="Number of decks; at first that of the option. Adding or taking away decks does not touch the "
        "others; a deck that is taken away stops.",
    ),
    Parameter(
        "/bridge/latency/offset", "value", (Arg("ms", "f", -500, 500),), unit="ms", curve="linear",
        default=(0.0,),
        doc="What the sound takes to the ear beyond what the device says (less where negative); positions "
        "and the times of acknowledgements count it in.",
    ),
    Parameter(
        "/bridge/quantum", "value", (_QUANTUM_ARG,), default=("1M",),
        doc="Launch quantum: the grid on which decks start and stop.",
    ),
    Parameter(
        f"{_DECK}/prompt", "value", (Arg("text", "s"),), takes="deck", default=("",),
        doc="What the deck plays, in words. Sets one prompt of weight 1; empty plays without words.",
    ),
    Parameter(
        f"{_DECK}/prompts", "value", (Arg("text", "s"), Arg("weight", "f", 0, 100)), takes="deck",
        default=("", 1.0), repeat=(1, 4), require=_some_weight, required="at least one weight above 0",
        doc="Up to four prompts with weights, blended; the weights count relative to each other.",
    ),
    Parameter(
        f"{_DECK}/prompts/glide", "value",
        (Arg("time", "f", 0, 600), Arg("unit", "s", check=check_unit, allowed=UNIT_TEXT)),
        default=(0.0, "beats"),
        doc="How long the weights of a new mix of prompts take to be reached, for changes made from then on; "
        "seconds are those of the tempo at its beginning.",
    ),
    Parameter(
        f"{_DECK}/temperature", "value", (Arg("temperature", "f", 0, 2),), takes="deck", curve="linear",
        default=(1.0,),
        doc="How freely the model chooses; 0 always takes the likeliest.",
    ),
    Parameter(
        f"{_DECK}/top_k", "value", (Arg("k", "i", 0, 2048),), takes="deck", curve="log", default=(250,),
        doc="Choose among the k likeliest tokens; 0 is off.",
    ),
    Parameter(
        f"{_DECK}/top_p", "value", (Arg("p", "f", 0, 1),), takes="deck", curve="linear", default=(0.0,),
        doc="Choose among the likeliest tokens that together have this probability; 0 is off, "
        "otherwise it overrules top_k.",
    ),
    Parameter(
        f"{_DECK}/guidance", "value", (Arg("coefficient", "f", 0, 10),), takes="deck", curve="linear",
        default=(3.0,),
        doc="Classifier-free guidance: how strictly prompt, key and beat are followed; 1 is none.",
    ),
    Parameter(
        f"{_DECK}/seed", "value", (Arg("seed", "i", 0, 2**31 - 1),), default=(0,),
        doc="Seed of the deck's voice, used from its next start on. The same seed and the same commands play "
        "the same music.",
    ),
    Parameter(
        f"{_DECK}/length", "value", (Arg("seconds", "f", 0, 600),), unit="s", default=(0.0,),
        doc="How long the deck plays after a start, used from its next start on; 0 is until it is stopped. A "
        "model of sound effects starts with 5.",
    ),
    Parameter(
        f"{_DECK}/gain", "value", (_GAIN_ARG,), unit="dB", curve="linear", default=(0.0,),
        doc="Gain of the deck.",
    ),
    Parameter(
        f"{_DECK}/mute", "value", (_ON_ARG,), default=(False,),
        doc="Whether the deck is silent; it plays on.",
    ),
    Parameter(
        f"{_DECK}/solo", "value", (_ON_ARG,), default=(False,),
        doc="While any deck is on solo, only those are heard.",
    ),
    Parameter(
        f"{_DECK}/group", "value", (Arg("group", "s", check=check_group, allowed=GROUP_TEXT),), default=("",),
        doc="Side of the crossfade on which the deck is heard.",
    ),
    Parameter(
        f"{_DECK}/outputs", "value", (Arg("first", "i", 1, 64), Arg("count", "i", 1, 2)), default=(1, 2),
        doc="Output channels: the first one, and whether it plays on that alone or on two. See the option "
        "channels.",
    ),
    Parameter(
        f"{_DECK}/key", "value", (Arg("key", "s", check=check_key, allowed=KEY_TEXT),), takes="deck",
        default=("",),
        doc="Key that steers the harmony; empty is off. Chords overrule it.",
    ),
    Parameter(
        f"{_DECK}/chords", "value", (Arg("chords", "s", check=check_chords, allowed=CHORDS_TEXT),),
        takes="deck", default=("",),
        doc="Chords that steer the harmony, one a bar, repeating; empty is off.",
    ),
    Parameter(
        f"{_DECK}/chroma", "value", (Arg("pitch class", "f", 0, 1),), takes="deck", repeat=(12, 12),
        default=(0.0,) * 12,
        doc="Strength of the twelve pitch classes from C, as a constant harmony; all 0 is off. Key and "
        "chords overrule it.",
    ),
    Parameter(
        f"{_DECK}/chroma/enable", "value", (Arg("on", "b"),), takes="deck", default=(True,),
        doc="Whether key, chords and chroma steer the harmony.",
    ),
    Parameter(
        f"{_DECK}/transport/enable", "value", (Arg("on", "b"),), takes="deck", default=(True,),
        doc="Whether the model is told beat, bar and tempo.",
    ),
    Parameter(
        f"{_DECK}/quantum", "value", (_QUANTUM_ARG,), default=("now",),
        doc="Grid on which changes of this deck's other values take effect.",
    ),
    Parameter(
        f"{_DECK}/start", "command", (_LAUNCH_ARG,), takes="launch",
        doc="Start the deck at the next line of the launch quantum or of the quantum given, or at the start "
        "of a bar given by its number.",
    ),
    Parameter(
        f"{_DECK}/stop", "command", (_LAUNCH_ARG,), takes="launch",
        doc="Stop the deck at the next line of the launch quantum or of the quantum given, or at the start "
        "of a bar given by its number.",
    ),
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
        f"{_DECK}/grab", "command", (Arg("bars", "i", 1, 16, optional=True, default=4),),
        doc="Keep the last whole bars that the deck played as a loop below the data folder. Acknowledged at "
        "once; answered on /bridge/clip/done with path and seconds, or on /bridge/error.",
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
        doc="Name the take that is being recorded. A take with a name is never removed by age or size.",
    ),
    Parameter(
        f"{_DECK}/cancel", "command", (Arg("parameter", "s", optional=True, default=""),),
        doc="Drop what is planned for the deck: of one parameter ('prompt', 'gain', 'start', 'stop' ...) or "
        "all of it. What is too near to be changed happens.",
    ),
    Parameter(
        "/bridge/cancel", "command", (Arg("parameter", "s", optional=True, default=""),),
        doc="Drop what is planned for all decks and the instrument: of one parameter ('tempo', 'prompt' ...) "
        "or all of it.",
    ),
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
        f"{_DECK}/position", "readonly", (Arg("bar", "i"), Arg("beat", "f")),
        doc="Position of the deck being heard: bars from the one in which it started (1), beat in the bar "
        "from 1.0; 0 while it is stopped or armed.",
    ),
    Parameter(
        f"{_DECK}/next", "readonly",
        (Arg("what", "s"), Arg("bar", "i"), Arg("beat", "f"), Arg("seconds", "f")),
        doc="What is planned next for the deck: a parameter's name, start or stop; its bar, its beat in the "
        "bar from 1.0, and seconds until it is heard. Empty and 0 where nothing is.",
    ),
    Parameter(
        f"{_DECK}/held", "readonly", (Arg("underruns", "i"), Arg("seconds", "f")),
        doc="How often generation was late and the deck repeated what it had played, and for how many "
        "seconds in all.",
    ),
    Parameter(
        f"{_DECK}/state", "readonly", (Arg("state", "s"), Arg("lead", "f"), Arg("factor", "f")),
        doc="stopped, armed (will start), playing, or holding (repeating its last bars because generation is "
        "late); seconds generated ahead; speed of generation, times real time.",
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

    def __iter__(self) -> Iterator[Address]:
        return iter(self.by_text.values())

    def lookup(self, text: str) -> Address:
        """The address, or `UnknownAddressError` with the nearest ones."""
        found = self.by_text.get(text)
        if found is None:
            raise UnknownAddressError(text, self._hint(text))
        return found

    def _hint(self, text: str) -> str:
        number = re.match(r"/bridge/deck/([^/]*)/", text)
        if number and number[1] not in {str(deck) for deck in range(1, self.decks + 1)}:
            return f"decks are 1..{self.decks}"
        last = text.rstrip("/").rpartition("/")[2][:40]
        near = [address for address in self.by_text if last and address.endswith(f"/{last}")]
        return f"did you mean {near[0]}?" if near else "see docs/osc.md, or send /bridge/status"


def lookup(path: str) -> Parameter:
    """The row of a path with ``{deck}`` unfilled.

    Raises:
        KeyError: no row has this path.
    """
    return _BY_PATH[path]


_BY_PATH = {parameter.path: parameter for parameter in PARAMETERS}
