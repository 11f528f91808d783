"""Feedback: lights, motors and rings of controllers show what is set."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from daw_bridge.control.midi.events import FINE_OFFSET, Control, Event

ECHO_S = 0.08
HAND_S = 0.3
UNKNOWN = -1
SendBytes = Callable[[bytes], None]
Hand = Literal["fader", "encoder", "button"]
"""What a control is for the hand: one that stays where it is put, one that turns without end, or one that is
pressed."""


def feedback_messages(control: Control, channel: int, value: int) -> list[bytes]:
    """The messages that put a control (on channel 1..16) at a raw value; none for kinds that cannot show
    anything."""
    low = channel - 1
    if control.kind == "note":
        return [bytes((0x90 | low, control.number, value))]
    if control.kind == "cc":
        return [bytes((0xB0 | low, control.number, value))]
    if control.kind == "cc14":
        status = 0xB0 | low
        return [
            bytes((status, control.number, value >> 7)),
            bytes((status, control.number + FINE_OFFSET, value & 0x7F)),
        ]
    if control.kind == "bend":
        return [bytes((0xE0 | low, value & 0x7F, value >> 7))]
    if control.kind == "nrpn":
        status = 0xB0 | low
        pairs = ((99, control.number >> 7), (98, control.number & 0x7F), (6, value >> 7), (38, value & 0x7F))
        return [bytes((status, number, data)) for number, data in pairs]
    return []


def raw_of(control: Control, position: float) -> int:
    """The raw value of a position in [0, 1]; the inverse of `Event.position`."""
    if control.kind == "bend":
        return round(position * 16384) if position <= 0.5 else 8192 + round((position - 0.5) * 16382)
    return round(position * control.top)


@dataclass
class _Shown:
    """What a control shows and was told last; when it was told, and when a hand last moved it; values of
    which an echo may come, or never came, and since when."""

    value: int = UNKNOWN
    told: int = UNKNOWN
    told_at: float = -math.inf
    moved_at: float = -math.inf
    awaited: dict[int, float] = field(default_factory=dict)


@dataclass
class Feedback:
    """What one port has been shown, so that only changes are sent.

    A fader or an encoder that is being moved by hand is left alone. Loops are cut: what a fader sends within
    80 ms of being told something is its echo, not a player's hand. Of an encoder or a button only a value
    that was sent counts as an echo, and once, so that a pad may be struck again at any speed; a release never
    does.

    Args:
        send: takes one message.
    """

    send: SendBytes
    _shown: defaultdict[tuple[Control, int], _Shown] = field(default_factory=lambda: defaultdict(_Shown))
    _channels: dict[Control, int] = field(default_factory=dict)

    def show(self, control: Control, channel: int, value: int, now: float) -> bool:
        """Put a control at a raw value; False where that has to wait, as it is in the player's hand."""
        shown = self._shown[control, channel]
        if shown.value == value:
            return True
        if now - shown.moved_at <= HAND_S:
            return False
        awaited = {each: since for each, since in shown.awaited.items() if now - since <= ECHO_S}
        # told again, where no echo came of the first time, none will come
        awaited[value] = shown.awaited.get(value, now) if value == shown.told else now
        shown.value, shown.told, shown.told_at, shown.awaited = value, value, now, awaited
        for message in feedback_messages(control, channel, value):
            self.send(message)
        return True

    def moved(self, event: Event, now: float, hand: Hand, let_go: bool = False) -> None:
        """The player has moved a control.

        A fader shows where it was put. What an encoder or a button shows is not what it sends; a button that
        was let go may have put out its own light.
        """
        self._channels[event.control] = event.channel
        shown = self._shown[event.control, event.channel]
        if hand == "fader":
            shown.value = event.value
        elif hand == "encoder" or let_go:
            shown.value = UNKNOWN
        if hand != "button":
            shown.moved_at = now

    def channel(self, control: Control) -> int:
        """The channel on which a control was moved last; 1 before."""
        return self._channels.get(control, 1)

    def is_echo(self, event: Event, now: float, hand: Hand) -> bool:
        """Whether an event is a controller's answer to what it was told."""
        shown = self._shown.get((event.control, event.channel))
        if shown is None:
            return False
        if hand == "fader":
            return now - shown.told_at <= ECHO_S
        since = shown.awaited.get(event.value, -math.inf)
        if event.value == 0 or now - since > ECHO_S:
            return False
        del shown.awaited[event.value]
        return True

    def forget(self) -> None:
        """The controller has just been connected: what it shows is not known."""
        self._shown.clear()
