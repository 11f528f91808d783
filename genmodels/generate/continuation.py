"""The streaming session: music that goes on, frame by frame, under conditions that change while it plays."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.conditioning.attributes import Conditions
from genmodels.errors import GenerationError
from genmodels.generate.base import BaseGenModel
from genmodels.generate.pcm import Pcm, PcmStream
from genmodels.generate.stats import StreamStats
from genmodels.generate.timeline import Entry, Timeline
from genmodels.generate.window import Window
from genmodels.lm.generation import check_codes
from genmodels.lm.patterns import DelayedPatternProvider
from genmodels.lm.segment import PREFILL_CHUNK, Segment

_PIECE = 25
"""Frames of a prompt that the codec takes in at once."""


class Continuation:
    """An endless stream of codes and sound.

    The codes are a function of the model, the seed, the prompt and the list of (frame, conditions) alone.
    How the calls of `advance` are cut, how far ahead it ran when conditions changed, and what was rolled
    back leave no trace: the frames before a change are completed under the old conditions, those from it on
    are generated under the new ones, and the randomness of a step depends on nothing but the seed and its
    place. Under constant conditions they equal the offline long form of the same model, seed and conditions.
    Several streams can be advanced in one batch, see `ContinuationGroup`.

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
        self.frame: int = prompt.shape[1]
        # sound far behind the present is of no consequence for what follows
        heard = max(0, self.frame - model.max_frames)
        self._pcm = PcmStream(model.compression_model, heard)
        self.lookahead_frames = self._pcm.lookahead_frames
        self.stats = StreamStats()
        capacity = max(4 * model.max_frames, self.frame + model.max_frames)
        self._codes = np.zeros((model.lm.n_q, capacity), dtype=np.int64)
        self._codes_start = 0
        self._codes[:, : self.frame] = prompt
        self._prompt_frames: int = self.frame
        self._timeline = Timeline(self._entry(0, conditions))
        self._past: Window | None = None
        first = max(0, -(-(self.frame - model.max_frames + 1) // self._stride))
        self._window = self._open(first, self.frame - first * self._stride)
        self._next: Window | None = None

    @property
    def pcm_frame(self) -> int:
        """Frames whose PCM has been given out: the next call of `advance` returns sound from this frame
        on."""
        return max(0, max(self._pcm.frame, self._prompt_frames) - self.lookahead_frames)

    @property
    def oldest_frame(self) -> int:
        """The first frame to which `roll_back` can go."""
        oldest = self._window.oldest_frame
        if self._past is None or oldest > self._window.first_frame:
            return oldest
        return self._past.oldest_frame

    @property
    def codes(self) -> Tensor:
        """Codes [K, n] int64 of the last n frames up to `frame`; all of them until they exceed 8 windows,
        then at least 4 windows."""
        return torch.from_numpy(self._codes[:, : self.frame - self._codes_start].copy())

    @property
    def conditions(self) -> Conditions:
        """The conditions in force at `frame`."""
        return self._timeline.at(self.frame).conditions

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
        self._timeline.replace_from(entry)

    def advance(self, to_frame: int) -> Pcm:
        """Generate until `frame >= to_frame`.

        Args:
            to_frame: if it has been reached already, nothing is done.
        Returns:
            PCM float32 [n] (or [n, C] if not mono) that follows on what was given out before; from
            `pcm_frame`, as it was before the call, on.
        """
        while self.frame < to_frame:
            while self.preparing:
                self.prepare()
            segment = self.begin_step()
            with self.stats.step.timed():
                segment.step()
            self.end_step()
            if self.prefill_due:
                self.prefill_ahead()
        return self.give_out()

    @property
    def preparing(self) -> bool:
        """Whether something must be done, piece by piece, before the next step."""
        return self._unheard or self.frame == self._window.end_frame or not self._window.prefilled

    def prepare(self) -> None:
        """Do one piece of what must be done before the next step: the codec takes in the sound before the
        first new frame, the language model the prompt of its window."""
        if self._unheard:
            start = self._pcm.frame
            self._pcm.push(self._history(start, min(start + _PIECE, self._prompt_frames)))
            return
        if self.frame == self._window.end_frame:
            self._move_on()
        if not self._window.prefilled:
            self._prefill_chunk(self._window)

    def begin_step(self) -> Segment:
        """The segment whose next step brings the stream on; not while `preparing`."""
        self._window.segment.use(self._timeline.at(self.frame).rows)
        return self._window.segment

    def end_step(self) -> None:
        """Take what a step has completed from the segment of `begin_step`."""
        segment, before = self._window.segment, self.frame
        complete = segment.offset + min(segment.position - self.max_delay, segment.frames)
        if complete > before:
            self._take(complete)
            if self.frame == self._timeline.change_after(before):
                self._cut(self.frame)

    def give_out(self) -> Pcm:
        """The sound of the frames that are new since the last call; see `advance`."""
        return Continuation.give_out_together([self])[0]

    @property
    def silent_frames(self) -> int:
        """Frames that are new since the last call of `give_out`."""
        return self.frame - max(self._pcm.frame, self._prompt_frames)

    @staticmethod
    def give_out_together(streams: Sequence[Continuation], nothing: bool = False) -> list[Pcm]:
        """What `give_out` gives for each of several streams, to rounding, decoded in one batch where the
        codec can do that; or no samples of each. The time counts for each in full."""
        began = time.perf_counter()
        fresh = [stream._codes[:, :0] if nothing else stream._fresh() for stream in streams]
        pcms = PcmStream.push_together([stream._pcm for stream in streams], fresh)
        took = time.perf_counter() - began
        for stream, codes in zip(streams, fresh, strict=True):
            if codes.shape[1]:
                stream.stats.codec.add(took * 1e3)
        return pcms

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

    def _entry(self, from_frame: int, conditions: Conditions) -> Entry:
        return Entry(from_frame, conditions, self._voices.rows([conditions], [self._seed]))

    @property
    def _unheard(self) -> bool:
        """Whether the codec has not taken in all of the prompt yet."""
        return self._pcm.frame < self._prompt_frames

    def _fresh(self) -> npt.NDArray[np.int64]:
        """Codes [K, n] whose sound has not been given out."""
        return self._codes[:, :0] if self._unheard else self._history(self._pcm.frame, self.frame)

    def _history(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Codes [K, stop - start] of frames that are known."""
        return self._codes[:, start - self._codes_start : stop - self._codes_start]

    def _open(self, index: int, prompt: int) -> Window:
        return Window(Segment(self._decoder, self._pattern, 1, index * self._stride), index, prompt)

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

    @property
    def prefill_due(self) -> bool:
        """Whether the next window can take in a chunk of its prompt. That can wait until its turn has come,
        when it is part of `prepare`."""
        if self._next is None:
            return self.frame >= (self._window.index + 1) * self._stride + PREFILL_CHUNK
        if self._next.prefilled:
            return False
        return self._chunk_end(self._next) + self._next.segment.offset <= self.frame

    def prefill_ahead(self) -> None:
        """Take in one chunk of the next window's prompt; only if `prefill_due`."""
        self._next = self._next or self._open_after(self._window)
        self._prefill_chunk(self._next)

    def _open_after(self, window: Window) -> Window:
        index = window.index + 1
        return self._open(index, window.end_frame - index * self._stride)

    def _chunk_end(self, window: Window) -> int:
        """Where the next chunk of a prompt ends: at fixed places, and where conditions change."""
        start = window.segment.position
        stop = min(window.prompt, (start // PREFILL_CHUNK + 1) * PREFILL_CHUNK)
        change = self._timeline.change_after(window.segment.offset + start)
        return stop if change is None else min(stop, change - window.segment.offset)

    def _prefill_chunk(self, window: Window) -> None:
        segment = window.segment
        start, stop = segment.position, self._chunk_end(window)
        first = max(0, start - 1 - self.max_delay)
        segment.write(self._history(segment.offset + first, segment.offset + stop)[None], first)
        segment.use(self._timeline.at(segment.offset + start).rows)
        with self.stats.prefill.timed():
            segment.prefill(stop)
        window.bounds.append(stop)

    def _move_on(self) -> None:
        """Make the next window the present one."""
        following = self._next or self._open_after(self._window)
        self._past, self._window, self._next = self._window, following, None
        self._pcm.forget(self.oldest_frame)
        self._timeline.forget(self._past.segment.offset)

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
