"""Showing: which controls show what, and when they are told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from time import monotonic

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.bindings import Bindings
from daw_bridge.control.midi.events import Control, Event
from daw_bridge.control.midi.feedback import Hand, raw_of
from daw_bridge.control.midi.line import Line
from daw_bridge.control.midi.mapping import Binding, Send, Switch, ToggleDeck, Turn
from daw_bridge.control.midi.performer import Bound, Performer

SHOW_EVERY_S = 0.02
_START = re.compile(r"/bridge/deck/(\d+)/start")
_ALIASES = {"prompt": "prompts", "prompts": "prompt"}


class Showing:
    """Keeps lights, motors and rings in step with the table, at most 50 times a second."""

    def __init__(self, dispatcher: Dispatcher, performer: Performer, bindings: Bindings) -> None:
        self._dispatcher = dispatcher
        self._performer = performer
        self._bindings = bindings
        self._lines: Sequence[Line] = ()
        self._by_address: dict[str, list[Bound]] = {}
        self._due: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def wire(self, lines: Sequence[Line]) -> None:
        """Take over controllers, and the bindings as they are now; show everything."""
        self._lines = [line for line in lines if line.output is not None]
        self._by_address = {}
        for each in self._bindings:
            address = shown_address(each.binding)
            if address:
                self._by_address.setdefault(address, []).append(each)
        self._show_all()

    def connected(self, line: Line) -> None:
        """A controller has just been connected: show it everything."""
        line.feedback.forget()
        self._show_all()

    def changed(self, address: str) -> None:
        """Something was set, or a deck's state has come: what shows it is told soon."""
        head, _, last = address.rpartition("/")
        names = (last, _ALIASES[last]) if last in _ALIASES else (last,)
        self._due.update(name for name in (f"{head}/{each}" for each in names) if name in self._by_address)
        self._begin()

    def is_echo(self, line: Line, event: Event, bound: Sequence[Bound], now: float) -> bool:
        """Whether an event of a control with these bindings only answers what it was shown."""
        return line.feedback.is_echo(event, now, _hand(bound))

    def moved(
        self, line: Line, event: Event, bound: Sequence[Bound], now: float, let_go: bool = False
    ) -> None:
        """The player has moved a control with these bindings, or let a button go."""
        addresses = {shown_address(each.binding) for each in bound} - {""}
        if not addresses:
            return
        hand, channel = _hand(bound), line.feedback.channel(event.control)
        line.feedback.moved(event, now, hand, let_go)
        if hand == "encoder" or let_go or channel != event.channel:
            for address in addresses:
                self.changed(address)

    def close(self) -> None:
        """Show nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._lines = ()

    def _show_all(self) -> None:
        self._due.update(self._by_address)
        self._begin()

    def _begin(self) -> None:
        if self._due and self._lines and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SHOW_EVERY_S, self._show)

    def _show(self) -> None:
        self._timer = None
        due, self._due = self._due, set()
        for address in due:
            shown = [self._show_bound(bound) for bound in self._by_address.get(address, ())]
            if not all(shown):
                self._due.add(address)
        self._begin()

    def _show_bound(self, bound: Bound) -> bool:
        """False where a controller has to be told later."""
        value = self._raw(bound)
        if value is None:
            return True
        told = [self._show_on(line, bound, value) for line in self._lines]
        return all(told)

    def _show_on(self, line: Line, bound: Bound, value: int) -> bool:
        source = bound.binding.source
        if source.port not in ("", line.setup.name):
            return True
        channel = source.channel or line.setup.channel or line.feedback.channel(source.control)
        meant = self._bindings.of(line.setup.name, Event(source.control, channel, value))
        if bound not in meant or line.reader.is_half(channel, source.control):
            # what it does has been learned for another address
            return True
        return line.feedback.show(source.control, channel, value, monotonic())

    def _raw(self, bound: Bound) -> int | None:
        action, control = bound.binding.action, bound.binding.source.control
        if (
            isinstance(action, Turn | Switch)
            and (action.address.deck or 1) > self._dispatcher.player.deck_count
        ):
            return None
        if isinstance(action, Turn):
            return raw_of(control, self._performer.position(bound))
        off, waiting, on = bound.binding.lights
        if isinstance(action, Switch):
            return _fitted(control, on if self._performer.is_on(action) else off)
        deck = _deck_of(bound.binding)
        states = self._dispatcher.player.status().decks
        if deck is None or deck > len(states):
            return None
        return {"stopped": off, "armed": waiting}.get(states[deck - 1].state, on)


def shown_address(binding: Binding) -> str:
    """The address whose messages tell what a control should show; '' where there is nothing to show."""
    action, kind = binding.action, binding.source.control.kind
    if kind in ("program", "mmc", "transport", "rpn", "pressure", "key_pressure"):
        return ""
    if isinstance(action, Turn | Switch):
        return action.address.text
    deck = _deck_of(binding)
    return f"/bridge/deck/{deck}/state" if deck is not None and kind in ("note", "cc") else ""


def _deck_of(binding: Binding) -> int | None:
    """The deck whose state a press changes."""
    action = binding.action
    if isinstance(action, ToggleDeck):
        return action.deck
    match = _START.fullmatch(action.address) if isinstance(action, Send) else None
    return int(match[1]) if match else None


def _fitted(control: Control, light: int) -> int:
    """A light, 0..127, in the control's own range."""
    return light if control.top == 127 else light * control.top // 127


def _hand(bound: Sequence[Bound]) -> Hand:
    """What a control with these bindings is for the hand."""
    hands = {_hand_of(each.binding) for each in bound}
    if "fader" in hands:
        return "fader"
    return "encoder" if "encoder" in hands else "button"


def _hand_of(binding: Binding) -> Hand:
    if isinstance(binding.action, Turn):
        return "encoder" if binding.action.relative else "fader"
    return "button" if binding.source.control.kind in ("note", "cc") else "fader"
