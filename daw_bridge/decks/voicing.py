"""Voicing: how the voices of a deck begin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.briefing import Briefing
from daw_bridge.decks.engine_host import EngineHost
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.estimate import READY_FRAMES
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.run import Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.engine.protocol import Produced
from daw_bridge.engine.ring import PcmRing
from daw_bridge.takes.status import Place
from genmodels.conditioning.attributes import Conditions

PROMPT_FRAMES = 300


class Voicing:
    """Opens voices in the model that plays, or in another, with what they are told and go on from.

    Args:
        number: of the deck. briefing: what its voices are told.

    Attributes:
        geometry: how the frames of the model that plays lie on the output.
    """

    def __init__(
        self,
        number: int,
        clock: SongClock,
        engines: Engines,
        geometry: Geometry,
        timing: Timing,
        briefing: Briefing,
    ) -> None:
        self.geometry = geometry
        self._number = number
        self._clock = clock
        self._engines = engines
        self._timing = timing
        self._briefing = briefing

    def conditions(self, origin: int, sample: int) -> Conditions:
        """What a voice is told whose frame 0 lies on output sample ``origin``, as it holds from ``sample``
        on."""
        return self._briefing.conditions(self.geometry.model, 0, origin, sample)

    def tokens_to_bar(self, last: Run) -> NDArray[np.int16] | None:
        """The last tokens [K, T] of a run up to a bar line, from which a voice can go on; None where there
        are none, or the model that plays has another codec."""
        if last.geometry.model.codec != self.geometry.model.codec:
            return None
        frame = self._briefing.last_bar_frame(last) if last.sounding else last.frame_at(last.start)
        return last.past(frame, PROMPT_FRAMES)[1]

    def beginning(self, run: Run) -> tuple[int, NDArray[np.int16] | None]:
        """What a voice begins with that takes the place of a run which waits: the sample of its frame 0, and
        tokens; None for none."""
        end, tokens = run.past(run.frame_at(run.start), PROMPT_FRAMES)
        if tokens is None:
            return run.start, None
        return run.sample_of(end) - run.geometry.out_samples(tokens.shape[1]), tokens

    def legacy(self, run: Run, geometry: Geometry, sample: int) -> tuple[int, NDArray[np.int16] | None]:
        """What a voice of another model that follows on a run at an output sample begins with: the sample of
        its frame 0, and tokens; None for none.

        Where the codecs are the same these are the last tokens before that sample, on the same frames; of a
        run that holds those up to its last whole bar, as what it holds is no music that could go on.
        """
        codec = geometry.model.codec
        if not codec or run.geometry.model.codec != codec or run.start >= sample:
            return sample, None
        frame = int(geometry.frames(sample - run.origin) + 1e-6)
        end, tokens = run.past(self._briefing.last_bar_frame(run) if run.holding else frame, PROMPT_FRAMES)
        if tokens is None:
            return sample, None
        return (sample if run.holding else run.sample_of(end)) - geometry.out_samples(tokens.shape[1]), tokens

    def open(
        self,
        geometry: Geometry,
        moment: Moment,
        origin: int,
        seed: int,
        prompt: NDArray[np.int16] | None = None,
        host: EngineHost | None = None,
    ) -> Run:
        """A run that is to sound from a moment on; it is not heard before it is among its deck's.

        Args:
            origin: output sample of its frame 0. prompt: tokens [K, T] that become its first frames.
            host: where it is generated, by default in the engine that plays.
        """
        opened: list[Run] = []

        def attach(number: int, ring: PcmRing) -> Callable[[Produced], None]:
            run = Run(number, ring, geometry, origin, moment.sample, self._clock.bar_samples)
            run.start_beat = moment.beats
            run.sent = 0 if prompt is None else prompt.shape[1]
            if prompt is not None:
                run.tokens.replace(0, prompt)
            run.expect(run.sent + READY_FRAMES, self._timing.opening.add)
            opened.append(run)
            return run.produced

        first = self._briefing.conditions(geometry.model, 0, origin, moment.sample)
        place = Place(self._number, origin, moment.sample)
        self._engines.open(first, seed, attach, prompt, place=place, host=host)
        self._briefing.advance(opened[0], moment.sample, round(self._timing.ahead_s * geometry.out_rate))
        return opened[0]
