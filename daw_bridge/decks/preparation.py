"""Preparation: from where a deck's choices go on, under what, and whether that still holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

from daw_bridge.clock.internal import Moment
from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.choice import Basis, Brief
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.rings import LONGEST_S
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing

STEADY_S = 0.25

News = Literal["holds", "changed", "changing", "steady"]


class Preparation:
    """What all choices of a deck are prepared under. For the event loop's thread.

    Args:
        written: the first output sample that has not been asked for.

    Attributes:
        brief: None before anything was prepared.
    """

    def __init__(self, deck: Deck, clock: SongClock, timing: Timing, written: Callable[[], int]) -> None:
        self.brief: Brief | None = None
        self._deck = deck
        self._clock = clock
        self._timing = timing
        self._written = written
        self._basis: Basis | None = None
        self._steady_from: float | None = None

    @property
    def changed(self) -> bool:
        """Whether what was prepared does not hold any more."""
        return self._steady_from is not None

    def longest(self) -> int:
        """How many bars a section may have."""
        length, _ = self._clock.bar_samples(self._written())
        return int(LONGEST_S * self._clock.map.sample_rate / length)

    def begin(self, bars: int) -> Brief:
        """Go on from where the deck has got to, for so many bars or as many as there can be."""
        self._steady_from = None
        bars = max(1, min(bars, self.longest()))
        start = self.next_line(bars)
        basis, runs, voicing = self._basis_at(start.sample), self._deck.runs, self._deck.voicing
        prompt = voicing.tokens_to_bar(runs[-1]) if runs else None
        origin = start.sample - basis.geometry.out_samples(0 if prompt is None else prompt.shape[1])
        samples = bars * self._clock.bar_samples(start.sample)[0]
        conditions = voicing.conditions(origin, start.sample)
        self.brief = Brief(self._deck.number, basis, conditions, prompt, start, bars, samples)
        return self.brief

    def forget(self) -> None:
        """Nothing is prepared."""
        self.brief = self._basis = self._steady_from = None

    def holds(self, brief: Brief, sample: int) -> bool:
        """Whether what was prepared can be played from an output sample on as it is."""
        return brief.basis.holds(self._basis_at(sample), brief.samples / self._clock.map.sample_rate)

    def look(self, brief: Brief) -> News:
        """Whether a brief holds, has just changed, or has been steady for `STEADY_S` after it had."""
        now = time.monotonic()
        sample = max(brief.start.sample, self.next_line().sample)
        if self._steady_from is None:
            if self.holds(brief, sample):
                return "holds"
            self._basis, self._steady_from = self._basis_at(sample), now
            return "changed"
        if (basis := self._basis_at(sample)) != self._basis:
            self._basis, self._steady_from = basis, now
        return "steady" if now - self._steady_from >= STEADY_S else "changing"

    def next_line(self, bars: int = 1) -> Moment:
        """The next line of a grid of bars that can be reached."""
        margin = round(self._timing.margin_s * self._clock.map.sample_rate)
        return self._clock.resolve(self._written() + margin, Quantum("bar", Fraction(bars)))

    def _basis_at(self, sample: int) -> Basis:
        return Basis(
            self._deck.score.timeline.at(sample),
            self._clock.tempo_at(sample),
            self._clock.beats_per_bar_at(sample + 1),
            self._deck.voicing.geometry,
        )
