"""Reading: what an address says now, a value that was set or a figure of the state."""

from __future__ import annotations

from daw_bridge.control.replies import (
    clock_reply,
    deck_replies,
    engine_reply,
    melody_reply,
    metrics_reply,
    model_reply,
    output_reply,
    position_reply,
    take_reply,
)
from daw_bridge.decks.protocol import Player, Status
from daw_bridge.errors import UnknownAddressError
from daw_bridge.parameters import Address, Values

_OF_THE_STATE = {
    "/bridge/position": position_reply,
    "/bridge/take/state": take_reply,
    "/bridge/metrics": metrics_reply,
    "/bridge/output": output_reply,
    "/bridge/engine": engine_reply,
    "/bridge/clock/state": clock_reply,
    "/bridge/model/state": model_reply,
    "/bridge/melody/state": melody_reply,
}
MODEL = "/bridge/model"
ASKED = (MODEL,)
"""Commands that without arguments ask for what they change."""


def read(player: Player, target: Address, status: Status | None = None) -> Values:
    """The values of an address that can be asked for.

    Args:
        target: of a value or a read-only parameter, or of one of `ASKED`.
        status: the state, where it is known already; else the player is asked for it when it is needed.

    Raises:
        UnknownAddressError: the deck has been taken away.
    """
    check_deck(player, target)
    path = target.parameter.path
    if target.parameter.kind == "value":
        return player.get(path, target.deck)
    status = status or player.status()
    if path == MODEL:
        return (status.model,)
    if target.deck is None:
        return _OF_THE_STATE[path](status)[1]
    if target.deck > len(status.decks):
        raise _gone(target, len(status.decks))
    return dict(deck_replies(status.decks[target.deck - 1]))[target.text]


def check_deck(player: Player, target: Address) -> None:
    """Raise `UnknownAddressError` when the address's deck has been taken away."""
    if target.deck is not None and target.deck > player.deck_count:
        raise _gone(target, player.deck_count)


def _gone(target: Address, decks: int) -> UnknownAddressError:
    return UnknownAddressError(target.text, f"decks are 1..{decks}")
