"""Succession: how the runs of a deck begin, follow on one another, and end."""

from __future__ import annotations

from dataclasses import replace

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.briefing import Briefing
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.line_up import LineUp
from daw_bridge.decks.run import Run
from daw_bridge.decks.score import Score
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.voicing import Voicing
from daw_bridge.takes.status import Place

WISHES = frozenset({"start", "commit"})
RESUME, MODEL = "resume", "model"


class Succession(LineUp):
    """The runs of a deck, in order. For the event loop's thread.

    What a run follows on ends where it begins, and knows it as its `Run.follower`. One that begins by a wish
    can be cancelled; one that begins because a voice was lost, or because another model takes over, cannot.

    Attributes:
        voicing: how its voices begin.
        heirs: runs in another model that are to follow on its runs, by those; they are told what its runs
            are told, but not heard.
    """

    def __init__(
        self, number: int, clock: SongClock, engines: Engines, geometry: Geometry, timing: Timing
    ) -> None:
        super().__init__(number, Score(clock, geometry.model.takes), geometry.out_rate, timing)
        self._clock = clock
        self._engines = engines
        self._briefing = Briefing(self.score.timeline, clock, engines.send)
        self.voicing = Voicing(number, clock, engines, geometry, timing, self._briefing)
        self.heirs: dict[Run, Run] = {}
        self._past_underruns = 0

    @property
    def underruns(self) -> int:
        """How often it has held."""
        return self._past_underruns + sum(run.underruns for run in self._runs)

    def start(self, moment: Moment, seed: int) -> None:
        """Begin a new run at a moment; one that sounds gives way to it, one that waits is replaced."""
        if not self._runs:
            self.score.rest()
        run = self.voicing.open(self.voicing.geometry, moment, moment.sample, seed)
        self._make_way(moment, run)
        self._join(run)

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
        self._join(run)
        self._engines.promote(run.number, Place(self.number, run.origin, run.start))
        changes = self._briefing.breakpoints(moment.sample + 1, until)
        told = min([until, *changes]) if holds else moment.sample
        self._briefing.change(run, told, moment.sample, lambda seconds: None)

    def stop(self, moment: Moment, on_grid: bool, planned: bool = False) -> None:
        """End at a moment; runs that would begin later never do. ``planned`` can be cancelled."""
        for run in self._runs:
            if run.start >= moment.sample:
                self._close(run)
            elif run.stop is None or run.stop > moment.sample:
                run.end(moment.sample, moment.beats if on_grid else None, planned)

    def cancel(self, name: str | None, written: int) -> set[str]:
        """Drop what is planned and can still be dropped: changes of one value or of all, and a ``'start'``,
        ``'commit'`` or ``'stop'`` that waits; returns the names of the values. What was to be committed is
        not closed: it is whose it was before."""
        dropped = self.score.cancel(name, self.earliest(written))
        for waiting in self.waiting(written):
            if waiting.begins_by in WISHES and name in (None, waiting.begins_by):
                self.drop(waiting)
        if name in (None, "stop"):
            for run in self._runs:
                if run.stop_planned and run.stop is not None and run.stop > written:
                    run.end(None)
        return dropped

    def drop(self, waiting: Run) -> None:
        """Let a run that waits not begin: what gives way to it plays on, up to the stop that was asked for or
        the next run."""
        for run in self._runs:
            if run.follower is waiting:
                run.end(None)
                if waiting.stop_planned or waiting.follower is not None:
                    run.end_like(waiting)
        if waiting.begins_by == "commit":
            self._leave(waiting)
            self._engines.withdraw(waiting.number)
        else:
            self._close(waiting)

    def resume(self, run: Run, moment: Moment, written: int, seed: int, from_tokens: bool) -> None:
        """See to it that a run whose voice is lost goes on in a new one, unless another run sees to that.

        One that waits is opened anew for its own start. One that has begun goes on at ``moment`` if it sounds
        on beyond that, until where it was to end. With ``from_tokens`` its last tokens up to a whole bar
        become the new voice's beginning, so that the bar at ``moment`` follows on a bar; where there are
        none, and else, it begins anew.
        """
        if run.follower is not None and run.follower.begins_by in (RESUME, MODEL):
            return
        if run.begins_by == RESUME and not run.sounding:
            self._retract(run)
        elif run in self.waiting(written):
            self._reopen(run, seed, from_tokens)
        elif run.stop is None or run.stop > moment.sample:
            tokens = self.voicing.tokens_to_bar(run) if from_tokens else None
            frames = 0 if tokens is None else tokens.shape[1]
            geometry = self.voicing.geometry
            origin = moment.sample - geometry.out_samples(frames)
            after = self.voicing.open(geometry, moment, origin, seed, tokens)
            after.begins_by = RESUME
            after.end_like(run)
            run.end(moment.sample, moment.beats, follower=after)
            self._join(after)

    def heirless(self, sample: int) -> list[Run]:
        """Runs from an output sample on that have no heirs where another model takes over there: what was to
        be committed was prepared by the one before, and what was to be resumed goes on anyway."""
        return [run for run in self._runs if run.start >= sample and run.begins_by in ("commit", RESUME)]

    def hand_over(self, moment: Moment) -> list[Run]:
        """Let the heirs sound from a moment on, and what they follow on end there; returns what was to be
        committed and is not."""
        withdrawn = []
        for run in self.heirless(moment.sample):
            if run.begins_by == "commit":
                withdrawn.append(run)
                self.drop(run)
            else:
                self._retract(run)
        heirs, self.heirs = self.heirs, {}
        for run in self._runs:
            heir = heirs.pop(run, None)
            if heir is not None:
                self._follow_on(run, heir, moment)
        for heir in heirs.values():
            self._release(heir)
        return withdrawn

    def disinherit(self) -> None:
        """Let go of all heirs."""
        for heir in self.heirs.values():
            self._release(heir)
        self.heirs.clear()

    def close(self) -> None:
        """End all runs at once."""
        for run in self._runs:
            self._close(run)

    def _follow_on(self, run: Run, heir: Run, moment: Moment) -> None:
        if run.stop is not None and run.stop <= moment.sample:
            self._release(heir)
            return
        heir.end_like(run)
        if run.start >= moment.sample:
            heir.begins_by = run.begins_by
            self._replace(run, heir)
        else:
            # in this order: whenever the feeder reads, one of the two sounds
            heir.begins_by = MODEL
            heir.postpone(moment.sample)
            run.end(moment.sample, moment.beats, follower=heir)
            self._join(heir)

    def _reopen(self, run: Run, seed: int, from_tokens: bool) -> None:
        origin, tokens = self.voicing.beginning(run) if from_tokens else (run.start, None)
        moment = replace(self._clock.moment(run.start), beats=run.start_beat)
        again = self.voicing.open(self.voicing.geometry, moment, origin, seed, tokens)
        again.begins_by = run.begins_by
        again.end_like(run)
        self._replace(run, again)

    def _retract(self, waiting: Run) -> None:
        """Let a run that waits not begin, and what it follows on go on as long as it would have."""
        for run in self._runs:
            if run.follower is waiting:
                run.end_like(waiting)
        self._close(waiting)

    def _replace(self, waiting: Run, other: Run) -> None:
        """Put another run in the place of one that waits."""
        for run in self._runs:
            if run.follower is waiting:
                run.follower = other
        self._runs = tuple(other if run is waiting else run for run in self._runs)
        self._close(waiting)

    def _make_way(self, moment: Moment, follower: Run) -> None:
        """End what sounds at a moment, for another run that begins there."""
        for run in self._runs:
            if run.start >= moment.sample:
                self._close(run)
            elif run.stop is None or run.stop >= moment.sample:
                run.end(moment.sample, moment.beats, follower=follower)

    def _join(self, run: Run) -> None:
        self._runs = tuple(sorted((*self._runs, run), key=lambda each: each.start))

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
