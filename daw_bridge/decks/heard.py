"""What a deck hears: the pitch classes that its model is told of, at what is sounding."""

from __future__ import annotations

import numpy as np

from daw_bridge.decks.briefing import transport_at
from daw_bridge.decks.conditions import fitted, harmony
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timeline import Timeline
from daw_bridge.engine.protocol import Loaded

NOTHING: tuple[float, ...] = (0.0,) * 12


class Heard:
    """Looks a deck's harmony up at output samples, no more often than it can change.

    Args:
        model: that plays; what it does not take is not heard.
    """

    def __init__(self, timeline: Timeline, clock: SongClock, model: Loaded) -> None:
        self._timeline = timeline
        self._clock = clock
        self._model = model
        self._last: tuple[int, tuple[float, ...]] = (-1, NOTHING)

    def at(self, sample: int) -> tuple[float, ...]:
        """Twelve strengths from C in [0, 1] at an output sample; all 0 where nothing steers the harmony."""
        frame = int(sample * self._model.frame_rate / self._clock.map.sample_rate)
        if frame != self._last[0]:
            self._last = frame, self._look_up(sample)
        return self._last[1]

    def _look_up(self, sample: int) -> tuple[float, ...]:
        values = fitted(self._timeline.at(sample), self._model.takes)
        track = harmony(values, transport_at(self._clock, sample, sample, 0, self._model.frame_rate))
        if track is None or not values["chroma/enable"][0]:
            return NOTHING
        return tuple(float(strength) for strength in track.at(np.zeros(1, np.int64))[0])
