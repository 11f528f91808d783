"""Scenes and presets while playing: values that are set together, on a line of a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.decks.protocol import Result, Settings, When
from daw_bridge.parameters import Address, Values

DECKS = "/bridge/decks"
Assignments = tuple[tuple[Address, Values], ...]


@dataclass(frozen=True)
class LivePreset:
    """What of a preset can be had while playing.

    Attributes:
        values: to be set.
        model: its name; empty where the preset names none.
    """

    values: Assignments
    model: str = ""


class SceneRunner:
    """Has values set together, all at one line, and tells it to others when it is done.

    Args:
        changed: called with each address and its values when they have been set.
    """

    def __init__(self, dispatcher: Dispatcher, changed: Callable[[str, Values], None]) -> None:
        self._dispatcher = dispatcher
        self._changed = changed

    def play(
        self,
        client: Client,
        about: str,
        values: Assignments,
        when: When,
        model: str = "",
        done: Callable[[Result], None] = lambda result: None,
    ) -> None:
        """Set values, and let a model take over with them where one is named.

        Args:
            client: whose doing it is; what is refused is told to it, and the rest is set.
            about: the address of the message that asked for it.
            done: called when it is done.

        Raises:
            ModelError, ScheduleError: it cannot be done.
        """
        player = self._dispatcher.player
        decks = max([player.deck_count, *(int(given[0]) for each, given in values if each.text == DECKS)])
        known = {_key(each): (each, given) for each, given in values if (each.deck or 1) <= decks}
        for address, _ in values:
            if (address.deck or 1) > decks:
                self._dispatcher.refuse(client, address.text, f"decks are 1..{decks}")

        def refuse(path: str, deck: int | None, error: Exception) -> None:
            address, _ = known.pop((path, deck))
            self._dispatcher.refuse(client, address.text, error)

        settings: Settings = tuple((each.parameter.path, each.deck, given) for each, given in known.values())
        player.change(model, settings, when, partial(self._finish, client, about, known, done), refuse)

    def _finish(
        self,
        client: Client,
        about: str,
        known: dict[tuple[str, int | None], tuple[Address, Values]],
        done: Callable[[Result], None],
        result: Result,
    ) -> None:
        if result.error:
            self._dispatcher.refuse(client, about, result.error)
            return
        for address, given in known.values():
            self._dispatcher.subscriptions.changed(address.text, given, client)
            self._dispatcher.listeners.changed(address.text, given, client)
            self._changed(address.text, given)
        done(result)


def _key(address: Address) -> tuple[str, int | None]:
    """A parameter as the player names it, to which one prompt is a mix of one."""
    path = address.parameter.path
    return (f"{path}s" if path.endswith("/prompt") else path), address.deck
