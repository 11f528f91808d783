"""What happens to decks when the worker, or one voice in it, fails."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from daw_bridge.clock.quantum import NOW
from daw_bridge.decks.choices import Choices
from daw_bridge.decks.clip_render import ClipRenderer
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.protocol import NoticeKind
from daw_bridge.decks.run import Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.succession import WISHES
from daw_bridge.decks.timing import Timing

MAX_FAILURES = 5
FAILURE_WINDOW_S = 60.0
BATCH_S = 0.05

Notify = Callable[[NoticeKind, str], None]
Fate = Literal["goes on", "begins anew", "holds"]


@dataclass
class Failures:
    """When the voices of one deck failed, within the last minute."""

    times: deque[float] = field(default_factory=deque)

    def too_many(self) -> bool:
        """Take note of a failure; whether it is one too many. A fault of a batch is that of each voice in it,
        one right after the other, and counts once."""
        now = time.monotonic()
        while self.times and now - self.times[0] > FAILURE_WINDOW_S:
            self.times.popleft()
        if not self.times or now - self.times[-1] > BATCH_S:
            self.times.append(now)
        return len(self.times) > MAX_FAILURES


class Recovery:
    """Lets decks hold and go on: at a bar, from the last tokens where the worker was lost or its memory
    exhausted, anew where a voice failed by itself. What waits for its start is opened anew for it.

    Args:
        ready: whether there is a worker in which voices can go on.
        written: the first output sample that has not been asked for.
        seed: of a deck's voice, by its number.
    """

    def __init__(
        self,
        clock: SongClock,
        decks: Sequence[Deck],
        clips: ClipRenderer,
        choices: Choices,
        timing: Timing,
        ready: Callable[[], bool],
        written: Callable[[], int],
        seed: Callable[[int], int],
        notify: Notify,
    ) -> None:
        self._clock = clock
        self._decks = tuple(decks)
        self._clips = clips
        self._choices = choices
        self._timing = timing
        self._ready = ready
        self._written = written
        self._seed = seed
        self._notify = notify
        self._failures = {deck.number: Failures() for deck in self._decks}
        # of voices that are lost, by their numbers
        self._fates: dict[int, Fate] = {}

    def worker_lost(self, reason: str) -> None:
        """The worker is gone, and all voices with it."""
        self._notify("error", reason)
        self._clips.fail_current(reason)
        self._choices.worker_lost()

    def worker_back(self) -> None:
        """A new worker has its model."""
        self._notify("info", "the model worker is back")
        for deck in self._decks:
            playing = [run for run in deck.runs if run.geometry is deck.voicing.geometry]
            self._fates.update((run.number, "goes on") for run in playing)
        self.pump()
        self._choices.worker_back()

    def voice_failed(self, number: int, reason: str, out_of_memory: bool = False) -> None:
        """One voice of the worker failed and is gone; its memory is free again."""
        if self._clips.failed(number, reason) or self._choices.failed(number, reason):
            return
        for deck in self._decks:
            for run in deck.runs:
                if run.number == number:
                    self._failed(deck, run, reason, out_of_memory)

    def voice_orphaned(self, number: int, reason: str) -> None:
        """A voice left in an engine that no longer plays is gone: of concern to clips and choices alone."""
        if not self._clips.failed(number, reason):
            self._choices.failed(number, reason)

    def voice_refused(self, number: int, reason: str) -> None:
        """One voice was told what its model does not take, and plays on as before."""
        for deck in self._decks:
            if deck.owns(number):
                self._notify("error", f"deck {deck.number} plays on as before: {reason}")

    def pump(self) -> None:
        """Let go on what is lost, and what the model that played before has left behind without an end, also
        when it comes to that later, as what was to follow on it is cancelled; to be called every few
        milliseconds."""
        if not self._ready():
            return
        owned: dict[int, Fate] = {}
        for deck in self._decks:
            for run in deck.runs:
                fate = self._fates.get(run.number)
                if fate is not None:
                    owned[run.number] = fate
                elif run.geometry is not deck.voicing.geometry and run.stop is None:
                    fate = "goes on"
                if fate in ("goes on", "begins anew"):
                    self._resume(deck, run, from_tokens=fate == "goes on")
        self._fates = owned

    def _failed(self, deck: Deck, run: Run, reason: str, out_of_memory: bool) -> None:
        waits = run.begins_by in WISHES and run in deck.waiting(self._written())
        if self._failures[deck.number].too_many():
            self._fates.update((each.number, "holds") for each in deck.runs)
            what = "it holds until its next start"
            if waits:
                deck.drop(run)
                what = "what waited for its start is given up"
            self._notify("error", f"deck {deck.number} keeps failing ({reason}): {what}")
            return
        fate: Fate = "goes on" if out_of_memory else "begins anew"
        what = "what waits for its start is prepared anew" if waits else f"it {fate} at the next bar"
        self._notify("error", f"deck {deck.number} failed ({reason}): {what}")
        self._fates[run.number] = fate
        self.pump()

    def _resume(self, deck: Deck, run: Run, from_tokens: bool) -> None:
        written = self._written()
        if run.begins_by == "commit" and run in deck.waiting(written):
            deck.drop(run)
            self._notify("error", f"deck {deck.number} plays on: the choice that it was to take is lost")
            return
        ready = written + round(2 * self._timing.opening.value * self._clock.map.sample_rate)
        bar, _ = self._clock.map.bar_beat(self._clock.map.beat_at(ready))
        moment = self._clock.resolve(ready, NOW, bar + 1)
        deck.resume(run, moment, written, self._seed(deck.number), from_tokens)
