"""Moments: from what was asked (a grid, a bar, a time) to an output sample."""

from __future__ import annotations

import time
from collections.abc import Callable

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.protocol import When
from daw_bridge.decks.song_clock import SongClock


class Moments:
    """Finds when a command is due.

    Args:
        position: output sample being heard.
    """

    def __init__(self, clock: SongClock, position: Callable[[], float]) -> None:
        self._clock = clock
        self._position = position

    def sample_at(self, at: float) -> int:
        """The output sample that is heard at a Unix time."""
        return round(self._position() + (at - time.time()) * self._clock.map.sample_rate)

    def find(self, when: When, earliest: int) -> Moment:
        """The moment of something that can be done from output sample ``earliest`` on; a time that has passed
        is the earliest.

        Raises:
            ScheduleError: the bar has passed.
        """
        if when.at is not None:
            return self._clock.moment(max(earliest, self.sample_at(when.at)))
        return self._clock.resolve(earliest, when.quantum, when.bar)
