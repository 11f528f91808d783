"""The streaming session: music that goes on, frame by frame, under conditions that change while it plays."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.conditioning.attributes import Conditions
from genmodels.errors import GenerationError
from genmodels.generate.base import BaseGenModel
from genmodels.generate.pcm import Pcm, PcmStream
from genmodels.generate.stats import StreamStats
from genmodels.lm.generation import check_codes
from genmodels.lm.patterns import DelayedPatternProvider
from genmodels.lm.rows import RowConditions
from genmodels.lm.segment import PREFILL_CHUNK, Segment


@dataclass(frozen=True)
class _Entry:
    """These conditions hold from a frame on, until the next entry."""

    from_frame: int
    conditions: Conditions
    rows: RowConditions


@dataclass
class _Window:
    """A segment in its place.

    Attributes:
        index: its number; it starts at frame index * stride.
        prompt: frames P that it takes over.
        bounds: positions at which chunks of the prompt began or ended, ascending, from 0 on.
    """

    segment: Segment
    index: int
    prompt: int
    bounds: list[int] = field(default_factory=lambda: [0])

    @property
    def first_frame(self) -> int:
        """The first frame that it generates."""
        return self.segment.offset + self.prompt

    @property
    def end_frame(self) -> int:
        """The frame after the last that it generates."""
        return self.segment.offset + self.segment.frames

    @property
    def prefilled(self) -> bool:
        """Whether its whole prompt has been taken in."""
        return self.segment.position >= self.prompt

    def back_to_chunk(self, frame: int) -> None:
        """Forget the chunks of the prompt that end after an absolute frame, and whatever was generated."""
        local = min(max(frame - self.segment.offset, 0), self.prompt)
        while self.bounds[-1] > local:
            self.bounds.pop()
        self.segment.forget(self.prompt)
        self.segment.rewind(self.bounds[-1])


class Continuation:
    """An endless stream of codes and sound.

    The codes are a function of the model, the seed, the prompt and the list of (frame, conditions) alone.
    How the calls of `advance` are cut, how far ahead it ran when conditions changed, and what was rolled
    back leave no trace: the frames before a change are completed under the old conditions, those from it on
        are generated under the new ones,
    and the randomness of a step depends on nothing but the seed and its place. Under constant conditions
    they equal the offline long form of the same model, seed and conditions.

    Windows move on by the model's stride: before a window's end the next one's prompt is taken in, chunk by
    chunk, into a cache of its own. Frame-synchronous conditions go by absolute frames throughout; frame 0 is
    the prompt's first.

    Args:
        model: codec and language model; its generation parameters give the stride.
        conditions: in force from frame 0 on.
        seed: randomness of this voice.
        prompt_codes: codes [K, P] or [1, K, P] to continue, as many as there are. What the first window
            takes over of a long prompt is what it would have taken over had the stream run from the start.
    Raises:
        GenerationError: the prompt does not fit, or the model's codebooks are not laid out by delays.
        ConditionError: a condition that the model does not have.

    Attributes:
        frame: frames whose codes are complete.
        frame_rate, hop_length: frames a second, samples a frame.
        max_delay: steps from a frame's first code to its last.
        lookahead_frames: frames that the codec needs beyond the one it gives out.
        stats: how long things take.
    """

    def __init__(
        self, model: BaseGenModel, conditions: Conditions, seed: int, prompt_codes: Tensor | None = None
    ) -> None:
        provider = model.lm.pattern_provider
        if not isinstance(provider, DelayedPatternProvider) or not provider.frame_synchronous:
            raise GenerationError(
                f"{type(provider).__name__} cannot be streamed: the model must use a plain delay pattern"
            )
        self._decoder = model.decoder
        self._voices = model.voices
        self._pattern = provider.get_pattern(model.max_frames)
        self._stride = model.stride_frames
        self._seed = seed
        self.frame_rate = model.frame_rate
        self.hop_length = model.compression_model.hop_length
        self.max_delay = provider.max_delay
        prompt = self._checked_prompt(prompt_codes, model)
        self.frame = prompt.shape[1]
        # sound far behind the present is of no consequence for what follows
        heard = max(0, self.frame - model.max_frames)
        self._pcm = PcmStream(model.compression_model, heard)
        self.lookahead_frames = self._pcm.lookahead_frames
        self.stats = StreamStats()
        capacity = max(4 * model.max_frames, self.frame + model.max_frames)
        self._codes = np.zeros((model.lm.n_q, capacity), dtype=np.int64)
        self._codes_start = 0
        self._codes[:, : self.frame] = prompt
        self._pcm.push(prompt[:, heard:])
        self._timeline = [self._entry(0, conditions)]
        self._past: _Window | None = None
        first = max(0, -(-(self.frame - model.max_frames + 1) // self._stride))
        self._window = self._open(first, self.frame - first * self._stride)
        self._next: _Window | None = None

    @property
    def pcm_frame(self) -> int:
        """Frames whose PCM has been given out: the next call of `advance` returns sound from this frame
        on."""
        return max(0, self._pcm.frame - self.lookahead_frames)

    @property
    def oldest_frame(self) -> int:
        """The first frame to which `roll_back` can go."""
        window = self._window
        blocked = window.segment.offset + window.segment.oldest_position
        if blocked > window.first_frame:
            return blocked
        if self._past is None:
            return window.first_frame
        return max(self._past.first_frame, self._past.segment.offset + self._past.segment.oldest_position)

    @property
    def codes(self) -> Tensor:
        """Codes [K, n] int64 of the last n frames up to `frame`; all of them until they exceed 8 windows,
        then at least 4 windows."""
        return torch.from_numpy(self._codes[:, : self.frame - self._codes_start].copy())

    @property
    def conditions(self) -> Conditions:
        """The conditions in force at `frame`."""
        return self._entry_at(self.frame).conditions

    def set_conditions(self, conditions: Conditions, from_frame: int | None = None) -> None:
        """Let conditions hold from a frame on. Whatever was to hold from a later frame on is dropped.

        Args:
            conditions: the new ones.
            from_frame: by default `frame`. Before it, the stream is rolled back; see `roll_back`.
        Raises:
            GenerationError: the frame is before `oldest_frame`; nothing has changed then.
            ConditionError: a condition that the model does not have; nothing has changed then.
        """
        start = self.frame if from_frame is None else from_frame
        entry = self._entry(start, conditions)
        if start <= self.frame:
            self.roll_back(start)
        kept = [old for old in self._timeline if old.from_frame < start]
        self._timeline = [*kept, entry]

    def advance(self, to_frame: int) -> Pcm:
        """Generate until `frame >= to_frame`.

        Args:
            to_frame: if it has been reached already, nothing is done.
        Returns:
            PCM float32 [n] (or [n, C] if not mono) that follows on what was given out before; from
            `pcm_frame`, as it was before the call, on.
        """
        while self.frame < to_frame:
            if self.frame == self._window.end_frame:
                self._move_on()
            self._stretch(to_frame)
        start = self._pcm.frame - self._codes_start
        with self.stats.codec.timed():
            return self._pcm.push(self._codes[:, start : self.frame - self._codes_start])

    def roll_back(self, frame: int) -> None:
        """Drop the codes of the frames from `frame` on. Conditions stay as they are.

        Afterwards `advance` gives out sound from frame - lookahead_frames on, see `pcm_frame`.

        Raises:
            GenerationError: the frame is not in [oldest_frame, frame].
        """
        if not self.oldest_frame <= frame <= self.frame:
            raise GenerationError(
                f"cannot roll back to frame {frame}, must be in [{self.oldest_frame}, {self.frame}]"
            )
        if frame < self._window.first_frame:
            assert self._past is not None
            self._next = self._window
            self._window, self._past = self._past, None
        if self._next is not None:
            self._next.back_to_chunk(frame)
        self._cut(frame)
        self.frame = frame
        if self._pcm.frame > frame:
            self._pcm.roll_back(frame, self._codes, self._codes_start)

    def _entry(self, from_frame: int, conditions: Conditions) -> _Entry:
        return _Entry(from_frame, conditions, self._voices.rows([conditions], [self._seed]))

    def _entry_at(self, frame: int) -> _Entry:
        place = bisect_right(self._timeline, frame, key=lambda entry: entry.from_frame)
        return self._timeline[max(0, place - 1)]

    def _change_after(self, frame: int) -> int | None:
        place = bisect_right(self._timeline, frame, key=lambda entry: entry.from_frame)
        return self._timeline[place].from_frame if place < len(self._timeline) else None

    def _open(self, index: int, prompt: int) -> _Window:
        return _Window(Segment(self._decoder, self._pattern, 1, index * self._stride), index, prompt)

    def _stretch(self, to_frame: int) -> None:
        """Generate up to `to_frame`, the next change of conditions, or the window's end, whatever comes
        first."""
        window, segment = self._window, self._window.segment
        while not window.prefilled:
            self._prefill_chunk(window)
        change = self._change_after(self.frame)
        stop = min(to_frame, window.end_frame)
        if change is not None:
            stop = min(stop, change)
        rows = self._entry_at(self.frame).rows
        while self.frame < stop:
            segment.use(rows)
            with self.stats.step.timed():
                segment.step()
            complete = segment.offset + min(segment.position - self.max_delay, segment.frames)
            if complete > self.frame:
                self._take(complete)
            self._prefill_ahead()
        if self.frame == change:
            self._cut(self.frame)

    def _take(self, stop: int) -> None:
        """Copy newly completed frames from the window."""
        segment = self._window.segment
        if stop - self._codes_start > self._codes.shape[1]:
            self._make_room()
        place = self.frame - self._codes_start
        fresh = segment.codes(self.frame - segment.offset, stop - segment.offset)[0]
        self._codes[:, place : place + fresh.shape[1]] = fresh
        self.frame = stop

    def _make_room(self) -> None:
        capacity = self._codes.shape[1]
        full = 8 * self._pattern.timesteps
        if capacity < full:
            self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)], axis=1)
            return
        half = capacity // 2
        self._codes[:, :half] = self._codes[:, capacity - half :]
        self._codes_start += capacity - half

    def _cut(self, frame: int) -> None:
        self._window.segment.cut(frame - self._window.segment.offset)

    def _prefill_ahead(self) -> None:
        """Take in at most one chunk of the next window's prompt, as soon as its frames are there."""
        if self._next is None:
            index = self._window.index + 1
            if self.frame < index * self._stride + PREFILL_CHUNK:
                return
            self._next = self._open(index, self._window.end_frame - index * self._stride)
        if not self._next.prefilled and self._chunk_end(self._next) + self._next.segment.offset <= self.frame:
            self._prefill_chunk(self._next)

    def _chunk_end(self, window: _Window) -> int:
        """Where the next chunk of a prompt ends: at fixed places, and where conditions change."""
        start = window.segment.position
        stop = min(window.prompt, (start // PREFILL_CHUNK + 1) * PREFILL_CHUNK)
        change = self._change_after(window.segment.offset + start)
        return stop if change is None else min(stop, change - window.segment.offset)

    def _prefill_chunk(self, window: _Window) -> None:
        segment = window.segment
        start, stop = segment.position, self._chunk_end(window)
        first = max(0, start - 1 - self.max_delay)
        place = segment.offset + first - self._codes_start
        segment.write(self._codes[None, :, place : place + stop - first], first)
        segment.use(self._entry_at(segment.offset + start).rows)
        with self.stats.prefill.timed():
            segment.prefill(stop)
        window.bounds.append(stop)

    def _move_on(self) -> None:
        """Make the next window the present one."""
        if self._next is None:
            index = self._window.index + 1
            self._next = self._open(index, self._window.end_frame - index * self._stride)
        self._past, self._window, self._next = self._window, self._next, None
        oldest = self.oldest_frame
        self._pcm.forget(oldest)
        needed = self._past.segment.offset
        first = bisect_right(self._timeline, needed, key=lambda entry: entry.from_frame) - 1
        del self._timeline[: max(0, first)]

    def _checked_prompt(self, prompt: Tensor | None, model: BaseGenModel) -> npt.NDArray[np.int64]:
        if prompt is None:
            return np.zeros((model.lm.n_q, 0), dtype=np.int64)
        batch = prompt[None] if prompt.ndim == 2 else prompt
        check_codes(model.lm, batch)
        if len(batch) != 1:
            raise GenerationError(
                f"prompt codes have shape {tuple(prompt.shape)}, must be [K, P] or [1, K, P]"
            )
        codes: npt.NDArray[np.int64] = batch[0].cpu().numpy().astype(np.int64)
        return codes
