"""Resampling by absolute position: any block of the output, from any place, without state.

A deck drops and regenerates audio, jumps back from a hold loop and starts on a bar's sample. A resampler that
carries state (soxr's stream) must be re-primed at each of these and holds 18 to 29 ms of input back for its
own filter; this one needs `PolyphaseResampler.reach` samples (2 ms) and has nothing to re-prime.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

HALF_TAPS = 64
STOPBAND_DB = 90.0


class PolyphaseResampler:
    """Windowed-sinc resampler between two integer rates.

    Output sample ``m`` lies at input position ``m * in_rate / out_rate`` exactly, whatever the block borders.

    Attributes:
        reach: input samples needed on either side of a position; 0 for equal rates.
    """

    def __init__(self, in_rate: int, out_rate: int) -> None:
        if in_rate <= 0 or out_rate <= 0:
            raise ValueError(f"rates must be > 0 Hz, not {in_rate} and {out_rate}")
        divisor = gcd(in_rate, out_rate)
        self.in_rate, self.out_rate = in_rate, out_rate
        self._up, self._down = out_rate // divisor, in_rate // divisor
        self.reach = 0 if self._up == self._down else -(-HALF_TAPS * max(in_rate, out_rate) // out_rate)
        self._table = self._design() if self.reach else np.ones((1, 1), np.float32)

    def _design(self) -> NDArray[np.float32]:
        """Taps [phases, 2 * reach]; row p serves positions p / phases after an input sample."""
        narrow = min(1.0, self.out_rate / self.in_rate)
        transition = (STOPBAND_DB - 7.95) / (14.36 * 2 * self.reach)
        cutoff = narrow - transition
        taps = np.arange(1 - self.reach, self.reach + 1)
        offsets = taps[None, :] - np.arange(self._up)[:, None] / self._up
        beta = 0.1102 * (STOPBAND_DB - 8.7)
        window = np.i0(beta * np.sqrt(np.maximum(0.0, 1.0 - (offsets / self.reach) ** 2))) / np.i0(beta)
        table = cutoff * np.sinc(cutoff * offsets) * window
        normalised: NDArray[np.float32] = (table / table.sum(1, keepdims=True)).astype(np.float32)
        return normalised

    def input_span(self, first: int, count: int) -> tuple[int, int]:
        """Input samples (start, stop) that output samples ``first .. first + count - 1`` are made of."""
        last = (first + count - 1) * self._down // self._up
        if self.reach == 0:
            return first, first + count
        return first * self._down // self._up - self.reach + 1, last + self.reach + 1

    def output_end(self, input_end: int) -> int:
        """First output sample that cannot be made when only input samples < ``input_end`` are known."""
        if self.reach == 0:
            return input_end
        return -(-(input_end - self.reach) * self._up // self._down)

    def process(self, block: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
        """Output samples ``first .. first + count - 1`` from exactly the input of `input_span`: [n], or
        [n, channels]."""
        if self.reach == 0:
            return block
        positions = np.arange(first, first + count) * self._down
        base = positions // self._up
        windows = sliding_window_view(block, 2 * self.reach, axis=0)[base - base[0]]
        out: NDArray[np.float32] = np.einsum("i...j,ij->i...", windows, self._table[positions % self._up])
        return out
