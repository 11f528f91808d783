"""A run: one voice of a deck from a start to a stop, and its audio as the feeder takes it.

Two threads meet here: the feeder reads; everyone else moves limits. What they share is guarded by a lock
that is held for microseconds. The rule that makes rewriting safe: the feeder *claims* model samples as it
reads them (and a little ahead, for its next fade), and nothing below the claim is ever rolled back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.pieces import Piece, Samples, Switch, faded_out, mixed
from daw_bridge.decks.seam import Seam
from daw_bridge.decks.span import Span
from daw_bridge.decks.token_history import TokenHistory, Tokens
from daw_bridge.engine.protocol import Produced
from daw_bridge.engine.ring import PcmRing

FADE_S = 0.010
ATTACK_S = 0.001
RESUME_LEAD_S = 0.080
PER_BEAT = 16
SHORT_HOLDS = (8, 4, 2, 1)


class Run(Span):
    """One voice.

    ``origin`` is the output sample of the voice's sample 0. When PCM is late the run *holds*: it reads the
    voice one bar earlier (from ``origin + bar``), fading over, again and again until there is enough at
    ``origin``; then it fades back. When the voice never catches up it plays on where it was, a bar late and
    still in time: then the origin moves. Where no bar has sounded yet it repeats as many beats as have, or
    a half, a quarter ... down to a sixteenth of a beat. It begins only when that much is there, and takes
    back nothing of it; so it is never silent once it has begun. What begins late begins in time, and after a
    bar of silence a bar late.

    Attributes:
        sent: frames asked for so far; a run that goes on from tokens begins with those.
        tokens: the last ones.
        underruns: how often it has held.

    Args:
        number: the engine's deck number.
        start: output sample at which it begins to sound, at or after ``origin``.
        bar: at an output sample, the length of a bar in output samples and the number of its beats.
    """

    def __init__(
        self,
        number: int,
        ring: PcmRing,
        geometry: Geometry,
        origin: int,
        start: int,
        bar: Callable[[float], tuple[int, int]],
    ) -> None:
        super().__init__(start)
        self.number = number
        self.ring = ring
        self.geometry = geometry
        self.origin = origin
        self.sent = round(geometry.frames(start - origin))
        self.tokens = TokenHistory()
        self.underruns = 0
        self._bar = bar
        self._fade = round(FADE_S * geometry.out_rate)
        self._attack = round(ATTACK_S * geometry.out_rate)
        self._resume_lead = round(RESUME_LEAD_S * geometry.out_rate)
        self._reserve = geometry.model_samples(self._fade) + geometry.resampler.reach + 2
        self._first_place = start - origin
        self._lock = threading.Lock()
        self._epoch = 0
        self._limit = 0
        self._claimed = 0
        self._place: int | None = None
        self._switch: Switch | None = None
        self._held_from = 0
        self._held_parts = 0
        self._whole_bars = True
        self._moved = 0
        self._silent_since = start
        self._closed = False
        model = geometry.model
        self._seam = Seam(ring, geometry.lookahead * model.hop_length, model.sample_rate)
        self._expected: tuple[int, float, Callable[[float], None]] | None = None

    @property
    def sounding(self) -> bool:
        """Whether anything of it has been given to the feeder."""
        return self._claimed > 0

    @property
    def holding(self) -> bool:
        """Whether it repeats what has sounded, because new PCM is late."""
        return self._claimed > 0 and self._place != self.origin

    @property
    def limit(self) -> int:
        """Model samples below it are valid."""
        return self._limit

    @property
    def claimed(self) -> int:
        """Model samples below it have been read, or will be without asking again."""
        return self._claimed

    @property
    def closed(self) -> bool:
        """Whether its ring may be gone."""
        return self._closed

    @property
    def epoch(self) -> int:
        """Changes sent so far."""
        return self._epoch

    def ended(self, sample: int) -> bool:
        """Whether the stop and its fade lie before an output sample."""
        return self.stop is not None and sample >= self.stop + self._fade

    def late(self, sample: int) -> bool:
        """Whether it, or what follows on it, should sound before an output sample, and does not yet."""
        if self._claimed or sample <= self.start:
            return False
        if self._closed or (self.stop is not None and self.stop < sample):
            return self.follower is not None and self.follower.missing
        return True

    @property
    def missing(self) -> bool:
        """Whether it, or what follows on it, is still to sound."""
        if self._closed:
            return not self._claimed and self.follower is not None and self.follower.missing
        return not self._claimed

    def waits(self, sample: int) -> bool:
        """Whether nothing of it is heard before an output sample."""
        return sample <= self.start and not self._claimed

    def lead(self, sample: int) -> int:
        """Output samples that can be played from ``sample`` on; negative when late."""
        return self._end(self.origin) - sample

    def sample_of(self, frame: int) -> int:
        """Output sample at which a frame begins."""
        return self.origin + self.geometry.out_samples(frame)

    def frame_at(self, sample: int) -> int:
        """The frame that begins nearest to an output sample; at least 0."""
        return max(0, round(self.geometry.frames(sample - self.origin)))

    def earliest_frame(self, sample: int) -> int:
        """First frame whose tokens may still change when the PCM before output sample ``sample`` must
        stay."""
        with self._lock:
            if self.waits(sample):
                return round(self.geometry.frames(self._first_place))
            if self._claimed:
                sample = max(sample, self.start + self._least(self.start) + self._fade)
            due = self.geometry.model_samples(max(0, sample - self.origin)) + self.geometry.resampler.reach
            if self.holding:
                due = self._limit
            return -(-max(self._claimed, due) // self.geometry.hop) + self.geometry.lookahead

    def begin_change(self, frame: int) -> int:
        """Give up what was generated from ``frame`` on, before saying so to the worker; returns the epoch
        to send.

        Raises:
            ValueError: part of it has been claimed.
        """
        rewritten = max(0, frame - self.geometry.lookahead) * self.geometry.hop
        with self._lock:
            if rewritten < self._claimed:
                raise ValueError(f"frame {frame} is due: samples below {self._claimed} have been claimed")
            self._epoch += 1
            self._seam.keep(rewritten, self._limit)
            self._limit = min(self._limit, rewritten)
            return self._epoch

    def move_start(self, sample: int) -> None:
        """Begin at another output sample, and end as much later or earlier where the end is not on the grid;
        only before anything has been given to the feeder."""
        with self._lock:
            if not self._claimed:
                if self.stop is not None and self.stop_beat is None:
                    self.stop += sample - self.start
                self.origin += sample - self.start
                self.start = self._silent_since = sample

    def postpone(self, sample: int) -> None:
        """Begin to sound later in the same voice; only before anything has been given to the feeder."""
        with self._lock:
            if not self._claimed:
                self.start = self._silent_since = sample
                self._first_place = sample - self.origin

    def past(self, frame: int, count: int) -> tuple[int, Tokens | None]:
        """Up to ``count`` frames before ``frame``, as far as they are known: the frame after the last, and
        the tokens; None for none."""
        with self._lock:
            return min(frame, self.tokens.end), self.tokens.before(frame, count)

    def take_moved(self) -> int:
        """Output samples by which the origin has moved since this was last asked."""
        with self._lock:
            moved, self._moved = self._moved, 0
            return moved

    def expect(self, frames: int, report: Callable[[float], None]) -> None:
        """Call ``report`` with the seconds from now until the PCM of all frames < ``frames`` is there."""
        with self._lock:
            self._expected = (frames * self.geometry.hop, time.monotonic(), report)

    def produced(self, event: Produced) -> None:
        """Take note of new PCM and tokens; called in the engine's reader thread."""
        reached = None
        with self._lock:
            self.tokens.replace(event.first_frame, event.tokens)
            if event.epoch == self._epoch:
                self._limit = self._seam.join(event.samples_end)
                if self._expected is not None and self._limit >= self._expected[0]:
                    reached, self._expected = self._expected, None
        if reached is not None:
            reached[2](time.monotonic() - reached[1])

    def pcm(self, first: int, stop: int) -> Samples | None:
        """Model samples first .. stop - 1 as they lie in the ring; None once it is closed."""
        with self._lock:
            return None if self._closed else self._pcm(first, stop)

    def close(self) -> None:
        """No more reading: the ring may be released afterwards."""
        with self._lock:
            self._closed = True

    def read(self, start: int, count: int) -> Samples | None:
        """Output samples ``start .. start + count - 1`` [count, channels]; None for silence. For the feeder
        alone."""
        if start + count <= self.start or self.ended(start):
            return None
        if start < self.start:
            skipped = self.start - start
            rest = self.read(self.start, count - skipped)
            return None if rest is None else np.pad(rest, ((skipped, 0), (0, 0)))
        with self._lock:
            if self._closed:
                return None
            self._choose_place(start, count)
            pieces = self._take(start, count)
        block = mixed(pieces, self._switch, self.geometry, start, count)
        return block if self.stop is None else faded_out(block, start, self.stop, self._fade)

    def _choose_place(self, start: int, count: int) -> None:
        needed = count + self._fade
        if self._place is None:
            on_time = start == self.start
            length, _ = self._bar(start)
            if start - self._silent_since >= length:
                self._silent_since += length
                self.origin += length
                self._moved += length
            spare = self._least(start) if on_time else self._resume_lead
            if self._end(self.origin) - start >= needed + spare:
                self._go(self.origin, start, self._attack if on_time else self._fade)
            return
        if self._place != self.origin:
            if self._end(self.origin) - start >= needed + self._resume_lead:
                self._whole_bars = True
                self._go(self.origin, start, self._fade)
            elif self._whole_bars and self.geometry.model_samples(start - self._place) >= self._held_from:
                self._moved += self._place - self.origin
                self.origin = self._place
        assert self._place is not None
        limit = self._limit if self._whole_bars else self._held_from
        if self._end(self._place, limit) - start < needed:
            self._hold(start)

    def _hold(self, start: int) -> None:
        if not self.holding:
            self.underruns += 1
            self._held_from = self._limit
            self._held_parts = 0
        assert self._place is not None
        length, beats = self._bar(start)
        bar = PER_BEAT * beats
        for parts in (*range(bar, 0, -PER_BEAT), *SHORT_HOLDS):
            place = self._place + length * parts // bar
            if start - place >= self._first_place:
                self._held_parts += parts
                self._whole_bars = self._held_parts % bar == 0
                self._go(place, start, self._fade)
                return
        self._silent_since = start
        self._go(None, start, self._fade)

    def _least(self, sample: float) -> int:
        """Output samples of the shortest hold at an output sample."""
        length, beats = self._bar(sample)
        return -(-length // (PER_BEAT * beats))

    def _go(self, place: int | None, start: int, length: int) -> None:
        old = self._place
        if old is not None:
            length = max(0, min(length, self._end(old) - start))
        self._switch = Switch(old, start, length)
        self._place = place

    def _take(self, start: int, count: int) -> list[Piece]:
        """Copy from the ring what is to sound; resampling is done later, without the lock."""
        switch = self._switch
        fading = 0 if switch is None else max(0, min(count, switch.at + switch.length - start))
        if not fading:
            self._switch = None
        pieces = []
        if self._place is not None:
            pieces.append(self._copy(self._place, start, count, 1 if fading else 0))
        if fading and switch is not None and switch.old is not None:
            pieces.append(self._copy(switch.old, start, fading, -1))
        return pieces

    def _copy(self, place: int, start: int, count: int, direction: int) -> Piece:
        first, stop = self.geometry.resampler.input_span(start - place, count)
        self._claimed = max(self._claimed, min(stop + self._reserve, self._limit))
        return Piece(self._pcm(first, stop), start - place, count, direction)

    def _pcm(self, first: int, stop: int) -> Samples:
        pcm = self.ring.read(max(0, first), stop - max(0, first))
        return np.pad(pcm, ((-first, 0), (0, 0))) if first < 0 else pcm

    def _end(self, place: int, limit: int | None = None) -> int:
        """First output sample that cannot be made, for a voice whose sample 0 lies at ``place``."""
        known = self._limit if limit is None else limit
        return place + self.geometry.resampler.output_end(known) if known else place
