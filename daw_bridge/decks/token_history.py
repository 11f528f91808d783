"""The last tokens of a voice, from which a new worker can go on."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int16]

KEPT_FRAMES = 600


class TokenHistory:
    """Tokens [K, n] of consecutive frames, the last `KEPT_FRAMES` at least as far as they were given."""

    def __init__(self) -> None:
        self._blocks: deque[Tokens] = deque()
        self._first = 0
        self.end = 0

    def replace(self, first_frame: int, block: Tokens) -> None:
        """Put ``block`` at ``first_frame``; what was known from there on is dropped, and everything if there
        is a gap before it."""
        while self._blocks and self.end > first_frame:
            last = self._blocks.pop()
            self.end -= last.shape[1]
            if (keep := first_frame - self.end) > 0:
                self._append(last[:, :keep])
        if self.end != first_frame:
            self._blocks.clear()
            self._first = self.end = first_frame
        if block.shape[1]:
            self._append(block)
        while self.end - self._first - self._blocks[0].shape[1] >= KEPT_FRAMES if self._blocks else False:
            self._first += self._blocks.popleft().shape[1]

    def before(self, frame: int, count: int) -> Tokens | None:
        """Up to ``count`` frames before ``frame``, as far as they are known; None for none."""
        blocks = list(self._blocks)
        if not blocks:
            return None
        known = np.concatenate(blocks, axis=1)
        stop = min(max(0, frame - self._first), known.shape[1])
        found = known[:, max(0, stop - count) : stop]
        return found if found.shape[1] else None

    def _append(self, block: Tokens) -> None:
        self._blocks.append(block)
        self.end += block.shape[1]
