"""Starts and stops of decks, on the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.clock.internal import Moment
from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.moments import Moments
from daw_bridge.decks.protocol import When
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing

JOIN_SHARE = 0.4
BAR = Quantum.parse("1M")


class Launcher:
    """Finds the moment of a start or a stop, and tells the deck.

    Args:
        written: the first output sample that has not been asked for.
        starting: called before a deck is told to start, when its moment is known.
    """

    def __init__(
        self,
        clock: SongClock,
        decks: Sequence[Deck],
        changes: Changes,
        timing: Timing,
        moments: Moments,
        written: Callable[[], int],
        starting: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._decks = tuple(decks)
        self._changes = changes
        self._timing = timing
        self._moments = moments
        self._written = written
        self._starting = starting

    def start(self, deck: Deck, when: When, seed: int, length_s: float = 0.0) -> Moment:
        """Start a deck on the grid or at a bar; where there is no grid, bar 1 begins as soon as it can.

        Args:
            length_s: seconds after which it stops by itself; 0 for never.

        Raises:
            ScheduleError: the bar cannot be reached any more.
        """
        moment = self._begin(when, self._ready(deck))
        deck.start(moment, seed)
        if length_s > 0:
            end = moment.sample + round(length_s * self._clock.map.sample_rate)
            deck.stop(self._clock.moment(end), on_grid=False)
        return moment

    def commit(self, when: When) -> Moment:
        """The bar line at which what is prepared is to begin, as a start finds it: of a quantum finer than a
        bar, or of a time, it is the next one.

        Raises:
            ScheduleError: the bar cannot be reached any more.
        """
        ready = self._written() + MAX_BLOCK + round(self._timing.margin_s * self._clock.map.sample_rate)
        if when.bar is None and when.at is not None:
            ready = max(ready, self._moments.sample_at(when.at))
        if when.at is not None or when.quantum.unit != "bar":
            when = When(BAR, when.bar)
        return self._begin(when, ready)

    def stop(self, deck: Deck, when: When) -> Moment:
        """Stop a deck on the grid or at a bar.

        Raises:
            ScheduleError: the bar has passed.
        """
        moment = self._moments.find(when, self._written() + MAX_BLOCK)
        on_grid = when.at is None and (when.bar is not None or when.quantum.unit != "now")
        deck.stop(moment, on_grid, planned=on_grid or when.at is not None)
        return moment

    def _begin(self, when: When, ready: int) -> Moment:
        """The moment of something that begins to sound and is ready at an output sample; where there is no
        grid, bar 1 begins there."""
        if when.bar is None and self._changes.gridless:
            first = ready if when.at is None else max(ready, self._moments.sample_at(when.at))
            self._changes.restart(first)
            moment = self._clock.moment(first)
        else:
            moment = self._moments.find(when, ready)
        self._starting()
        return moment

    def _ready(self, deck: Deck) -> int:
        """First output sample at which a deck can start.

        It may join another's start that waits when at least `JOIN_SHARE` of the time to open a voice is left:
        decks that are started together then begin together; should one be late it comes in late, in time.
        """
        written = self._written()
        opening = self._timing.opening.value * self._clock.map.sample_rate
        waiting = (other.waiting_start(written) for other in self._decks if other is not deck)
        joined = [start for start in waiting if start is not None and start >= written + JOIN_SHARE * opening]
        return min([written + round(opening), *joined])
