"""Options: what is fixed while the daemon runs. The other table beside the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from daw_bridge.control.midi.mapping import MidiSetup
from daw_bridge.decks.protocol import PlayerOptions
from daw_bridge.parameters import MAX_DECKS, Address, Arg, ArgType, Atom, Values


@dataclass(frozen=True)
class Option:
    """Something that is fixed while the daemon runs.

    Attributes:
        arg: name, type and range, as in the parameter table.
        default: value when nothing is said.
        doc: one sentence.
    """

    arg: Arg
    default: Atom
    doc: str


def _check_compute(text: str) -> None:
    kind, _, number = text.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise ValueError


PRECISIONS = ("auto", "fp32", "half", "int8", "native")


def check_precision(text: str) -> None:
    """Raise `ValueError` unless the text names a number format."""
    if text not in PRECISIONS:
        raise ValueError


_FROM_PLAYER: dict[str, Any] = {field.name: field.default for field in fields(PlayerOptions)}


def _option(name: str, kind: ArgType, doc: str, low: float = 0, high: float = 0, **more: Any) -> Option:
    default = more.pop("default") if "default" in more else _FROM_PLAYER[name]
    return Option(Arg(name, kind, low, high, **more), default, doc)


OPTIONS: dict[str, Option] = {
    option.arg.name: option
    for option in (
        _option("title", "s", "Name of the preset, for people.", default=""),
        _option("about", "s", "What the preset is for, in a sentence.", default=""),
        _option("host", "s", "Address to listen on.", default="127.0.0.1"),
        _option("port", "i", "Port of OSC over UDP and TCP; 0 takes any free one.", 0, 65535, default=7400),
        _option("tcp", "b", "Whether OSC is taken over TCP, too.", default=True),
        _option("oscquery", "i", "TCP port of OSCQuery (HTTP and WebSocket); 0 is off.", 0, 65535,
                default=7401),
        _option("announce", "b", "Whether the instrument is announced by mDNS where others can reach it.",
                default=True),
        _option("allow", "s", "Who may play, besides this machine: addresses and networks, with commas or as "
                "a list. Needed with a host that others can reach.", default=""),
        _option("reply_port", "i", "UDP port to which all answers over UDP go; 0 is the sender's.", 0,
                65535, default=0),
        _option("device", "s", "Sound device: its number, its name or a part of it; empty is the system's "
                "default, 'null' plays without one."),
        _option("sample_rate", "i", "Output rate in Hz; 0 takes the device's own.", 8000, 384000, also=0),
        _option("blocksize", "i", "Frames of a sound card callback; 0 lets the device choose.", 16, 8192,
                also=0),
        _option("latency_ms", "f", "Sound written ahead of the device, in ms: less reacts sooner, more is "
                "safer.", 5, 1000),
        _option("model", "s", "'mini', a hub name, a folder or a file."),
        _option("compute", "s", "Where the model runs.", check=_check_compute,
                allowed="'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'"),
        _option("precision", "s", "Number format of the model's arithmetic: 'half' is 16 bit, 'int8' and "
                "'native' (compiled) are 8 bit and for the processor alone; 'auto' takes the fastest that "
                "there is.", check=check_precision,
                allowed="'auto', 'fp32', 'half', 'int8' or 'native'"),
        _option("threads", "i", "Threads of the model's process; 0 chooses.", 0, 64),
        _option("lookahead_ms", "f", "How far music is generated ahead of what is heard, in ms; 0 adapts to "
                "the measured speed, from 600 to 4000.", 200, 20000, also=0),
        _option("decks", "i", "Number of decks at first.", 1, MAX_DECKS),
        _option("channels", "i", "Output channels, as far as the device has them; decks are laid on them by "
                "their outputs.", 1, 64),
        _option("seed", "i", "Seed of deck 1; deck n starts with seed + n - 1.", 0, 2**31 - 1 - MAX_DECKS),
        _option("input", "s", "Sound input to which it listens from the start, as /bridge/melody/input does; "
                "'default' is the system's, empty is none.", default=""),
        _option("input_channel", "i", "Channel of the sound input.", 1, 64, default=1),
        _option("start", "b", "Start all decks when ready.", default=False),
        _option("record", "s", "WAV or FLAC file that takes the whole output; a number is added to its name "
                "where it exists already.", default=""),
        _option("takes", "b", "Whether everything that plays is kept as takes.", default=True),
        _option("takes_days", "f", "Takes older than so many days are removed, unless they have a name; 0 is "
                "never.", 0, 36500),
        _option("takes_gb", "f", "The oldest takes are removed while those without a name are larger "
                "together than so many gigabytes; the last one stays; 0 is never.", 0, 1e6),
        _option("data", "s", "Folder below which clips and takes are written; empty is "
                "~/.local/share/daw-bridge.", default=""),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """Everything that a daemon needs to know before it starts.

    Attributes:
        options: value of every option, defaults filled in.
        values: parameter values to set, in order.
        midi: controllers and keyboards.
        given: names of the options that were given, as opposed to their defaults.
    """

    options: Mapping[str, Atom]
    values: tuple[tuple[Address, Values], ...]
    midi: MidiSetup = field(default_factory=MidiSetup)
    given: frozenset[str] = frozenset()

    @property
    def allow(self) -> tuple[str, ...]:
        """Entries of the allow-list."""
        return tuple(entry.strip() for entry in str(self.options["allow"]).split(",") if entry.strip())

    def player_options(self) -> PlayerOptions:
        """The part that the player is built from."""
        chosen: dict[str, Any] = {name: self.options[name] for name in _FROM_PLAYER if name in self.options}
        record, data = str(chosen.pop("record")), str(chosen.pop("data"))
        if record:
            chosen["record"] = Path(record).expanduser()
        if data:
            chosen["data"] = Path(data).expanduser()
        return PlayerOptions(midi_api=self.midi.api, **chosen)
