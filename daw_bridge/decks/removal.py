"""Removal: decks that are taken away leave nothing behind that sounds, starts or silences others."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.decks.agenda import Agenda
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.host_transport import HostTransport
from daw_bridge.decks.mixer import Mixer
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.values import ParameterValues

SOLO = f"{DECK}solo"


class Removal:
    """Takes decks away. For the event loop's thread.

    Args:
        agenda: loses what waits for them. transport: a start of theirs that waits for the host's song is
            forgotten.
        written: the first output sample that has not been asked for.
    """

    def __init__(
        self,
        values: ParameterValues,
        clock: SongClock,
        mixer: Mixer,
        agenda: Agenda,
        transport: HostTransport,
        written: Callable[[], int],
    ) -> None:
        self._values = values
        self._clock = clock
        self._mixer = mixer
        self._agenda = agenda
        self._transport = transport
        self._written = written

    def remove(self, deck: Deck) -> None:
        """Stop a deck, and let go of all that waits for it and of its solo; its other values stay."""
        self._transport.release(deck.number)
        self._agenda.cancel(deck.number, None)
        deck.stop(self._clock.moment(self._written() + MAX_BLOCK), on_grid=False)
        self._values.put(SOLO, deck.number, (False,))
        self._mixer.set_strip(deck.number - 1, solo=False)
