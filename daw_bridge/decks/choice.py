"""A choice: one continuation that is prepared, and what it is prepared under."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.cue import Section
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.run import Run
from daw_bridge.engine.protocol import Advance, Produced
from daw_bridge.engine.ring import PcmRing
from daw_bridge.parameter import Values
from daw_bridge.takes.status import Place
from genmodels.conditioning.attributes import Conditions

SPARE_FRAMES = 3
DRIFT_S = 0.01

Bar = Callable[[float], tuple[int, int]]


@dataclass(frozen=True)
class Basis:
    """What choices are prepared under; they hold as long as it does.

    Attributes:
        values: what the deck's model is told, by name.
        tempo: BPM. beats: of a bar.
        geometry: of the model.
    """

    values: Mapping[str, Values]
    tempo: float
    beats: int
    geometry: Geometry

    def holds(self, other: Basis, seconds: float) -> bool:
        """Whether what was prepared under this is as good under another, for a section of so many seconds:
        a tempo that is followed never stands quite still."""
        drift = abs(other.tempo - self.tempo) / self.tempo * seconds
        return drift <= DRIFT_S and replace(other, tempo=self.tempo) == self


@dataclass(frozen=True)
class Brief:
    """What all choices of a deck have in common.

    Attributes:
        deck: its number.
        basis: what they are prepared under. conditions: the same for the model, from frame 0 on.
        prompt: tokens [K, T] of the deck from which they go on, or None.
        start: where the section is to begin, as far as its harmony goes by the song's bars.
        bars: of the section. samples: its length at the output.
    """

    deck: int
    basis: Basis
    conditions: Conditions
    prompt: NDArray[np.int16] | None
    start: Moment
    bars: int
    samples: int

    @property
    def lead(self) -> int:
        """Output samples from a voice's frame 0 to the section."""
        return self.basis.geometry.out_samples(0 if self.prompt is None else self.prompt.shape[1])


class Choice:
    """One continuation.

    Attributes:
        number: from 1. seed: of its voice.
        run: its voice, or None while it has none.
        failure: why it cannot be had; empty where it can.
    """

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.seed = seed
        self.run: Run | None = None
        self.failure = ""
        self._section: Section | None = None
        self._whole = False
        self._first = 0
        self._end = 0

    @property
    def section(self) -> Section | None:
        """Its bars, from when they are all there."""
        run = self.run
        self._whole = self._whole or (run is not None and run.limit >= self._end)
        return self._section if run is not None and self._whole else None

    def unprepare(self) -> None:
        """What was prepared is about to be another."""
        self._section = None

    def has(self, out_samples: int) -> bool:
        """Whether so much of the section is there, or all of it."""
        run = self.run
        if run is None:
            return False
        wanted = self._first + run.geometry.model_samples(out_samples)
        return run.limit >= min(wanted, self._end)

    def open(self, brief: Brief, host: Engines, bar: Bar) -> None:
        """Have it generated, in the background of all that plays.

        Args:
            bar: see `Run`.
        """
        geometry = brief.basis.geometry
        origin = brief.start.sample - brief.lead
        self._whole, self.failure = False, ""

        def attach(number: int, ring: PcmRing) -> Callable[[Produced], None]:
            run = self.run = Run(number, ring, geometry, origin, brief.start.sample, bar)
            if brief.prompt is not None:
                run.tokens.replace(0, brief.prompt)
            self._section = Section(run, brief.lead, brief.bars)
            return run.produced

        place = Place(brief.deck, origin, brief.start.sample)
        number = host.open(brief.conditions, self.seed, attach, brief.prompt, background=True, place=place)
        assert self.run is not None
        first = self.run.sent
        frames = int(geometry.frames(brief.samples)) + SPARE_FRAMES
        self._first, self._end = first * geometry.hop, (first + frames) * geometry.hop
        self.run.sent = first + frames + geometry.lookahead
        host.send(Advance(number, self.run.sent))
