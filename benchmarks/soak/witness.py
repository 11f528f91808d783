"""A player that remembers what it accepted, so that what was refused cannot have changed anything unseen."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from daw_bridge.decks.player import LivePlayer
from daw_bridge.decks.protocol import Ack, OnRefused, OnResult, Settings, When
from daw_bridge.errors import ClipError, DeviceError
from daw_bridge.parameters import AddressTable, Values, lookup

Key = tuple[str, int | None]
# a prompt by itself is a mix of one
PROMPT, MIX = "/bridge/deck/{deck}/prompt", "/bridge/deck/{deck}/prompts"
LEFT_OUT = {
    "/bridge/clock": "no other clocks here",
    "/bridge/clock/out": "no other clocks here",
    "/bridge/tap": "nothing here that sets values later, by itself",
    "/bridge/model": "nothing here that sets values later, by itself",
}


class Witness:
    """Passes everything on to a player, but for clips, which would fill the disk, and what is `LEFT_OUT`."""

    def __init__(self, player: LivePlayer) -> None:
        self._player = player
        self.accepted = 0
        self.out_of_range = 0
        self._state = self._snapshot()
        self._waiting: dict[Key, set[Values]] = defaultdict(set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._player, name)

    def set(
        self, path: str, deck: int | None, values: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """As the player's."""
        _check(path)
        ack = self._player.set(path, deck, values, when, on_result)
        self._accepted(((path, deck, values),), when)
        return ack

    def change(
        self, model: str, settings: Settings, when: When, on_result: OnResult, on_refused: OnRefused
    ) -> Ack:
        """As the player's."""
        ack = self._player.change(model, settings, when, on_result, on_refused)
        self._accepted(settings, when)
        return ack

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """As the player's."""
        _check(path)
        if path == "/bridge/clip/render" or path.endswith("/grab"):
            raise ClipError("no clips here")
        ack = self._player.command(path, deck, args, when, on_result)
        self._accepted((), when)
        return ack

    def strayed(self) -> list[str]:
        """Values that are others than what the accepted messages made of them (the one after the last of
        them, or one that was accepted for later), in words."""
        before, self._state = self._state, self._snapshot()
        return [
            f"{path} of deck {deck} became {value}, after {before[path, deck]}"
            for (path, deck), value in self._state.items()
            if (path, deck) in before
            and value != before[path, deck]
            and value not in self._waiting[path, deck]
        ]

    def _accepted(self, settings: Settings, when: When) -> None:
        self.accepted += 1
        for path, deck, values in settings:
            self.out_of_range += lookup(path).coerce(values, path) != values
            # what holds already may come again, after another value that is set meanwhile
            if path == PROMPT:
                self._waiting[MIX, deck].add((*values, 1.0))
            if when != When() or self._player.get(path, deck) != values:
                self._waiting[path, deck].add(values)
        self._state = self._snapshot()

    def _snapshot(self) -> dict[Key, Values]:
        """The value of every parameter that has one."""
        return {
            (address.parameter.path, address.deck): self._player.get(address.parameter.path, address.deck)
            for address in AddressTable(self._player.deck_count)
            if address.parameter.kind == "value"
        }


def _check(path: str) -> None:
    if path in LEFT_OUT:
        raise DeviceError(LEFT_OUT[path])
