"""What people are told without having asked: how decks fare, and faults inside."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.protocol import DeckState, Notice, NoticeKind

log = logging.getLogger(__name__)

HOLD_NOTICE_EVERY_S = 10.0

OnNotice = Callable[[Notice], None]


class Announcer:
    """Tells each thing once. For the event loop's thread."""

    def __init__(self, on_notice: OnNotice) -> None:
        self._on_notice = on_notice
        self._shown: dict[int, DeckState] = {}
        self._hold_due = 0.0
        self._last_fault = ""

    def tell(self, kind: NoticeKind, text: str, deck: int | None = None) -> None:
        """Tell something now."""
        self._on_notice(Notice(kind, text, deck))

    def watch(self, decks: Sequence[Deck], written: int, host: Engines) -> int:
        """Tell which decks have changed their state by an output sample; returns how many hold."""
        for deck in decks:
            state = deck.state(written)
            if state != self._shown.get(deck.number, "stopped"):
                self.tell("deck", state, deck.number)
                if state == "holding":
                    self._tell_hold(deck, host)
            self._shown[deck.number] = state
        return list(self._shown.values()).count("holding")

    def fault(self, error: Exception) -> None:
        """Something is wrong inside: say so, once as long as it stays the same, and play on."""
        fault = f"{type(error).__name__}: {error}"
        if fault != self._last_fault:
            self._last_fault = fault
            log.error("inside the player", exc_info=error)
            self.tell("error", f"failed inside: {fault}")

    def _tell_hold(self, deck: Deck, host: Engines) -> None:
        if host.state != "ready" or time.monotonic() < self._hold_due:
            return
        self._hold_due = time.monotonic() + HOLD_NOTICE_EVERY_S
        self.tell(
            "warning",
            f"deck {deck.number} holds its last bars: the model runs at {host.realtime_factor:.1f}x",
        )
