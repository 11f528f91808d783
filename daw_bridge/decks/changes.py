"""Changes on their way to the worker: gathered, and sent no more often than rollbacks can be afforded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from daw_bridge.clock.follower import Follower
from daw_bridge.clock.internal import Moment
from daw_bridge.clock.tempo_map import Meters, same_bar_line
from daw_bridge.decks.agenda import Agenda, Entry
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.protocol import When
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.parameter import Values

FLUSH_EVERY_S = 0.06
BUSY_S = 1.0
BUSY_SHARE = 0.4
RESERVE_STEP_S = 0.03
RESERVE_MAX_S = 0.15


class Changes:
    """Carries changes of tempo, meter and decks' values to the decks' voices.

    The first change after a quiet while goes at once. Those that come within the next 60 ms (or longer,
    when the worker is slow to answer) go together as one rollback a deck, the last value of each winning,
    so that a flood of changes never starves generation. While rollbacks follow one another so closely that
    the lead is not won back in between (within a second at most), each leaves a little more untouched: every
    one cuts the lead back, and a flood would otherwise meet the one late answer that outlasts it. With a fast
    model, played notes are not so close. For the event loop's thread.

    Args:
        written: the first output sample that has not been asked for.
        agenda: follows the clock as decks do.
    """

    def __init__(
        self,
        clock: SongClock,
        decks: Sequence[Deck],
        timing: Timing,
        written: Callable[[], int],
        agenda: Agenda,
    ) -> None:
        self._clock = clock
        self._decks = tuple(decks)
        self._timing = timing
        self._written = written
        self._agenda = agenda
        self._tempo: tuple[float, int] | None = None
        self._follower: Follower | None = None
        self._due = 0.0
        self._flushed = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def decks(self) -> tuple[Deck, ...]:
        """All decks."""
        return self._decks

    @property
    def idle(self) -> bool:
        """Whether no deck sounds or will."""
        return not any(deck.active for deck in self._decks)

    @property
    def gridless(self) -> bool:
        """Whether there are no beats: nothing plays, and no other clock says where they are."""
        return self.idle and not self._clock.led

    @property
    def tempo_waits(self) -> bool:
        """Whether a tempo has not reached the clock yet."""
        return self._tempo is not None

    def set_tempo(self, bpm: float, sample: int = 0) -> Moment:
        """Change the tempo from an output sample on, or as soon as all decks can follow; the moment is an
        estimate while any is active."""
        if self.idle:
            moment = self._clock.set_tempo(bpm, max(sample, self._written()))
            self._follow_tempo(moment.sample)
            return moment
        self._relax()
        self._tempo = bpm, sample
        self.flush_in_time()
        return self._clock.moment(max(sample, self.earliest() + self._waiting_samples()))

    def set_meter(self, beats_per_bar: int, sample: int = 0) -> Moment:
        """Change the meter at the next bar line from an output sample on that can be reached; what is planned
        on a later bar line stays on the line of that bar."""
        before = self._clock.map.meters
        moment = self._clock.set_meter(beats_per_bar, max(sample, self.earliest()))
        self._follow_bars(moment.sample, before)
        self.flush_in_time()
        return moment

    def steer(self, follower: Follower) -> None:
        """Let the map follow another clock, where it leaves that: at once while nothing plays, else from the
        first output sample that decks can follow from."""
        if self.idle:
            written = self._written()
            if follower.wants_change(self._clock.map, written, free=True):
                self._clock.relocate(written, lambda song: follower.steer(song, written, free=True))
                self._agenda.follow_clock(-1, self._same_beat)
        elif self._follower is None and follower.wants_change(self._clock.map, self.earliest()):
            self._relax()
            self._follower = follower
            self.flush_in_time()

    def restart(self, sample: int) -> None:
        """Let bar 1 begin at an output sample; what waits for the music waits for its bars."""
        self._clock.restart(sample)
        self._agenda.follow_clock(-1, self._same_beat)

    def set_value(self, deck: Deck, name: str, values: Values, when: When, sample: int = 0) -> Moment:
        """Change a deck's value at a line of a grid or a bar's start, or from an output sample on; at once
        while the deck is stopped.

        Raises:
            ConditionError, GenerationError: the value does not fit the model.
            ScheduleError: the bar has passed, or too much is planned.
        """
        self._relax()
        earliest = max(deck.earliest(self._written()), self._written())
        deck.score.check(name, values, earliest)
        moment = self._clock.resolve(earliest, when.quantum, when.bar)
        if not deck.active:
            deck.set_now(name, values)
            return self._clock.moment(earliest)
        if sample > earliest:
            moment = self._clock.moment(sample)
            self.plan(deck, name, values, moment, on_grid=False)
        elif when.bar is None and when.quantum.unit == "now":
            deck.set_now(name, values, when.asked)
            moment = self._clock.moment(earliest + self._waiting_samples())
        else:
            deck.score.check_room((name,), moment.sample, earliest)
            self.plan(deck, name, values, moment)
        self.flush_in_time()
        return moment

    def plan(self, deck: Deck, name: str, values: Values, moment: Moment, on_grid: bool = True) -> None:
        """Change a deck's value at a moment; what was set before, and waits, holds until then. On the grid it
        replaces what was planned for that while the deck was stopped."""
        if on_grid:
            self._agenda.drop(Entry(DECK + name, deck.number, values, moment.sample, moment.beats))
        if deck.score.waits(name):
            deck.lay(self._written())
        deck.score.plan(name, values, moment, on_grid)

    def flush_in_time(self) -> None:
        """Send what is pending as soon as the rate of rollbacks allows."""
        if self._timer is None:
            self._timer = self._loop.call_later(max(0.0, self._due - time.monotonic()), self._flush)

    def pump(self) -> None:
        """Look after what could not be sent; to be called every few milliseconds."""
        if any(deck.changed for deck in self._decks):
            self.flush_in_time()

    def close(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _relax(self) -> None:
        """After a quiet while, changes are as quick as can be again."""
        if not self._busy():
            self._timing.reserve_s = 0.0

    def _busy(self) -> bool:
        """Whether the lead that the last rollback took may not be back; how far a deck runs ahead says how
        fast the model is."""
        return time.monotonic() - self._flushed < min(BUSY_S, BUSY_SHARE * self._timing.lookahead_s)

    def _flush(self) -> None:
        self._timer = None
        if self._tempo is not None:
            (bpm, asked), self._tempo = self._tempo, None
            sample = max(asked, self.earliest())
            self._clock.set_tempo(bpm, sample)
            self._follow_tempo(sample)
        if self._follower is not None:
            follower, self._follower = self._follower, None
            sample, before = self.earliest(), self._clock.map.meters
            if follower.wants_change(self._clock.map, sample):
                follower.steer(self._clock.map, sample)
                self._follow_bars(sample, before)
        changed = [deck for deck in self._decks if deck.changed]
        for deck in changed:
            deck.flush(self._written())
        if changed:
            now = time.monotonic()
            self._due = now + max(FLUSH_EVERY_S, 1.5 * self._timing.change.value)
            if self._busy():
                self._timing.reserve_s = min(RESERVE_MAX_S, self._timing.reserve_s + RESERVE_STEP_S)
            self._flushed = now

    def _follow_tempo(self, sample: int) -> None:
        self._follow(sample, self._same_beat)

    def _follow_bars(self, sample: int, before: Meters) -> None:
        now = self._clock.map

        def place(beat: float) -> tuple[float, int]:
            moved = same_bar_line(beat, before, now.meters)
            return moved, now.sample_at(moved)

        self._follow(sample, place)

    def _same_beat(self, beat: float) -> tuple[float, int]:
        return beat, self._clock.map.sample_at(beat)

    def _follow(self, sample: int, place: Callable[[float], tuple[float, int]]) -> None:
        self._agenda.follow_clock(sample, place)
        for deck in self._decks:
            deck.follow_clock(sample, place)

    def earliest(self) -> int:
        """First output sample from which tempo and meter can change: decks that sound must be able to follow;
        those that wait for their beat move with it."""
        written = self._written()
        active = [deck for deck in self._decks if deck.active]
        sounding = [deck.earliest(written) for deck in active if deck.state(written) != "armed"]
        waiting = [deck.earliest(written) for deck in active if deck.state(written) == "armed"]
        if sounding:
            return max(written, *sounding)
        return max(written, min(waiting, default=written))

    def _waiting_samples(self) -> int:
        return round(max(0.0, self._due - time.monotonic()) * self._clock.map.sample_rate)
