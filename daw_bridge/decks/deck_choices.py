"""The look-ahead choices of one deck: prepared, listened to, taken or let go."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from daw_bridge.clock.internal import Moment
from daw_bridge.clock.quantum import NOW
from daw_bridge.decks.choice import Choice
from daw_bridge.decks.choice_parameters import CHOICES, COMMIT, CUE, MAX_CHOICES
from daw_bridge.decks.cue import CueVoice
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.leaving import Leaving
from daw_bridge.decks.preparation import Preparation
from daw_bridge.decks.protocol import ChoicesState, ChoicesStatus, NoticeKind
from daw_bridge.decks.rings import LONGEST_S
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.errors import ParameterError, ScheduleError

SEED_STEP = 1009

Notify = Callable[[NoticeKind, str], None]


class DeckChoices:
    """What a deck might go on with. For the event loop's thread.

    Choices go on from the deck's tokens up to a bar line. They hold as long as tempo, meter and what the deck
    is told stay as they are (see `Preparation`); when these have changed, and then been steady, all are
    prepared anew, with their seeds, from where the deck has got to. One that is committed belongs to the
    deck, which tells it such changes itself.

    Args:
        voice: of the cue.
        written: the first output sample that has not been asked for.
    """

    def __init__(
        self,
        deck: Deck,
        clock: SongClock,
        host: Engines,
        timing: Timing,
        voice: CueVoice,
        written: Callable[[], int],
        notify: Notify,
    ) -> None:
        self._deck = deck
        self._clock = clock
        self._host = host
        self._timing = timing
        self._voice = voice
        self._written = written
        self._notify = notify
        self._choices: tuple[Choice, ...] = ()
        self._bars = 0
        self._preparation = Preparation(deck, clock, timing, written)
        self._cued = 0
        self._committed: Choice | None = None
        self._intact = True
        self._wish: tuple[int, float] | None = None
        self._leaving = Leaving(deck, host, voice, written)
        self._rounds = 0
        self._told = True

    def status(self) -> ChoicesStatus:
        """What there is."""
        if not self._choices:
            return ChoicesStatus()
        ready = sum(choice.section is not None for choice in self._choices)
        waits = self._committed.run if self._committed else None
        bar = self._clock.map.bar_beat(waits.start_beat)[0] if waits else 0
        committed = self._committed.number if self._committed else 0
        pending = sum(not choice.failure for choice in self._choices) - ready
        state: ChoicesState = "preparing" if pending else "ready"
        state = "changed" if self._preparation.changed else state
        return ChoicesStatus(state, len(self._choices), ready, self._bars, self._cued, committed, bar)

    def prepare(self, count: int, bars: int, seed: int) -> None:
        """Prepare so many choices of so many bars, instead of those that there are.

        Raises:
            ParameterError: so many bars are too long.
        """
        if count and bars > (longest := self._preparation.longest()):
            tempo = self._clock.tempo_at(self._written())
            raise ParameterError(
                self._address(CHOICES), bars,
                f"1..{longest} bars at {tempo:g} BPM: a section lasts at most {LONGEST_S:g} s",
            )  # fmt: skip
        self.forget()
        if count:
            first = seed + SEED_STEP * (1 + MAX_CHOICES * self._rounds)
            self._rounds += 1
            self._bars = bars
            self._choices = tuple(Choice(n + 1, (first + SEED_STEP * n) % 2**31) for n in range(count))
            self._begin()

    def cue(self, number: int) -> None:
        """Let a choice be heard on the cue, as soon as it is ready; 0 for none.

        Raises:
            ParameterError: there is no such choice.
        """
        if number:
            self._choice(CUE, number)
        self._cued = number
        self._listen()

    def check(self, number: int) -> None:
        """Raise what `commit` would."""
        choice = self._choice(COMMIT, number)
        if choice.failure:
            raise ScheduleError(f"choice {number} of deck {self._deck.number} failed: {choice.failure}")
        if choice is not self._committed and not choice.has(self._least):
            status = self.status()
            raise ScheduleError(
                f"choice {number} of deck {self._deck.number} is not there yet: {status.ready} of "
                f"{status.count} are ready: wait, or take one of those"
            )

    def commit(self, number: int, moment: Moment) -> None:
        """Let the deck go on with a choice from a bar line on, instead of one that waits to.

        Raises:
            ParameterError, ScheduleError: there is no such choice, or it is not there yet.
        """
        self.check(number)
        self._withdraw()
        choice, brief = self._choice(COMMIT, number), self._preparation.brief
        if choice.run is None or brief is None:
            self._wish = number, moment.beats
            return
        clock = self._clock.map
        until = clock.sample_at(clock.beat_of_bar(moment.bar + brief.bars))
        self._intact = self._preparation.holds(brief, moment.sample)
        self._committed, self._wish = choice, None
        if not self._intact:
            choice.unprepare()
        self._deck.adopt(choice.run, moment, self._intact, until)

    def failed(self, number: int, reason: str) -> bool:
        """A voice of the engine failed; whether it was that of a choice which the deck has not taken yet."""
        for choice in self._choices:
            if choice.run is None or choice.run.number != number:
                continue
            if self._deck.owns(number):
                if choice.run not in self._deck.waiting(self._written()):
                    return False
                self._deck.drop(choice.run)
            if choice is self._committed:
                self._committed = None
            self._let_go((choice,))
            choice.failure = reason
            self._notify("error", f"choice {choice.number} of deck {self._deck.number} failed ({reason})")
            return True
        return False

    def worker_lost(self) -> None:
        """The worker is gone, and all voices with it; what had been committed is taken when it is there
        again."""
        if self._committed is not None and self._committed.run is not None:
            self._wish = self._committed.number, self._committed.run.start_beat
            self._withdraw()

    def worker_back(self) -> None:
        """A new worker has its model: the choices are prepared as they were."""
        if not self._preparation.changed:
            self._let_go(self._choices)
            self._open(self._choices)

    def pump(self, kept: bool) -> None:
        """Look after them; to be called every few milliseconds.

        Args:
            kept: whether the deck is still one of the instrument's.
        """
        self._leaving.pump()
        if not kept and self._choices:
            self.forget()
        if self._committed is not None:
            self._watch_committed(self._committed)
        if self._choices and self._host.state == "ready":
            self._watch_basis()
            self._keep_wish()
            self._tell()
        self._listen()

    def forget(self) -> None:
        """Let all choices go; one that is committed stays the deck's."""
        self._let_go(self._choices)
        if self._committed is not None and self._committed.run is not None:
            self._leaving.give(self._committed.run)
        self._preparation.forget()
        self._choices = ()
        self._cued, self._committed, self._wish = 0, None, None
        self._voice.listen(None)

    def close(self) -> None:
        """End at once."""
        self.forget()
        self._leaving.close()

    @property
    def _least(self) -> int:
        """Output samples of a choice that must be there for it to be taken."""
        return round(self._timing.lookahead_s * self._clock.map.sample_rate)

    def _address(self, path: str) -> str:
        return path.replace("{deck}", str(self._deck.number))

    def _choice(self, path: str, number: int) -> Choice:
        if number > len(self._choices):
            there = f"1..{len(self._choices)}" if self._choices else "none: there are no choices"
            raise ParameterError(self._address(path), number, f"{there}, see {self._address(CHOICES)}")
        return self._choices[number - 1]

    def _begin(self) -> None:
        """Prepare all anew, from where the deck has got to."""
        self._told = False
        self._bars = self._preparation.begin(self._bars).bars
        self._open(self._choices)

    def _open(self, choices: Iterable[Choice]) -> None:
        """Have choices generated, but for the one that is the deck's already."""
        brief = self._preparation.brief
        for choice in choices:
            if brief is not None and choice is not self._committed:
                choice.open(brief, self._host, self._clock.bar_samples)

    def _watch_committed(self, choice: Choice) -> None:
        run = choice.run
        if run is not None and self._deck.owns(run.number):
            if self._written() >= run.start:
                self.forget()
            return
        # cancelled, or given up for a start or a stop
        self._take_back(choice)

    def _watch_basis(self) -> None:
        brief = self._preparation.brief
        assert brief is not None
        news = self._preparation.look(brief)
        if news == "changed":
            if self._committed is not None:
                self._committed.unprepare()
            self._let_go(self._choices)
        elif news == "steady":
            self._begin()

    def _keep_wish(self) -> None:
        """Take what was committed before the worker was lost: at its bar, or the next that can be."""
        if self._wish is None or self._preparation.changed:
            return
        number, beat = self._wish
        if self._choices[number - 1].has(self._least):
            line = self._preparation.next_line()
            bar, _ = self._clock.map.bar_beat(beat)
            self.commit(number, line if bar <= line.bar else self._clock.resolve(line.sample, NOW, bar))

    def _withdraw(self) -> None:
        """Let what is committed not be."""
        if self._committed is not None:
            self._deck.cancel("commit", self._written())
            self._take_back(self._committed)

    def _take_back(self, choice: Choice) -> None:
        """What was committed can be chosen again: as it is, or else it is prepared anew."""
        self._committed, run = None, choice.run
        if run is not None and (run.closed or self._deck.owns(run.number)):
            choice.run = None
        elif run is not None and (run.epoch > 1 or not self._intact):
            self._let_go((choice,))
        if choice.run is None and not self._preparation.changed and self._host.state == "ready":
            self._open((choice,))

    def _listen(self) -> None:
        self._voice.listen(self._choices[self._cued - 1].section if self._cued else None)

    def _tell(self) -> None:
        if not self._told and self.status().state == "ready":
            self._told = True
            count = len(self._choices)
            self._notify("info", f"deck {self._deck.number}: {count} choices of {self._bars} bars are ready")

    def _let_go(self, choices: Iterable[Choice]) -> None:
        for choice in choices:
            if choice.run is not None and choice is not self._committed:
                self._leaving.let_go(choice.run)
                choice.run = None
