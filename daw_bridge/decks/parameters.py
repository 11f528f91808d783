"""Rows of the parameter table that concern decks."""

from __future__ import annotations

import re

from daw_bridge.clock.quantum import QUANTUM_NAMES, Quantum
from daw_bridge.parameter import Arg, Parameter, Values

UNIT_TEXT = "'beats' or 'seconds'"
GROUP_TEXT = "'A', 'B', or '' for neither"
KEY_TEXT = "a key such as 'A minor', 'Eb major', 'F#', or '' for off"
CHORDS_TEXT = "1 to 64 chords, one a bar, such as 'Am F C G7 Dm7b5', or '' for off"
_KEY = re.compile(r"[A-Ga-g][#b]?\s*(major|minor|maj|min|m)?", re.IGNORECASE)
_CHORD = re.compile(r"[A-G][#b]?[A-Za-z0-9#+°ø()-]{0,12}(/[A-G][#b]?)?")


def check_key(text: str) -> None:
    """Raise `ValueError` unless the text names a key."""
    if text.strip() and not _KEY.fullmatch(text.strip()):
        raise ValueError(KEY_TEXT)


def check_chords(text: str) -> None:
    """Raise `ValueError` unless the text is a line of chord names."""
    chords = text.split()
    if len(chords) > 64 or not all(_CHORD.fullmatch(chord) for chord in chords):
        raise ValueError(CHORDS_TEXT)


def _some_weight(values: Values) -> bool:
    return any(values[1::2])


_DECK = "/bridge/deck/{deck}"
_LAUNCH_ARG = Arg("when", "q", optional=True, default="")
_ON_ARG = Arg("on", "b")
QUANTUM_ARG = Arg(
    "quantum", "s", check=Quantum.parse, choices=QUANTUM_NAMES, allowed=", ".join(QUANTUM_NAMES)
)
GAIN_ARG = Arg("gain", "f", -60, 12)
GLIDE_ARGS = (Arg("time", "f", 0, 600), Arg("unit", "s", choices=("beats", "seconds"), allowed=UNIT_TEXT))

DECK_PARAMETERS: tuple[Parameter, ...] = (
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
        f"{_DECK}/prompts/glide", "value", GLIDE_ARGS, default=(0.0, "beats"),
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
        f"{_DECK}/gain", "value", (GAIN_ARG,), unit="dB", curve="linear", default=(0.0,),
        doc="Gain of the deck.",
    ),
    Parameter(
        f"{_DECK}/gain/glide", "value", GLIDE_ARGS, default=(0.0, "beats"),
        doc="How long a new gain takes to be reached while music plays, evenly in dB, for changes made from "
        "then on. Beats follow the tempo, seconds do not.",
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
        f"{_DECK}/group", "value", (Arg("group", "s", choices=("", "A", "B"), allowed=GROUP_TEXT),),
        default=("",),
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
        f"{_DECK}/quantum", "value", (QUANTUM_ARG,), default=("now",),
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
        f"{_DECK}/play", "command", (_ON_ARG,),
        doc="Start the deck (1), unless it plays, or stop it (0), at the next line of the launch quantum: "
        "for toggles, and for hosts that send their play button so.",
    ),
    Parameter(
        f"{_DECK}/grab", "command", (Arg("bars", "i", 1, 16, optional=True, default=4),),
        doc="Keep the last whole bars that the deck played as a loop below the data folder. Acknowledged at "
        "once; answered on /bridge/clip/done with path and seconds, or on /bridge/error.",
    ),
    Parameter(
        f"{_DECK}/cancel", "command", (Arg("parameter", "s", optional=True, default=""),),
        doc="Drop what is planned for the deck: of one parameter ('prompt', 'gain', 'start', 'stop' ...) or "
        "all of it. What is too near to be changed happens.",
    ),
    Parameter(
        f"{_DECK}/position", "readonly", (Arg("bar", "i"), Arg("beat", "f")),
        doc="Position of the deck being heard: bars from the one in which it started (1), beat in the bar "
        "from 1.0; 0 while it is stopped or armed.",
    ),
    Parameter(
        f"{_DECK}/next", "readonly",
        (Arg("what", "s"), Arg("bar", "i"), Arg("beat", "f"), Arg("seconds", "f")),
        doc="What is planned next for the deck: a parameter's name, start, commit, stop, model (another one "
        "takes over) or resume (it goes on after a fault; cancel leaves both be); its bar, its beat in the "
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
