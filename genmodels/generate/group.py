"""Several streams of one model, advanced in one batch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from genmodels.generate.continuation import Continuation
from genmodels.generate.pcm import Pcm
from genmodels.lm.decoder import Decoder
from genmodels.lm.segment import Segment

SOUND_FRAMES = 5
"""A stream that has not reached its frame when time is up is decoded only from so many new frames on, because
a codec takes little longer for these than for one."""


@dataclass(frozen=True)
class Advanced:
    """What came of one stream.

    Attributes:
        pcm: as `Continuation.advance` returns it; None if the stream failed. A stream that has not reached
            its frame may give out less than it could, and the rest in a later call.
        seconds: of computing, those that it shared with other streams in full.
        error: why the stream failed; it is of no use any more.
    """

    pcm: Pcm | None
    seconds: float
    error: Exception | None = None


class _Run:
    """A stream on its way to a frame."""

    def __init__(self, stream: Continuation, to_frame: int) -> None:
        self.stream = stream
        self.to_frame = to_frame
        self.seconds = 0.0
        self.error: Exception | None = None

    @property
    def lacks(self) -> bool:
        """Whether frames are still to be generated."""
        return self.error is None and self.stream.frame < self.to_frame

    @property
    def sound_due(self) -> bool:
        """Whether what it has is to be decoded before a call ends."""
        return not self.lacks or self.stream.silent_frames >= SOUND_FRAMES

    @property
    def sound_due_next(self) -> bool:
        """Whether it will be after another step."""
        near = self.stream.frame + 1 >= self.to_frame
        return near or self.stream.silent_frames + 1 >= SOUND_FRAMES

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let an error of the body be this stream's alone."""
        try:
            yield
        except Exception as error:
            self.error = error


class ContinuationGroup:
    """Advances streams together: a step of all that lack frames is one pass over the model's weights, see
    `Decoder.run_together`.

    What a stream plays does not depend on who is advanced with it (exactly, if the decoder is
    `exact_together`). Streams may come and go from call to call, and be changed and rolled back in between.
    Prompts are taken in piece by piece, one piece a step, so that a stream that starts or moves its window on
    does not hold the others up; it joins them when it is ready.
    """

    def __init__(self) -> None:
        self._pieces: WeakKeyDictionary[Continuation, int] = WeakKeyDictionary()
        self._turn = 0
        self._piece_turn = False
        self._step_s: dict[int, float] = {}

    def advance(
        self, targets: Mapping[Continuation, int], seconds: float = math.inf
    ) -> dict[Continuation, Advanced]:
        """Generate until every stream has reached its frame, or time is up.

        Args:
            targets: streams and the frames to reach, the most urgent first.
            seconds: computing ends before this time where earlier durations let that be foreseen, but not
                before something has been done. Streams that would not fit into it are left for another call,
                the last ones first.
        Returns:
            what came of each stream. An error in one stream leaves the others alone.
        """
        runs = [_Run(stream, to_frame) for stream, to_frame in targets.items()]
        chosen = self._fitting([run for run in runs if run.lacks], seconds)
        begun = time.perf_counter()
        something_done = False
        while active := [run for run in chosen if run.lacks]:
            now = time.perf_counter()
            if something_done and now - begun + self._next_s(active) > seconds:
                break
            self._round(active, seconds)
            something_done = True
            took = time.perf_counter() - now
            for run in active:
                run.seconds += took
        return self._given_out(runs, chosen)

    def _given_out(self, runs: list[_Run], chosen: list[_Run]) -> dict[Continuation, Advanced]:
        began = time.perf_counter()
        sound = [run for run in runs if run.error is None]
        # all at once, so that they stay in step and go through the codec in one batch
        due = any(run.sound_due for run in sound)
        given: dict[Continuation, Pcm] = {}
        try:
            pcms = Continuation.give_out_together([run.stream for run in sound], nothing=not due)
            given = {run.stream: pcm for run, pcm in zip(sound, pcms, strict=True)}
        except Exception as error:
            for run in sound:
                run.error = error
        took = time.perf_counter() - began
        return {
            run.stream: Advanced(
                given.get(run.stream), run.seconds + took if run in chosen else 0.0, run.error
            )
            for run in runs
        }

    def _round(self, active: list[_Run], seconds: float) -> None:
        """One piece of one stream's prompt, and a step of all streams that are ready; where both would take
        more than so many seconds, by turns."""
        waiting = [run for run in active if run.stream.preparing]
        pieces = waiting or [run for run in active if run.stream.prefill_due]
        if pieces:
            nobody_ready = len(waiting) == len(active)
            both = not nobody_ready and self._next_s(active) <= seconds
            self._piece_turn = nobody_ready or both or not self._piece_turn
            if self._piece_turn:
                self._piece(pieces, Continuation.prepare if waiting else Continuation.prefill_ahead)
            if self._piece_turn and not both:
                return
        ready: dict[Decoder, list[tuple[_Run, Segment]]] = {}
        for run in active:
            if run.error is None and not run.stream.preparing:
                with run.guarded():
                    segment = run.stream.begin_step()
                    ready.setdefault(segment.decoder, []).append((run, segment))
        for decoder, batch in ready.items():
            self._step(decoder, batch)

    def _step(self, decoder: Decoder, batch: list[tuple[_Run, Segment]]) -> None:
        began = time.perf_counter()
        try:
            results = decoder.run_together([segment.next_call() for _, segment in batch])
        except Exception as error:
            for run, _ in batch:
                run.error = error
            return
        for (run, segment), logits in zip(batch, results, strict=True):
            with run.guarded():
                segment.fill(logits)
                run.stream.end_step()
        took = time.perf_counter() - began
        known = self._step_s.setdefault(len(batch), took)
        self._step_s[len(batch)] = known + 0.2 * (took - known)
        for run, _ in batch:
            run.stream.stats.step.add(took * 1e3)

    def _piece(self, runs: list[_Run], do: Callable[[Continuation], None]) -> None:
        """One piece for the stream whose last one is longest ago."""
        run = min(runs, key=lambda run: self._pieces.get(run.stream, 0))
        self._turn += 1
        self._pieces[run.stream] = self._turn
        with run.guarded():
            do(run.stream)

    def _fitting(self, runs: list[_Run], seconds: float) -> list[_Run]:
        """The first streams, as many as are likely to get a step and its sound done in time; at least one."""
        fit = runs
        while len(fit) > 1 and self._expected_step_s(len(fit)) + _codec_s(fit) > seconds:
            fit = fit[:-1]
        return fit

    def _next_s(self, active: list[_Run]) -> float:
        """How long another round and what must follow will take."""
        preparing = sum(run.stream.preparing for run in active)
        expected = self._expected_step_s(len(active) - preparing) + _codec_s(active)
        if preparing or any(run.stream.prefill_due for run in active):
            expected += max(run.stream.stats.prefill.mean for run in active) / 1e3
        return expected

    def _expected_step_s(self, streams: int) -> float:
        """Of so many; scaled from another number where it has not been seen."""
        if streams == 0 or not self._step_s:
            return 0.0
        near = min(self._step_s, key=lambda known: abs(known - streams))
        return self._step_s[near] * max(1.0, streams / near)


def _codec_s(runs: list[_Run]) -> float:
    """How long their sound will take, as one batch, if any of it is due after another step."""
    return max((run.stream.stats.codec.mean for run in runs if run.sound_due_next), default=0.0) / 1e3
