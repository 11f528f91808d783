"""Showing: which controls show what, and when they are told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from time import monotonic

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.events import Control
from daw_bridge.control.midi.feedback import raw_of
from daw_bridge.control.midi.line import Line
from daw_bridge.control.midi.mapping import Binding, Send, Switch, ToggleDeck, Turn
from daw_bridge.control.midi.performer import Bound, Performer

SHOW_EVERY_S = 0.02
_START = re.compile(r"/bridge/deck/(\d+)/start")
_ALIASES = {"prompt": "prompts", "prompts": "prompt"}


class Showing:
    """Keeps lights, motors and rings in step with the table, at most 50 times a second."""

    def __init__(self, dispatcher: Dispatcher, performer: Performer) -> None:
        self._dispatcher = dispatcher
        self._performer = performer
        self._lines: Sequence[Line] = ()
        self._by_address: dict[str, list[Bound]] = {}
        self._due: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def wire(self, lines: Sequence[Line], bound: Sequence[Bound]) -> None:
        """Take over controllers and bindings, and show everything."""
        self._lines = [line for line in lines if line.output is not None]
        self._by_address = {}
        for each in bound:
            address = shown_address(each.binding)
            if address:
                self._by_address.setdefault(address, []).append(each)
        for address in self._by_address:
            self.changed(address)

    def changed(self, address: str) -> None:
        """Something was set, or a deck's state has come: what shows it is told soon."""
        head, _, last = address.rpartition("/")
        names = (last, _ALIASES[last]) if last in _ALIASES else (last,)
        self._due.update(name for name in (f"{head}/{each}" for each in names) if name in self._by_address)
        if self._due and self._lines and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SHOW_EVERY_S, self._show)

    def close(self) -> None:
        """Show nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._lines = ()

    def _show(self) -> None:
        self._timer = None
        due, self._due = self._due, set()
        for address in due:
            for bound in self._by_address.get(address, ()):
                value = self._raw(bound)
                source = bound.binding.source
                if value is None:
                    continue
                for line in self._lines:
                    if source.port in ("", line.setup.name):
                        channel = source.channel or line.setup.channel or 1
                        line.feedback.show(source.control, channel, value, monotonic())

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
