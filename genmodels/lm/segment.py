"""One window of generation: a prompt, the tokens that follow it, and the caches of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.errors import GenerationError
from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Call, Decoder
from genmodels.lm.patterns import Pattern
from genmodels.lm.rows import RowConditions
from genmodels.lm.transformer import CrossContext

PREFILL_CHUNK = 32
"""Positions of a prompt that are taken in at once. Fixed, so that results do not depend on who prefills, and
when."""

_UNKNOWN = -1


@dataclass
class _Layout:
    """From position `start` on, these rows are in this cache, behind a prefix."""

    start: int
    rows: RowConditions
    cache: KVCache
    prefix: Tensor | None
    context: CrossContext | None

    @property
    def prefix_length(self) -> int:
        """Positions P of the prefix."""
        return 0 if self.prefix is None else self.prefix.shape[1]


class Segment:
    """Tokens of one window in pattern layout.

    Position p takes in step p and predicts step p + 1. The past of a changed set of rows is kept until the
    segment is dropped, so that cutting back over the change is exact.

    Args:
        decoder: runs the model.
        pattern: of the window's T frames.
        voices: number of voices B.
        offset: absolute frame of the window's frame 0.
        max_caches: how many caches are kept to go back to, when the number or order of rows changes.
    """

    def __init__(
        self, decoder: Decoder, pattern: Pattern, voices: int, offset: int = 0, max_caches: int = 6
    ) -> None:
        self.decoder = decoder
        self.pattern = pattern
        self.offset = offset
        self._max_caches = max_caches
        lm = decoder.lm
        length = len(pattern.layout)
        self._held = np.zeros((lm.n_q, length), dtype=bool)
        np.put_along_axis(self._held, pattern.steps.numpy(), True, axis=1)
        blank = np.where(self._held, _UNKNOWN, lm.special_token_id).astype(np.int64)
        self._sequence = np.repeat(blank[None], voices, axis=0)
        self._steps = pattern.steps.numpy()
        self._layouts: list[_Layout] = []

    @property
    def frames(self) -> int:
        """Frames T of the window."""
        return self.pattern.timesteps

    @property
    def last_position(self) -> int:
        """The position that predicts the last step."""
        return self.pattern.num_sequence_steps - 1

    @property
    def position(self) -> int:
        """The next position to take in."""
        return self._layouts[-1].cache.length - self._layouts[-1].prefix_length if self._layouts else 0

    @property
    def frames_done(self) -> int:
        """Frames that the positions taken in are worth, for showing progress."""
        return self.position * self.frames // self.pattern.num_sequence_steps

    @property
    def oldest_position(self) -> int:
        """The first position to which `cut` can go back."""
        return self._layouts[0].start if self._layouts else 0

    def write(self, codes: npt.NDArray[np.int64], start: int = 0) -> None:
        """Set the codes [B, K, n] of the frames from `start` on."""
        steps = self._steps[:, start : start + codes.shape[2]]
        self._sequence[:, np.arange(len(steps))[:, None], steps] = codes

    def codes(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Codes [B, K, stop - start] of frames; -1 where not yet known."""
        steps = self._steps[:, start:stop]
        codes: npt.NDArray[np.int64] = self._sequence[:, np.arange(len(steps))[:, None], steps]
        return codes

    def use(self, rows: RowConditions) -> None:
        """Let the next positions run under `rows`.

        What has been taken in stays as it is; but where conditions in front of the sequence change, it is
        taken in again behind the new ones, because nothing that follows could see them otherwise.
        """
        if self._layouts and rows is self._layouts[-1].rows:
            return
        position = self.position
        self.rewind(position)
        prefix, context = rows.prefix_at(self.offset), rows.context_at(self.offset)
        cache = self._carried_over(rows, prefix) if position else None
        if position == 0:
            self._layouts.clear()
        if cache is not None:
            self._layouts.append(_Layout(position, rows, cache, prefix, context))
        else:
            self._begin(_Layout(position, rows, self._new_cache(rows, prefix), prefix, context))
        while len({id(layout.cache) for layout in self._layouts}) > self._max_caches:
            del self._layouts[0]

    def _new_cache(self, rows: RowConditions, prefix: Tensor | None) -> KVCache:
        length = 0 if prefix is None else prefix.shape[1]
        return self.decoder.new_cache(rows.rows, length + len(self.pattern.layout))

    def _carried_over(self, rows: RowConditions, prefix: Tensor | None) -> KVCache | None:
        """The present cache with its rows in the order of `rows`; None where their prefixes differ."""
        current = self._layouts[-1]
        sources = rows.sources_from(current.rows)
        if prefix is not None or current.prefix is not None:
            if prefix is None or current.prefix is None or prefix.shape[1] != current.prefix.shape[1]:
                return None
            if not torch.equal(prefix, current.prefix[sources]):
                return None
        in_place = sources == list(range(current.rows.rows))
        return current.cache if in_place else current.cache.gather_rows(sources)

    def _begin(self, layout: _Layout) -> None:
        """Take the prefix of a new cache in, and all positions before its start."""
        if layout.prefix is not None:
            self.decoder.run_prefix(layout.prefix, layout.context, layout.cache)
        self._layouts.append(layout)
        self.prefill_chunks(layout.start)

    def prefill_chunks(self, stop: int) -> None:
        """Take in the positions up to `stop` in chunks of `PREFILL_CHUNK`, cut at its multiples."""
        while self.position < stop:
            self.prefill(min(stop, (self.position // PREFILL_CHUNK + 1) * PREFILL_CHUNK))

    def prefill(self, stop: int) -> None:
        """Take in the positions up to `stop`, at once; their tokens must be known."""
        if stop > self.position:
            self.decoder.run_together([self._call(stop, want_logits=False)])

    def step(self) -> None:
        """Take in one position and fill the unknown cells of the step after it."""
        self.fill(self.decoder.run_together([self.next_call()])[0])

    def next_call(self) -> Call:
        """What a decoder runs for a step; `fill` is its other half."""
        return self._call(self.position + 1, want_logits=True)

    def fill(self, logits: Tensor | None) -> None:
        """Fill the unknown cells of the step that follows on the positions taken in.

        Args:
            logits: [R, K, card], what `next_call` gave.
        """
        position = self.position
        following = self._sequence[:, :, position]
        unknown = following == _UNKNOWN
        if unknown.any():
            assert logits is not None
            tokens = self._layouts[-1].rows.draw(logits, self.offset + position)
            following[unknown] = tokens[unknown]

    def cut(self, frame: int) -> None:
        """Forget the tokens of the frames from `frame` on, and what was computed from them.

        For patterns of delays, where position p depends on the frames before p only.
        """
        if frame < self.oldest_position:
            raise GenerationError(
                f"segment: cannot go back to frame {frame}, the oldest is {self.oldest_position}"
            )
        self.forget(frame)
        self.rewind(frame)

    def forget(self, frame: int) -> None:
        """Make the tokens of the frames from `frame` on unknown."""
        steps = self._steps[:, frame:]
        self._sequence[:, np.arange(len(steps))[:, None], steps] = _UNKNOWN

    def rewind(self, position: int) -> None:
        """Let `position` be the next to be taken in; tokens stay."""
        while len(self._layouts) > 1 and self._layouts[-1].start >= position:
            self._layouts.pop()
        if self._layouts and self.position > position:
            self._layouts[-1].cache.truncate(position + self._layouts[-1].prefix_length)

    def _call(self, stop: int, want_logits: bool) -> Call:
        layout, start = self._layouts[-1], self.position
        tokens = self._sequence[layout.rows.row_voice, :, start:stop]
        added = None
        if layout.rows.frames is not None:
            local = np.minimum(np.arange(start, stop), self.frames - 1)
            added = layout.rows.frames.at(local + self.offset, self.offset)
        return Call(tokens, added, layout.context, layout.cache, want_logits)
