"""A deck: the runs that sound its score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.briefing import Briefing
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.heard import Heard
from daw_bridge.decks.line_up import LineUp
from daw_bridge.decks.pieces import Samples
from daw_bridge.decks.run import Run
from daw_bridge.decks.score import Score
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.voicing import Voicing
from daw_bridge.parameter import Values
from daw_bridge.takes.memory import DeckMemory
from daw_bridge.takes.status import Place

# what was told is remembered until it has been heard, whatever the latency
KEPT_S = 2


class Deck(LineUp):
    """One deck. `read` is for the feeder's thread, everything else for the event loop's.

    Positions are output samples; ``written`` is the first that the feeder has not asked for.

    Args:
        number: from 1, for people.

    Attributes:
        voicing: how its voices begin.
        memory: the last minute of what it played.
        heirs: runs in another model that are to follow on its runs, by those; they are told what its runs
            are told, but not heard.
        heard: the harmony that its model was told of.
    """

    def __init__(
        self, number: int, clock: SongClock, engines: Engines, geometry: Geometry, timing: Timing
    ) -> None:
        super().__init__(number, Score(clock, geometry.model.takes), geometry.out_rate, timing)
        self._clock = clock
        self._engines = engines
        self.heard = Heard(self.score.timeline, clock, geometry.model)
        self._briefing = Briefing(self.score.timeline, clock, engines.send)
        self.voicing = Voicing(number, clock, engines, geometry, timing, self._briefing)
        self.heirs: dict[Run, Run] = {}
        self._asked: float | None = None
        self._past_underruns = 0
        self._held = 0
        self._looked: int | None = None
        self.memory = DeckMemory(geometry.out_rate, geometry.model.channels, lambda: clock.map)

    @property
    def underruns(self) -> int:
        """How often it has held."""
        return self._past_underruns + sum(run.underruns for run in self._runs)

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

    def cancel(self, name: str | None, written: int) -> set[str]:
        """Drop what is planned and can still be dropped: changes of one value or of all, and a ``'start'``,
        ``'commit'`` or ``'stop'`` that waits; returns the names of the values. What was to be committed is
        not closed: it is whose it was before."""
        dropped = self.score.cancel(name, self.earliest(written))
        for waiting in [run for run in self._runs if run.start > written and not run.sounding]:
            if name not in (None, waiting.begins_by):
                continue
            if waiting.begins_by == "commit":
                self._leave(waiting)
                self._engines.withdraw(waiting.number)
            else:
                self._close(waiting)
            for run in self._runs:
                if run.follower is waiting:
                    run.stop = run.stop_beat = run.follower = None
        if name in (None, "stop"):
            for run in self._runs:
                if run.stop_planned and run.stop is not None and run.stop > written:
                    run.stop, run.stop_beat, run.stop_planned = None, None, False
        return dropped

    def start(self, moment: Moment, seed: int) -> None:
        """Begin a new run at a moment; one that sounds gives way to it, one that waits is replaced."""
        self._open(moment, moment.sample, seed)

    def stop(self, moment: Moment, on_grid: bool, planned: bool = False) -> None:
        """End at a moment; runs that would begin later never do. ``planned`` can be cancelled."""
        for run in self._runs:
            if run.start >= moment.sample:
                self._close(run)
            elif run.stop is None or run.stop > moment.sample:
                run.stop = moment.sample
                run.stop_beat = moment.beats if on_grid else None
                run.stop_planned = planned

    def resume(self, moment: Moment, seed: int, from_tokens: bool) -> None:
        """Go on in a new voice at a moment, because the old one is lost.

        With ``from_tokens`` the last tokens up to a whole bar become the new voice's beginning, so that the
        bar at ``moment`` follows on a bar; where there are none, and else, it begins anew.
        """
        lost = self._runs
        if not lost or (lost[-1].stop is not None and lost[-1].stop <= moment.sample):
            return
        last = lost[-1]
        stop, stop_beat = last.stop, last.stop_beat
        prompt = self.voicing.tokens_to_bar(last) if from_tokens and last.start < moment.sample else None
        if last.start > moment.sample:
            moment = self._clock.moment(last.start)
        frames = 0 if prompt is None else prompt.shape[1]
        self._open(moment, moment.sample - self.voicing.geometry.out_samples(frames), seed, prompt)
        self._runs[-1].stop, self._runs[-1].stop_beat = stop, stop_beat

    def adopt(self, run: Run, moment: Moment, holds: bool, until: int) -> None:
        """Go on with a run that was prepared beside it, from a moment on, as with one that is started.

        Args:
            holds: whether what the run was told holds from the moment on.
            until: output sample up to which it does, at most; from there on it is told by the song's bars.
        """
        if not self._runs:
            self.score.rest()
        self._make_way(moment, run)
        run.begins_by, run.start_beat = "commit", moment.beats
        run.move_start(moment.sample)
        self._runs = (*self._runs, run)
        self._engines.promote(run.number, Place(self.number, run.origin, run.start))
        changes = self._briefing.breakpoints(moment.sample + 1, until)
        told = min([until, *changes]) if holds else moment.sample
        self._briefing.change(run, told, moment.sample, lambda seconds: None)

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

    def hand_over(self, moment: Moment) -> None:
        """Let the heirs sound from a moment on, and what they follow on end there."""
        for run in self._runs:
            heir = self.heirs.pop(run, None)
            if heir is None:
                continue
            if run.stop is not None and run.stop <= moment.sample:
                self._release(heir)
                continue
            heir.stop, heir.stop_beat, heir.stop_planned = run.stop, run.stop_beat, run.stop_planned
            if run.start >= moment.sample:
                self._close(run)
            else:
                # in this order: whenever the feeder reads, one of the two sounds
                heir.postpone(moment.sample)
                run.follower = heir
                run.stop, run.stop_beat, run.stop_planned = moment.sample, moment.beats, False
            self._runs = (*self._runs, heir)

    def disinherit(self) -> None:
        """Let go of all heirs."""
        for heir in self.heirs.values():
            self._release(heir)
        self.heirs.clear()

    def close(self) -> None:
        """End all runs at once."""
        for run in self._runs:
            self._close(run)

    def _open(self, moment: Moment, origin: int, seed: int, prompt: NDArray[np.int16] | None = None) -> None:
        if not self._runs:
            self.score.rest()
        run = self.voicing.open(self.voicing.geometry, moment, origin, seed, prompt)
        self._make_way(moment, run)
        self._runs = (*self._runs, run)

    def _make_way(self, moment: Moment, follower: Run) -> None:
        """End what sounds at a moment, for another run that begins there."""
        for run in self._runs:
            if run.start >= moment.sample:
                self._close(run)
            elif run.stop is None or run.stop >= moment.sample:
                run.follower = follower
                run.stop, run.stop_beat = moment.sample, moment.beats

    def _close(self, run: Run) -> None:
        self._leave(run)
        self._release(run)

    def _leave(self, run: Run) -> None:
        """A run is the deck's no more."""
        self._runs = tuple(other for other in self._runs if other is not run)
        if (heir := self.heirs.pop(run, None)) is not None:
            self._release(heir)

    def _release(self, run: Run) -> None:
        run.close()
        if not run.sounding:
            self._engines.withdraw(run.number)
        self._past_underruns += run.underruns
        self._engines.close(run.number, run.ring)
