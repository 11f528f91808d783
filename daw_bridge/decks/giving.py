"""Giving: the player's clock as it is heard, given to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daw_bridge.clock.choose import OFF, make_outlet
from daw_bridge.clock.internal import Moment
from daw_bridge.clock.outlet import Outlet
from daw_bridge.clock.parameters import CLOCK, OUT
from daw_bridge.clock.sample_clock import SampleClock
from daw_bridge.clock.source import BeatLine
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.exchange import Exchange, Openable
from daw_bridge.decks.protocol import NoticeKind, OnResult
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.errors import DeviceError


class Giving:
    """Sees to the outlet; others start with the first deck that sounds and stop with the last.

    Args:
        heard: the map as it is heard at a time; see `Follower.heard`.
        samples: the output's samples over the host's time.
        written: the first output sample that has not been asked for.
        api: number of one of rtmidi's APIs.
    """

    def __init__(
        self,
        clock: SongClock,
        decks: Sequence[Deck],
        heard: Callable[[float], BeatLine],
        samples: SampleClock,
        written: Callable[[], int],
        exchange: Exchange,
        api: Callable[[], int],
        notify: Callable[[NoticeKind, str], None],
    ) -> None:
        self._clock = clock
        self._decks = tuple(decks)
        self._heard = heard
        self._samples = samples
        self._written = written
        self._exchange = exchange
        self._api = api
        self._notify = notify
        self._playing = self._connected = False
        self.outlet: Outlet | None = None

    def choose(self, name: str, on_result: OnResult | None) -> None:
        """Give the clock to somebody else, or to nobody; what is chosen already and lost is opened anew.

        Raises:
            DeviceError: it would come back to us.
        """
        if name == self._exchange.wanted(OUT) and (self._exchange.under_way(OUT) or not self._lost):
            return
        if name == self._exchange.wanted(CLOCK) == "jack":
            raise DeviceError(f"{CLOCK} is jack: the master of JACK's timebase cannot follow it")
        outlet = None
        if name != OFF:
            outlet = make_outlet(name, self._heard, self._where, self._size, self._api())

        def adopt() -> Openable | None:
            old, self.outlet = self.outlet, outlet
            self._playing = self._connected = False
            return old

        self._exchange.begin(OUT, name, outlet, adopt, on_result)

    def pump(self) -> None:
        """Start and stop the others with the music; to be called every few milliseconds."""
        if self.outlet is None:
            return
        self._see_loss(self.outlet)
        written = self._written()
        starts = [deck.waiting_start(written) for deck in self._decks if deck.active]
        sounding = any(start is None for start in starts)
        if starts and not self._playing:
            waiting = [start for start in starts if start is not None]
            self.outlet.play(self._clock.map.beat_at(written if sounding else min(waiting)))
        elif not starts and self._playing:
            self.outlet.halt()
        self._playing = bool(starts)

    @property
    def _lost(self) -> bool:
        return self.outlet is not None and not self.outlet.connected

    def _see_loss(self, outlet: Outlet) -> None:
        was, self._connected = self._connected, outlet.connected
        if was and not self._connected:
            self._notify("warning", f"{OUT}: {outlet.name} is lost: the clock is given to nobody")
        elif self._connected and not was:
            # whoever comes back while music plays is told where it is
            self._playing = False

    def _where(self, time: float) -> Moment:
        return self._clock.moment(self._samples.sample_at(time))

    def _size(self, time: float) -> int:
        return self._clock.beats_per_bar_at(self._samples.sample_at(time))
