"""The line at which another model takes over: the one that was asked for, or a later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.clock.internal import Moment
from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.moments import Moments
from daw_bridge.decks.protocol import When
from daw_bridge.decks.song_clock import SongClock

ONE_BAR = Quantum.parse("1M")


class SwapLine:
    """Where a model is to take over. For the event loop's thread.

    Args:
        written: the first output sample that has not been asked for.
        moved: told a line that takes the place of another one.
        late: told a line that came too soon.

    Attributes:
        moment: None until one has been aimed at.
    """

    def __init__(
        self,
        when: When,
        clock: SongClock,
        moments: Moments,
        written: Callable[[], int],
        moved: Callable[[Moment], None],
        late: Callable[[Moment], None],
    ) -> None:
        self.moment: Moment | None = None
        self._when = when
        self._clock = clock
        self._moments = moments
        self._written = written
        self._moved = moved
        self._late = late
        self._meters: object = None

    def aim(self, ahead_s: float) -> Moment:
        """Where the line lies now; the first time, and when bars have changed, it is one at least so many
        seconds ahead."""
        song, moment = self._clock.map, self.moment
        if moment is None or self._meters is not song.meters:
            moment = self._find(ahead_s)
            self._meters = song.meters
            self._moved(moment)
        self.moment = replace(moment, sample=song.sample_at(moment.beats))
        return self.moment

    def keep(self) -> None:
        """The bars that are planned now are the ones that the line was laid on."""
        self._meters = self._clock.map.meters

    def miss(self) -> None:
        """The line has come too soon."""
        if self.moment is not None:
            self._late(self.moment)

    def put_off(self, ahead_s: float) -> Moment:
        """Take a line at least so many seconds ahead instead."""
        self.moment = self._find(ahead_s)
        return self.moment

    def _find(self, ahead_s: float) -> Moment:
        """The first line so many seconds ahead. A bar or a time that lies before means the next bar."""
        when = self._when
        earliest = self._written() + round(ahead_s * self._clock.map.sample_rate) + MAX_BLOCK
        if when.at is None and when.bar is None:
            return self._clock.resolve(earliest, when.quantum)
        wanted = self._moments.find(when, 0)
        if wanted.sample >= earliest:
            return wanted
        if self.moment is None:
            self._late(wanted)
        return self._clock.resolve(earliest, ONE_BAR)
