"""What happens to decks when the worker, or one voice in it, fails."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from daw_bridge.clock.quantum import NOW
from daw_bridge.decks.choices import Choices
from daw_bridge.decks.clip_render import ClipRenderer
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.protocol import NoticeKind
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing

MAX_FAILURES = 5
FAILURE_WINDOW_S = 60.0

Notify = Callable[[NoticeKind, str], None]


class Recovery:
    """Lets decks hold and go on: at a bar, from the last tokens where the worker was lost or its memory
    exhausted, anew where a voice failed by itself.

    Args:
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
        written: Callable[[], int],
        seed: Callable[[int], int],
        notify: Notify,
    ) -> None:
        self._clock = clock
        self._decks = tuple(decks)
        self._clips = clips
        self._choices = choices
        self._timing = timing
        self._written = written
        self._seed = seed
        self._notify = notify
        self._failures: deque[float] = deque()

    def worker_lost(self, reason: str) -> None:
        """The worker is gone, and all voices with it."""
        self._notify("error", reason)
        self._clips.fail_current(reason)
        self._choices.worker_lost()

    def worker_back(self) -> None:
        """A new worker has its model."""
        self._notify("info", "the model worker is back")
        for deck in self._decks:
            self._resume(deck, from_tokens=True)
        self._choices.worker_back()

    def voice_failed(self, number: int, reason: str, out_of_memory: bool = False) -> None:
        """One voice of the worker failed and is gone; its memory is free again."""
        if self._clips.failed(number, reason) or self._choices.failed(number, reason):
            return
        for deck in self._decks:
            if not deck.owns(number):
                continue
            if self._too_often():
                self._notify(
                    "error", f"deck {deck.number} keeps failing ({reason}): it holds until its next start"
                )
            else:
                way = "goes on" if out_of_memory else "begins anew"
                self._notify("error", f"deck {deck.number} failed ({reason}): it {way} at the next bar")
                self._resume(deck, from_tokens=out_of_memory)

    def voice_orphaned(self, number: int, reason: str) -> None:
        """A voice left in an engine that no longer plays is gone: of concern to clips and choices alone."""
        if not self._clips.failed(number, reason):
            self._choices.failed(number, reason)

    def voice_refused(self, number: int, reason: str) -> None:
        """One voice was told what its model does not take, and plays on as before."""
        for deck in self._decks:
            if deck.owns(number):
                self._notify("error", f"deck {deck.number} plays on as before: {reason}")

    def _too_often(self) -> bool:
        now = time.monotonic()
        while self._failures and now - self._failures[0] > FAILURE_WINDOW_S:
            self._failures.popleft()
        self._failures.append(now)
        return len(self._failures) > MAX_FAILURES

    def _resume(self, deck: Deck, from_tokens: bool) -> None:
        ready = self._written() + round(2 * self._timing.opening.value * self._clock.map.sample_rate)
        bar, _ = self._clock.map.bar_beat(self._clock.map.beat_at(ready))
        deck.resume(self._clock.resolve(ready, NOW, bar + 1), self._seed(deck.number), from_tokens)
