"""The line-up of a deck: its runs in the order in which they begin, and what they do at an output sample."""

from __future__ import annotations

from daw_bridge.decks.protocol import DeckState
from daw_bridge.decks.run import Run
from daw_bridge.decks.score import Score
from daw_bridge.decks.timing import Timing
from daw_bridge.takes.status import Place


class LineUp:
    """What of a deck can be looked at. Positions are output samples; ``written`` is the first that the feeder
    has not asked for.

    Attributes:
        number: from 1, for people. score: what its model is told.
    """

    def __init__(self, number: int, score: Score, rate: int, timing: Timing) -> None:
        self.number = number
        self.score = score
        self._rate = rate
        self._timing = timing
        self._runs: tuple[Run, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """What sounds or will."""
        return self._runs

    @property
    def active(self) -> bool:
        """Whether it sounds or will."""
        return bool(self._runs)

    @property
    def plays_on(self) -> bool:
        """Whether it sounds or will, and no end is set."""
        return any(run.stop is None for run in self._runs)

    def waiting(self, written: int) -> list[Run]:
        """What has not begun yet."""
        return [run for run in self._runs if run.start > written and not run.sounding]

    def waiting_start(self, written: int) -> int | None:
        """Output sample of a start that has not sounded yet; None where none waits."""
        return min((run.start for run in self.waiting(written)), default=None)

    def state(self, written: int) -> DeckState:
        """What it does at an output sample."""
        begun = [run for run in self._runs if run.start <= written]
        if not begun:
            return "armed" if self._runs else "stopped"
        # one that is late leaves its place to the one before
        sounding = [run for run in begun if run.sounding and not run.ended(written)]
        if not sounding:
            return "armed"
        return "holding" if sounding[-1].holding else "playing"

    def lead_s(self, position: float) -> float:
        """Seconds generated beyond an output sample, in the run that sounds or will sound next."""
        if not self._runs:
            return 0.0
        run = self._at(round(position))
        return max(0.0, run.lead(max(round(position), run.start)) / self._rate)

    def earliest(self, written: int) -> int:
        """First output sample that a change sent now can reach."""
        if not self._runs:
            return written
        due = self._due(written)
        run = self._at(due)
        return run.sample_of(run.earliest_frame(due))

    def reach(self, written: int) -> tuple[int, bool]:
        """The output sample from which on a change made now holds, and whether it is heard from there on:
        what waits for its start has it wherever it comes to begin."""
        due = self._due(written)
        if not self._runs or not self._at(due).waits(due):
            return self.earliest(written), True
        return (due if any(run.sounding for run in self._runs) else written), False

    def _due(self, written: int) -> int:
        return written + round(self._timing.margin_s * self._rate)

    def _at(self, sample: int) -> Run:
        """The run that sounds at an output sample, or will next."""
        return next((run for run in self._runs if run.stop is None or run.stop > sample), self._runs[-1])

    def following(self, position: float) -> tuple[str, int] | None:
        """The next thing that it will do after an output sample: its name and its output sample."""
        found = [(change.sample, change.name) for change in self.score.timeline.planned(round(position))[:1]]
        found += [(run.start, run.begins_by) for run in self._runs if run.start > position]
        starts = {start for start, _ in found}
        stops = (run.stop for run in self._runs if run.stop is not None and run.stop > position)
        found += [(stop, "stop") for stop in stops if stop not in starts]
        return next(((name, sample) for sample, name in sorted(found)), None)

    def began(self, position: float) -> int | None:
        """Output sample at which what sounds at an output sample started; None where nothing does."""
        starts = [run.start for run in self._runs if run.start <= position and not run.ended(round(position))]
        return starts[-1] if starts else None

    def places(self) -> list[tuple[int, Place]]:
        """Where its runs lie, by their voices' numbers."""
        return [(run.number, Place(self.number, run.origin, run.start, run.stop)) for run in self._runs]

    def owns(self, number: int) -> bool:
        """Whether a voice of the engine is one of its runs."""
        return any(run.number == number for run in self._runs)
