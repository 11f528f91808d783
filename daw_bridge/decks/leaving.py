"""Runs of choices that nobody wants any more, until they can be closed."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.decks.cue import CueVoice
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.run import Run


class Leaving:
    """Closes runs: those that are let go once the cue has faded them out, and those that were given to a deck
    if it gives them up before they sound. For the event loop's thread.

    Args:
        written: the first output sample that has not been asked for.
    """

    def __init__(self, deck: Deck, host: Engines, voice: CueVoice, written: Callable[[], int]) -> None:
        self._deck = deck
        self._host = host
        self._voice = voice
        self._written = written
        self._let_go: list[Run] = []
        self._given: list[Run] = []

    def let_go(self, run: Run) -> None:
        """Nobody wants a run any more."""
        self._let_go.append(run)

    def give(self, run: Run) -> None:
        """A run waits to begin, and is the deck's alone."""
        self._given.append(run)

    def pump(self) -> None:
        """Close what can be closed; to be called every few milliseconds."""
        for run in [run for run in self._let_go if not self._voice.uses(run)]:
            self._let_go.remove(run)
            self._close(run)
        for run in list(self._given):
            owned = self._deck.owns(run.number)
            if not owned or self._written() >= run.start:
                self._given.remove(run)
            if not owned and not run.closed:
                self._close(run)

    def close(self) -> None:
        """Close all that is not the deck's, heard or not."""
        for run in self._let_go:
            self._close(run)
        self._let_go.clear()
        self.pump()

    def _close(self, run: Run) -> None:
        run.close()
        self._host.close(run.number, run.ring)
