"""Deck types: what a deck is, as its model decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from daw_bridge.decks.conditions import default_values
from daw_bridge.engine.protocol import Loaded
from daw_bridge.parameter import Values

EFFECT_S = 5.0


@dataclass(frozen=True)
class DeckType:
    """Music, which goes on until it is stopped, or effects: short sounds from text, in a free pulse.

    Attributes:
        name: ``'music'`` or ``'effects'``.
        defaults: values that stand in for the parameter table's, by name without the deck's prefix.
    """

    name: str
    defaults: Mapping[str, Values] = field(default_factory=dict)


MUSIC = DeckType("music")


@lru_cache(maxsize=8)
def deck_type(model: Loaded) -> DeckType:
    """The type of the decks that play a model. What the model does not take is off by default, and refused
    when it is set."""
    values = default_values(model.takes)
    off = {name: values[name] for name in ("chroma/enable", "transport/enable") if not values[name][0]}
    if model.kind == "audiogen":
        return DeckType("effects", {**off, "length": (EFFECT_S,)})
    return DeckType("music", off)
