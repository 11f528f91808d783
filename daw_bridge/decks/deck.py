"""A deck: the runs that sound its score."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.decks.engines import Engines
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.heard import Heard
from daw_bridge.decks.pieces import Samples
from daw_bridge.decks.run import Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.succession import Succession
from daw_bridge.decks.timing import Timing
from daw_bridge.parameter import Values
from daw_bridge.takes.memory import DeckMemory

# what was told is remembered until it has been heard, whatever the latency
KEPT_S = 2


class Deck(Succession):
    """One deck. `read` is for the feeder's thread, everything else for the event loop's.

    Positions are output samples; ``written`` is the first that the feeder has not asked for.

    Args:
        number: from 1, for people.

    Attributes:
        memory: the last minute of what it played.
        heard: the harmony that its model was told of.
    """

    def __init__(
        self, number: int, clock: SongClock, engines: Engines, geometry: Geometry, timing: Timing
    ) -> None:
        super().__init__(number, clock, engines, geometry, timing)
        self.heard = Heard(self.score.timeline, clock, geometry.model)
        self._asked: float | None = None
        self._held = 0
        self._looked: int | None = None
        self.memory = DeckMemory(geometry.out_rate, geometry.model.channels, lambda: clock.map)

    @property
    def held_s(self) -> float:
        """Seconds in which it has held."""
        return self._held / self._rate

    @property
    def changed(self) -> bool:
        """Whether `flush` has something to do."""
        return self.active and self.score.changed

    def read(self, start: int, count: int) -> Samples | None:
        """Output samples ``start ..`` [count, channels], without gain; None for silence."""
        mixed: Samples | None = None
        # what follows comes first: whether it begins says whether what sounds may end
        for run in reversed(self._runs):
            run.wait(start + count)
            block = run.read(start, count)
            if block is not None:
                mixed = block if mixed is None else mixed + block
        self.memory.write(start, mixed)
        return mixed

    def set_now(self, name: str, values: Values, asked: float | None = None) -> None:
        """Change a value as soon as it can be heard; `flush` does it.

        Args:
            asked: `time.monotonic` of the wish, from which the meter counts.
        """
        if self._runs:
            self._asked = asked if self._asked is None else self._asked
            self.score.set_soon(name, values)
        else:
            self.score.set_base(name, values)

    def follow_clock(self, sample: int, place: Callable[[float], tuple[float, int]]) -> None:
        """Tempo or meter have changed from an output sample on: move what is planned after it.

        Args:
            place: for the beat of something planned, its beat and output sample as they are now.
        """
        self.score.follow_clock(sample, place)
        for run in (*self._runs, *self.heirs.values()):
            if run.stop_beat is not None and run.stop is not None and run.stop > sample:
                run.stop_beat, run.stop = place(run.stop_beat)
            if run.start > sample and not run.sounding:
                run.start_beat, start = place(run.start_beat)
                run.move_start(start)
                self.score.invalidate(run.sample_of(0))

    def lay(self, written: int) -> None:
        """Put what was set at once where it can be heard; `flush` sends it."""
        sample, heard = self.reach(written)
        self.score.lay(sample, self.voicing.geometry.out_samples(1) if heard else 0)

    def flush(self, written: int) -> None:
        """Send all pending changes, as one rollback a run; what the feeder forestalled stays `changed`."""
        due = self._due(written)
        self.lay(written)
        if (dirty := self.score.take_dirty()) is None:
            return
        try:
            for run in (*self._runs, *self.heirs.values()):
                self._expect(run, self._briefing.change(run, dirty, due, self._timing.change.add))
        except ValueError:
            self.score.invalidate(dirty)

    def _expect(self, run: Run, sample: int) -> None:
        asked, self._asked = self._asked, None
        if self._timing.meter is not None and asked is not None and run.sounding:
            self._timing.meter.expect(run, asked, sample)

    def pump(self, written: int) -> None:
        """Ask for more music, and let go of what has ended. To be called every few milliseconds."""
        if self._looked is not None and self.state(written) == "holding":
            self._held += written - self._looked
        self._looked = written
        ahead = round(self._timing.ahead_s * self._rate)
        for run in self._runs:
            moved = run.take_moved()
            if moved and self._briefing.breakpoints(written - moved, run.sample_of(run.sent)):
                self.score.invalidate(written)
            if run.ended(written):
                self._close(run)
            else:
                self._briefing.advance(run, written, ahead)
        for heir in self.heirs.values():
            self._briefing.advance(heir, written, ahead)
        if self._runs:
            claimed = (run.sample_of(run.claimed // run.geometry.hop) for run in self._runs)
            self.score.timeline.settle(min(claimed) - KEPT_S * self._rate)
        else:
            self._asked = None
            self.score.rest()

    def play(self, geometry: Geometry) -> None:
        """Whatever begins from now on begins in another model."""
        if geometry.model.channels != self.voicing.geometry.model.channels:
            self.memory = DeckMemory(geometry.out_rate, geometry.model.channels, lambda: self._clock.map)
        self.score.takes = geometry.model.takes
        self.heard = Heard(self.score.timeline, self._clock, geometry.model)
        self.voicing.geometry = geometry
