"""A span: where in time something sounds, what lets it begin, and what it gives way to."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Span(ABC):
    """From a start to a stop; a run is one. `wait` is for the feeder's thread, all else for the event loop's.

    Attributes:
        start, stop: output samples; None while no stop is known.
        start_beat, stop_beat: where they lie in musical time; None for a stop that is not on the grid.
        stop_planned: whether the stop is one that can be cancelled.
        begins_by: what lets it begin: the wishes ``'start'`` and ``'commit'``; ``'resume'`` where it goes on
            for a voice that was lost, ``'model'`` where another model takes over.
        follower: the one that it gives way to at its stop; as long as that is late it plays on.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.start_beat = 0.0
        self.stop: int | None = None
        self.stop_beat: float | None = None
        self.stop_planned = False
        self.begins_by = "start"
        self.follower: Span | None = None
        self._ending = threading.Lock()

    @abstractmethod
    def late(self, sample: int) -> bool:
        """Whether it, or what follows on it, should sound before an output sample, and does not yet."""

    @property
    @abstractmethod
    def missing(self) -> bool:
        """Whether it, or what follows on it, is still to sound."""

    def end(
        self,
        stop: int | None,
        beat: float | None = None,
        planned: bool = False,
        follower: Span | None = None,
    ) -> None:
        """Let it end at an output sample, or never, and give way to another."""
        with self._ending:
            self.stop, self.stop_beat, self.stop_planned = stop, beat, planned
            self.follower = follower

    def end_like(self, other: Span) -> None:
        """Let it end where another would, and give way to the same."""
        self.end(other.stop, other.stop_beat, other.stop_planned, other.follower)

    def wait(self, sample: int) -> None:
        """Before reading up to an output sample: play on to there while what follows is late."""
        with self._ending:
            follower = self.follower
            if follower is not None and self.stop is not None and self.stop < sample:
                self.stop = sample if follower.late(sample) else self.stop
