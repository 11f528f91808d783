"""Feedback: lights, motors and rings of controllers show what is set."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from daw_bridge.control.midi.events import FINE_OFFSET, Control, Event

ECHO_S = 0.08
HAND_S = 0.3
SendBytes = Callable[[bytes], None]


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
    """What a control shows; when it was told so, when a hand last moved it, and whether an echo may come."""

    value: int = -1
    sent_at: float = -math.inf
    moved_at: float = -math.inf
    echo_due: bool = False


@dataclass
class Feedback:
    """What one port has been shown, so that only changes are sent, and all of it again after a reconnect.

    A control that is being moved by hand is left alone. Loops are cut: what a controller sends within 80 ms
    of being told something is its echo, not a player's hand. Of a note only the very value that was sent
    counts as an echo, and once, so that a pad may be struck again at any speed; a release never does.

    Args:
        send: takes one message.
    """

    send: SendBytes
    _shown: defaultdict[tuple[Control, int], _Shown] = field(default_factory=lambda: defaultdict(_Shown))

    def show(self, control: Control, channel: int, value: int, now: float) -> None:
        """Put a control at a raw value."""
        shown = self._shown[control, channel]
        if shown.value == value:
            return
        shown.value = value
        if now - shown.moved_at > HAND_S:
            shown.sent_at, shown.echo_due = now, True
            self._send(control, channel, value)

    def moved(self, event: Event, now: float) -> None:
        """The player has put a control somewhere: that is what it shows now."""
        if event.control.kind != "note":
            shown = self._shown[event.control, event.channel]
            shown.value, shown.moved_at = event.value, now

    def is_echo(self, event: Event, now: float) -> bool:
        """Whether an event is a controller's answer to what it was told."""
        shown = self._shown.get((event.control, event.channel))
        if shown is None or now - shown.sent_at > ECHO_S:
            return False
        if event.control.kind != "note":
            return True
        echo = shown.echo_due and event.value == shown.value > 0
        shown.echo_due = shown.echo_due and not echo
        return echo

    def resend(self, now: float) -> None:
        """Show everything again: the controller has just been connected."""
        for (control, channel), shown in self._shown.items():
            shown.sent_at, shown.echo_due = now, True
            self._send(control, channel, shown.value)

    def _send(self, control: Control, channel: int, value: int) -> None:
        for message in feedback_messages(control, channel, value):
            self.send(message)
