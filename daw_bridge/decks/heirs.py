"""Heirs: the voices of another model that are to follow on what decks play, unheard until they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.clock.internal import Moment
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engine_host import EngineHost
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.run import Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing

READY_S = 0.25


class Heirs:
    """Opens the decks' heirs, and knows whether they are ready. For the event loop's thread.

    Args:
        seed: of a deck's voice, by its number.
    """

    def __init__(
        self,
        decks: Sequence[Deck],
        clock: SongClock,
        changes: Changes,
        timing: Timing,
        seed: Callable[[int], int],
    ) -> None:
        self._decks = tuple(decks)
        self._clock = clock
        self._changes = changes
        self._timing = timing
        self._seed = seed

    def open(self, host: EngineHost, geometry: Geometry, moment: Moment) -> None:
        """Open voices that follow on all runs at a moment."""
        for deck, run in self._following(moment.sample):
            self._open(host, geometry, deck, run, moment)

    def open_missing(self, host: EngineHost, geometry: Geometry, moment: Moment, in_time: bool) -> None:
        """Open the voices that are missing: when the tokens are there from which they go on, or when it is
        time."""
        if self._changes.tempo_waits:
            return
        for deck, run in self._following(moment.sample):
            if run not in deck.heirs and (not in_time or run.tokens.end >= run.frame_at(moment.sample)):
                self._open(host, geometry, deck, run, moment)

    def sound(self) -> bool:
        """Whether the first sound of all is there."""
        heirs = [heir for deck in self._decks for heir in deck.heirs.values()]
        return all(heir.lead(heir.start) >= self._wanted for heir in heirs)

    def ready(self, moment: Moment) -> bool:
        """Whether everything that sounds at a moment has an heir whose sound is there."""
        for deck, run in self._following(moment.sample):
            heir = deck.heirs.get(run)
            if heir is None or (run.start < moment.sample and heir.lead(moment.sample) < self._wanted):
                return False
        return True

    def postpone(self, moment: Moment) -> None:
        """Let them follow on later; their voices go on, unheard."""
        for deck in self._decks:
            for run, heir in deck.heirs.items():
                if run.start < moment.sample:
                    heir.postpone(moment.sample)
                    heir.start_beat = moment.beats

    def let_go(self) -> None:
        """Close all of them."""
        for deck in self._decks:
            deck.disinherit()

    def _following(self, sample: int) -> Iterator[tuple[Deck, Run]]:
        """All runs that sound at an output sample or later and are to have heirs."""
        for deck in self._decks:
            heirless = deck.heirless(sample)
            for run in deck.runs:
                lasts = run.stop is None or run.stop > sample or run.follower in heirless
                if lasts and run not in heirless:
                    yield deck, run

    def _open(self, host: EngineHost, geometry: Geometry, deck: Deck, run: Run, moment: Moment) -> None:
        if run.start > moment.sample:
            moment = replace(self._clock.moment(run.start), beats=run.start_beat)
        origin, tokens = deck.voicing.legacy(run, geometry, moment.sample)
        seed = self._seed(deck.number)
        deck.heirs[run] = deck.voicing.open(geometry, moment, origin, seed, tokens, host)

    @property
    def _wanted(self) -> int:
        """Output samples that an heir must have in store."""
        seconds = min(READY_S, 0.8 * self._timing.lookahead_s)
        return round(seconds * self._clock.map.sample_rate) + MAX_BLOCK
