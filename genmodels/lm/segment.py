"""One window of generation: a prompt, the tokens that follow it, and the caches of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from genmodels.errors import GenerationError
from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Decoder
from genmodels.lm.patterns import Pattern
from genmodels.lm.rows import RowConditions

PREFILL_CHUNK = 32
"""Positions of a prompt that are taken in at once. Fixed, so that results do not depend on who prefills, and
when."""

_UNKNOWN = -1


@dataclass
class _Layout:
    """From position `start` on, these rows are in this cache."""

    start: int
    rows: RowConditions
    cache: KVCache


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
        self._prefix = 0

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
        return self._layouts[-1].cache.length - self._prefix if self._layouts else 0

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
        """Let the next positions run under `rows`."""
        if self._layouts and rows is self._layouts[-1].rows:
            return
        position = self.position
        self.rewind(position)
        if position == 0:
            self._layouts.clear()
            prefix = 0 if rows.prefix is None else rows.prefix.shape[1]
            cache = self.decoder.new_cache(rows.rows, prefix + len(self.pattern.layout))
            if rows.prefix is not None:
                self.decoder.run_prefix(rows.prefix, rows.context, cache)
            self._prefix = prefix
            self._layouts.append(_Layout(0, rows, cache))
            return
        current = self._layouts[-1]
        sources = rows.sources_from(current.rows)
        in_place = sources == list(range(current.rows.rows))
        cache = current.cache if in_place else current.cache.gather_rows(sources)
        self._layouts.append(_Layout(position, rows, cache))
        while len({id(layout.cache) for layout in self._layouts}) > self._max_caches:
            del self._layouts[0]

    def prefill(self, stop: int) -> None:
        """Take in the positions up to `stop`, at once; their tokens must be known."""
        start = self.position
        if stop > start:
            self._run(start, stop, want_logits=False)

    def step(self) -> None:
        """Take in one position and fill the unknown cells of the step after it."""
        position = self.position
        logits = self._run(position, position + 1, want_logits=True)
        following = self._sequence[:, :, position + 1]
        unknown = following == _UNKNOWN
        if unknown.any():
            assert logits is not None
            tokens = self._layouts[-1].rows.draw(logits, self.offset + position + 1)
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
            self._layouts[-1].cache.truncate(position + self._prefix)

    def _run(self, start: int, stop: int, want_logits: bool) -> Tensor | None:
        layout = self._layouts[-1]
        tokens = self._sequence[layout.rows.row_voice, :, start:stop]
        added = None
        if layout.rows.frames is not None:
            local = np.minimum(np.arange(start, stop), self.frames - 1)
            added = layout.rows.frames.at(local + self.offset)
        return self.decoder.run(tokens, added, layout.rows.context, layout.cache, want_logits)
