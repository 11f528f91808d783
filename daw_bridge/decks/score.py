"""The score: what a deck's model is told, now and later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Set

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.conditions import ALL, GLIDE, build_conditions, default_values, fitted
from daw_bridge.decks.mix import glide_from, mix_at
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timeline import Timeline
from daw_bridge.decks.touch import MELODY, Touch
from daw_bridge.errors import ScheduleError
from daw_bridge.parameter import Values
from genmodels.conditioning.timing import Transport

MAX_PLANNED = 1024


class Score:
    """The values of one deck over output samples.

    What is set at once waits, the last value of each name winning, until `lay` puts it on the first
    output sample that it can reach; what is planned is laid at once. Either way the score knows from where on
    it differs from what the model was told.

    Attributes:
        takes: what the model that plays can be conditioned on. The values are those that were set, whether it
            takes them or not: it is told what it takes.
        timeline: the values, and their changes.
        glide: how long a new mix of prompts takes to be reached: a number, and ``'beats'`` or ``'seconds'``.
    """

    def __init__(self, clock: SongClock, takes: Set[str] = ALL) -> None:
        self.timeline = Timeline(default_values())
        self.glide: Values = (0.0, "beats")
        self._clock = clock
        self.takes = takes
        self._pending: dict[str, Values] = {}
        self._touch = Touch()
        self._dirty: int | None = None

    @property
    def changed(self) -> bool:
        """Whether the model was told something else."""
        return bool(self._pending) or self._dirty is not None

    def prompt(self, sample: int) -> str:
        """The prompt with the greatest weight at an output sample."""
        prompts = self.timeline.at(sample)["prompts"]
        return str(max(zip(prompts[1::2], prompts[::2], strict=True), key=lambda pair: float(pair[0]))[1])

    def check(self, name: str, values: Values, sample: int, takes: Set[str] | None = None) -> None:
        """Raise `ConditionError` or `GenerationError` when a value does not fit the model.

        Args:
            takes: what that takes; None for the one that plays.
        """
        takes = self.takes if takes is None else takes
        trial = fitted(self.timeline.at(sample) | self._pending, takes) | {name: values}
        build_conditions(trial, Transport(120.0), takes)

    def check_room(self, names: Collection[str], sample: int, after: int) -> None:
        """Raise `ScheduleError` where changes of some values at an output sample would be more than
        `MAX_PLANNED` with those that wait after another; what they replace and glides do not count."""
        waiting = {(c.name, c.sample) for c in self.timeline.planned(after) if c.name != GLIDE}
        if len(waiting | {(name, sample) for name in names}) > MAX_PLANNED:
            raise ScheduleError(f"{MAX_PLANNED} changes of this deck are waiting: cancel some, or wait")

    def set_base(self, name: str, values: Values) -> None:
        """Change a value for good; nothing plays that would have to be told."""
        self.timeline.set_base(name, values)
        if name == "prompts":
            self.timeline.set_base(GLIDE, ())

    def set_soon(self, name: str, values: Values) -> None:
        """Change a value as soon as it can be heard."""
        self._pending[name] = values
        if name == MELODY:
            self._touch.play(values)

    def waits(self, name: str) -> bool:
        """Whether a value was set at once that is not laid yet."""
        return name in self._pending

    def plan(self, name: str, values: Values, moment: Moment, on_grid: bool = True) -> None:
        """Change a value at a moment; on the grid it stays on its beat when the tempo changes."""
        self._lay(name, values, moment.sample, moment.beats if on_grid else None, planned=True)
        self.invalidate(moment.sample)

    def cancel(self, name: str | None, earliest: int) -> set[str]:
        """Drop the planned changes after an output sample, of one value or of all; returns their names."""
        dropped = self.timeline.cancel(name, earliest)
        if name == "prompts":
            self.timeline.cancel(GLIDE, earliest)
        if dropped:
            self.invalidate(dropped[0].sample)
        return {change.name for change in dropped} - {GLIDE}

    def unplan(self, name: str, beat: float) -> None:
        """Drop what is planned for a value at a beat."""
        names = (name, GLIDE) if name == "prompts" else (name,)
        for change in self.timeline.drop(names, beat):
            self.invalidate(change.sample)

    def invalidate(self, sample: int) -> None:
        """From an output sample on, the model was told something else."""
        self._dirty = sample if self._dirty is None else min(self._dirty, sample)

    def follow_clock(self, sample: int, place: Callable[[float], tuple[float, int]]) -> None:
        """Tempo or meter have changed from an output sample on; see `Timeline.follow_clock`."""
        self.timeline.follow_clock(place, sample)
        self.invalidate(sample)

    def lay(self, reachable: int, frame: int) -> None:
        """Lay what waits on an output sample.

        Args:
            frame: output samples of a frame; 0 where nothing that can still change is heard yet: then there
                is neither a note that has gone already nor a mix from which to glide.
        """
        for name, values in self._pending.items():
            if name == MELODY:
                for sample, played in self._touch.lay(values, reachable, frame):
                    self._lay(name, played, sample)
            else:
                self._lay(name, values, reachable, glides=frame > 0)
        if self._pending:
            self.invalidate(reachable)
        self._pending.clear()

    def take_dirty(self) -> int | None:
        """From which output sample on the model must be told anew; None where it was told everything."""
        dirty, self._dirty = self._dirty, None
        return dirty

    def rest(self) -> None:
        """Nothing plays any more: what waits or is planned holds at once."""
        for name, values in self._pending.items():
            self.set_base(name, values)
        self._pending.clear()
        self._touch.forget()
        self._dirty = None
        self.timeline.settle_all()
        self.timeline.set_base(GLIDE, ())

    def _lay(
        self,
        name: str,
        values: Values,
        sample: int,
        beat: float | None = None,
        planned: bool = False,
        glides: bool = True,
    ) -> None:
        """Put a change into the timeline; one of the prompts' mix with its glide."""
        if name == "prompts":
            here, begin = self.timeline.at(sample), self._clock.map.beat_at(sample) if beat is None else beat
            mix = mix_at(here["prompts"], here[GLIDE], begin)
            length = float(self.glide[0]) if glides else 0.0
            beats = length if self.glide[1] == "beats" else length * self._clock.tempo_at(sample) / 60.0
            self.timeline.set(name, values, sample, beat, planned)
            name, values = GLIDE, glide_from(mix, values, begin, beats)
        self.timeline.set(name, values, sample, beat, planned)
