"""The values of the parameter table as they were last set."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.deck_type import MUSIC, deck_type
from daw_bridge.decks.protocol import PlayerOptions
from daw_bridge.engine.protocol import Loaded
from daw_bridge.parameter import Values
from daw_bridge.parameters import lookup

DECKS = "/bridge/decks"


class ParameterValues:
    """Values by path and deck.

    Args:
        loaded: the model, once it is loaded; its type of deck may have other defaults than the table.
    """

    def __init__(self, options: PlayerOptions, loaded: Callable[[], Loaded | None]) -> None:
        self._options = options
        self._loaded = loaded
        self._values: dict[tuple[str, int | None], Values] = {}

    @property
    def decks(self) -> int:
        """Number of decks."""
        return int(self.get(DECKS, None)[0])

    def get(self, path: str, deck: int | None) -> Values:
        """The value as last set, or its default. ``prompt`` is the first of ``prompts``."""
        if path == f"{DECK}prompt":
            return self.get(f"{DECK}prompts", deck)[:1]
        found = self._values.get((path, deck))
        return self._default(path, deck) if found is None else found

    def put(self, path: str, deck: int | None, values: Values) -> None:
        """Take a value."""
        self._values[path, deck] = values

    def _default(self, path: str, deck: int | None) -> Values:
        if path == f"{DECK}seed":
            return ((self._options.seed + (deck or 1) - 1) % 2**31,)
        if path == DECKS:
            return (self._options.decks,)
        loaded = self._loaded()
        kind = deck_type(loaded) if loaded else MUSIC
        return kind.defaults.get(path.removeprefix(DECK), lookup(path).default)
