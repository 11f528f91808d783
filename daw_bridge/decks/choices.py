"""Choices: what decks might go on with, prepared on request, heard on the cue, taken at a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.choice_parameters import CHOICES, COMMIT, CUE, CUE_OUTPUTS
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.cue import Cue
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.deck_choices import DeckChoices, Notify
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.launcher import Launcher
from daw_bridge.decks.protocol import ChoicesStatus, When
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.values import ParameterValues
from daw_bridge.errors import ParameterError
from daw_bridge.parameter import Values

COMMANDS = (CHOICES, CUE, COMMIT)


class Choices:
    """The choices of all decks. For the event loop's thread.

    Args:
        cue: where they are listened to.
        written: the first output sample that has not been asked for.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        clock: SongClock,
        host: Engines,
        timing: Timing,
        cue: Cue,
        values: ParameterValues,
        written: Callable[[], int],
        notify: Notify,
    ) -> None:
        self._values = values
        self._decks = tuple(
            DeckChoices(deck, clock, host, timing, voice, written, notify)
            for deck, voice in zip(decks, cue.voices, strict=True)
        )

    def status(self, deck: int) -> ChoicesStatus:
        """Those of a deck."""
        return self._decks[deck - 1].status()

    def carry_out(
        self,
        path: str,
        deck: int,
        args: Values,
        when: When,
        launcher: Launcher,
        now: Moment,
    ) -> tuple[Moment, bool]:
        """Carry out one of `COMMANDS`; returns its moment, and whether there is nothing to wait for.

        Raises:
            ParameterError, ScheduleError: it is refused.
        """
        each, number = self._decks[deck - 1], int(args[0])
        if path == COMMIT:
            each.check(number)
            moment = launcher.commit(when)
            each.commit(number, moment)
            return moment, False
        if path == CHOICES:
            each.prepare(number, int(args[1]), int(self._values.get(f"{DECK}seed", deck)[0]))
        else:
            if number and not self._values.get(CUE_OUTPUTS, None)[0]:
                address = path.replace("{deck}", str(deck))
                raise ParameterError(address, number, f"0 while the cue has no outputs: set {CUE_OUTPUTS}")
            each.cue(number)
        return now, True

    def pump(self) -> None:
        """Look after all of them; to be called every few milliseconds."""
        for number, each in enumerate(self._decks, 1):
            each.pump(number <= self._values.decks)

    def failed(self, number: int, reason: str) -> bool:
        """A voice of the engine failed; whether it was a choice's."""
        return any(each.failed(number, reason) for each in self._decks)

    def worker_lost(self) -> None:
        """The worker is gone, and all voices with it."""
        for each in self._decks:
            each.worker_lost()

    def worker_back(self) -> None:
        """A new worker has its model."""
        for each in self._decks:
            each.worker_back()

    def close(self) -> None:
        """End at once."""
        for each in self._decks:
            each.close()
