"""HostTransport: decks that start and stop with the song of the clock that is followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daw_bridge.decks.deck import Deck
from daw_bridge.decks.protocol import NoticeKind, When
from daw_bridge.errors import BridgeError


class HostTransport:
    """Stops the decks that play when the host's song stops, and lets them come in again when it starts.

    While the song stands, a deck that is told to start waits, too. Nothing ever starts that was not asked
    for: neither by the host alone, nor when the host's clock is given up. For the event loop's thread.

    Args:
        start, stop: start a deck by its number, stop one now.
        notify: takes what whoever plays should know.

    Attributes:
        standing: whether there is a song that stands.
        obeyed: whether it counts.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        start: Callable[[int, When], object],
        stop: Callable[[int], object],
        notify: Callable[[NoticeKind, str], None],
    ) -> None:
        self._decks = tuple(decks)
        self._start = start
        self._stop = stop
        self._notify = notify
        self._waiting: dict[int, When] = {}
        self.standing = False
        self.obeyed = True

    @property
    def waiting(self) -> frozenset[int]:
        """Numbers of the decks that wait for the song."""
        return frozenset(self._waiting)

    def hold(self, deck: int, when: When) -> bool:
        """Whether a start that is asked for must wait for the song; it then does."""
        held = self.obeyed and self.standing and when.at is None
        if held:
            self._waiting[deck] = when
        return held

    def release(self, deck: int | None = None) -> None:
        """A deck, or all, wait no more."""
        for number in [deck] if deck is not None else list(self._waiting):
            self._waiting.pop(number, None)

    def song_stopped(self, when: When) -> None:
        """The host has stopped; ``when`` is how decks come in when it starts."""
        if not self.obeyed:
            return
        for deck in self._decks:
            if deck.active:
                self._stop(deck.number)
                self._waiting[deck.number] = when

    def song_started(self) -> None:
        """The host has started."""
        waiting, self._waiting = self._waiting, {}
        for number, when in sorted(waiting.items(), key=lambda pair: pair[0]):
            self._begin(number, when)

    def _begin(self, number: int, when: When) -> None:
        try:
            self._start(number, when)
        except BridgeError as error:
            self._notify("warning", f"deck {number} does not start with the song: {error}")
