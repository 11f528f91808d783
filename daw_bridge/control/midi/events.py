"""From MIDI messages to what a player did with a control."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal[
    "note", "cc", "cc14", "nrpn", "rpn", "program", "bend", "pressure", "key_pressure", "mmc", "transport"
]
MMC_COMMANDS = {"stop": 1, "play": 2, "deferred play": 3, "forward": 4, "rewind": 5, "record": 6, "pause": 9}
TRANSPORT = {"start": 0xFA, "continue": 0xFB, "stop": 0xFC}
SUSTAIN = 64
FINE_OFFSET = 32
ALL_CHANNELS = 0
CHANNELS = range(1, 17)
_DATA, _DATA_FINE = 6, 38
_UP, _DOWN = 96, 97
_NRPN_FINE, _NRPN, _RPN_FINE, _RPN = 98, 99, 100, 101
_ALL_SOUND_OFF, _RESET_CONTROLLERS, _FIRST_NOTES_OFF = 120, 121, 123
_NULL = 0x3FFF
_RESET = 0xFF


class Control(NamedTuple):
    """A control: its kind and its number (0 where the kind has none)."""

    kind: Kind
    number: int = 0

    @property
    def top(self) -> int:
        """The largest value that it sends."""
        return 0x3FFF if self.kind in ("cc14", "nrpn", "rpn", "bend") else 127


class Event(NamedTuple):
    """A control was moved.

    Attributes:
        channel: 1..16; 0 for what belongs to no channel.
        value: 0..``control.top``; of a note its velocity, 0 when it ends; of a program 0.
    """

    control: Control
    channel: int
    value: int

    @property
    def position(self) -> float:
        """The value in [0, 1]; a bend's middle is exactly 0.5."""
        if self.control.kind == "bend":
            return self.value / 16384 if self.value <= 8192 else 0.5 + (self.value - 8192) / 16382
        return self.value / self.control.top


class NotesOff(NamedTuple):
    """All notes of a channel (0: of all channels) end."""

    channel: int


@dataclass
class _Channel:
    """What a channel has said so far."""

    coarse: dict[Control, int] = field(default_factory=dict)
    parameter: Control | None = None
    selecting: list[int] = field(default_factory=lambda: [127, 127])


class EventReader:
    """Turns the messages of one port into events.

    Of a pair of controllers the coarse half waits for the fine one until `settle`, so that a value never
    jumps between them; one without a fine half counts with 0, at the latest when the next coarse half comes.
    Data entry belongs to the parameter (NRPN, RPN) that was selected, and is an ordinary controller while
    none is.

    Args:
        pairs: channels (1..16) and numbers (0..31) of the controllers that are read in pairs with those 32
            above them.
    """

    def __init__(self, pairs: Set[tuple[int, int]] = frozenset()) -> None:
        self.pairs = pairs
        self._channels = [_Channel() for _ in range(17)]
        self._waiting: dict[tuple[int, Control], tuple[int, float]] = {}

    @property
    def waits(self) -> bool:
        """Whether coarse halves wait."""
        return bool(self._waiting)

    def read(self, message: bytes, now: float = 0.0) -> list[Event | NotesOff]:
        """What a message of `MidiParser` means, in order; ``now`` is for `settle`."""
        status = message[0]
        if status >= 0xF0:
            return self._system(message)
        kind, channel = status & 0xF0, (status & 0x0F) + 1
        if kind == 0xB0:
            return self._controller(channel, message[1], message[2], now)
        if kind in (0x80, 0x90):
            velocity = message[2] if kind == 0x90 else 0
            return [Event(Control("note", message[1]), channel, velocity)]
        if kind == 0xC0:
            return [Event(Control("program", message[1]), channel, 0)]
        if kind == 0xE0:
            return [Event(Control("bend"), channel, message[1] | message[2] << 7)]
        if kind == 0xD0:
            return [Event(Control("pressure"), channel, message[1])]
        return [Event(Control("key_pressure", message[1]), channel, message[2])]

    def settle(self, before: float = math.inf) -> list[Event]:
        """Coarse halves that have waited since ``before`` count as they are: nothing more has come."""
        ready = [key for key, (_, since) in self._waiting.items() if since <= before]
        return [event for channel, control in ready for event in self._alone(channel, control)]

    def is_half(self, channel: int, control: Control) -> bool:
        """Whether a control is half of a pair, and never heard for itself."""
        numbers = (control.number, control.number - FINE_OFFSET)
        return control.kind == "cc" and any((channel, number) in self.pairs for number in numbers)

    def _system(self, message: bytes) -> list[Event | NotesOff]:
        status = message[0]
        if status == _RESET:
            return [NotesOff(ALL_CHANNELS)]
        if status in TRANSPORT.values():
            return [Event(Control("transport", status), 0, 127)]
        # F0 7F device 06 command F7
        if status == 0xF0 and len(message) >= 6 and message[1] == 0x7F and message[3] == 0x06:
            return [Event(Control("mmc", message[4]), 0, 127)]
        return []

    def _controller(self, channel: int, number: int, value: int, now: float) -> list[Event | NotesOff]:
        said = self._channels[channel]
        if number in (_NRPN, _NRPN_FINE, _RPN, _RPN_FINE):
            self._select(said, number, value)
            return []
        if said.parameter is not None and number in (_DATA, _DATA_FINE, _UP, _DOWN):
            return list(self._data(channel, said.parameter, number, value, now))
        if (channel, number) in self.pairs:
            return list(self._coarse(channel, Control("cc14", number), value, now))
        if (channel, number - FINE_OFFSET) in self.pairs:
            return [self._fine(channel, Control("cc14", number - FINE_OFFSET), value)]
        if number in (_ALL_SOUND_OFF, _RESET_CONTROLLERS) or number >= _FIRST_NOTES_OFF:
            return [NotesOff(channel)]
        return [Event(Control("cc", number), channel, value)]

    def _select(self, said: _Channel, number: int, value: int) -> None:
        if number in (_NRPN, _RPN):
            said.selecting[0] = value
        else:
            said.selecting[1] = value
        chosen = said.selecting[0] << 7 | said.selecting[1]
        kind: Kind = "nrpn" if number in (_NRPN, _NRPN_FINE) else "rpn"
        said.parameter = None if chosen == _NULL else Control(kind, chosen)

    def _data(self, channel: int, control: Control, number: int, value: int, now: float) -> list[Event]:
        if number == _DATA:
            return self._coarse(channel, control, value, now)
        if number == _DATA_FINE:
            return [self._fine(channel, control, value)]
        self._waiting.pop((channel, control), None)
        coarse = self._channels[channel].coarse
        moved = min(max((coarse.get(control, 0) << 7) + (1 if number == _UP else -1) * 128, 0), _NULL)
        coarse[control] = moved >> 7
        return [Event(control, channel, moved)]

    def _coarse(self, channel: int, control: Control, value: int, now: float) -> list[Event]:
        earlier = self._alone(channel, control)
        self._channels[channel].coarse[control] = value
        self._waiting[channel, control] = value, now
        return earlier

    def _fine(self, channel: int, control: Control, value: int) -> Event:
        self._waiting.pop((channel, control), None)
        return Event(control, channel, self._channels[channel].coarse.get(control, 0) << 7 | value)

    def _alone(self, channel: int, control: Control) -> list[Event]:
        """A coarse half that waits, as it is."""
        value, _ = self._waiting.pop((channel, control), (None, 0.0))
        return [] if value is None else [Event(control, channel, value << 7)]
