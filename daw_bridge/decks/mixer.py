"""Sums the decks for the feeder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SMOOTHING_S = 0.006
SILENT_DB = -60.0
KNEE = 0.8


class Part(Protocol):
    """Something that sounds, as [count, channels] of its own; a deck is one."""

    def read(self, start: int, count: int) -> Samples | None: ...


class Gain:
    """A gain that glides to where it was set, without steps.

    Setting is safe from any thread; `ramp` is for the feeder.
    """

    def __init__(self, sample_rate: int) -> None:
        self._decay = 1.0 / (SMOOTHING_S * sample_rate)
        self._target = self._value = 1.0

    def set_db(self, gain: float, at_once: bool = False) -> None:
        """Glide to ``gain`` dB; `SILENT_DB` and below is silence. ``at_once`` is for when nothing sounds."""
        self._target = 0.0 if gain <= SILENT_DB else 10.0 ** (gain / 20.0)
        if at_once:
            self._value = self._target

    def ramp(self, count: int) -> Samples | float:
        """The factors [count, 1] of the next ``count`` samples: one number when it rests."""
        target = self._target
        distance = self._value - target
        if abs(distance) < 1e-5:
            self._value = target
            return target
        factors: NDArray[np.float64] = target + distance * np.exp(-self._decay * np.arange(1, count + 1))
        self._value = float(factors[-1])
        smooth: Samples = factors.astype(np.float32)[:, None]
        return smooth


def soft_limit(samples: Samples) -> Samples:
    """Leave samples within `KNEE` as they are and bend what is louder, so that all stay within -1..1; what
    is no number becomes 0."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    if not math.isfinite(peak):
        return soft_limit(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0))
    if peak <= KNEE:
        return samples
    size = np.abs(samples)
    bent = KNEE + (1.0 - KNEE) * np.tanh((size - KNEE) / (1.0 - KNEE))
    return np.where(size <= KNEE, samples, np.copysign(bent, samples)).astype(np.float32)


def laid_on(block: Samples, channels: int) -> Samples:
    """Sound [n, C] on [n, channels] outputs: mono is on all of them, stereo on the first two, and on a single
    one everything is mixed."""
    if block.shape[1] == channels:
        return block
    if block.shape[1] == 1:
        return np.broadcast_to(block, (len(block), channels))
    if channels == 1:
        mono: Samples = block.mean(axis=1, keepdims=True, dtype=np.float32)
        return mono
    out = np.zeros((len(block), channels), np.float32)
    shared = min(block.shape[1], channels)
    out[:, :shared] = block[:, :shared]
    return out


class Mixer:
    """The feeder's source: decks times their gains, times the master gain, limited."""

    def __init__(self, parts: Sequence[Part], sample_rate: int, channels: int) -> None:
        self._parts = tuple(parts)
        self._channels = channels
        self.gains = tuple(Gain(sample_rate) for _ in parts)
        self.master = Gain(sample_rate)

    def read(self, start: int, count: int) -> Samples:
        """Output samples ``start ..`` as [count, channels] within -1..1."""
        mixed = np.zeros((count, self._channels), np.float32)
        for part, gain in zip(self._parts, self.gains, strict=True):
            block = part.read(start, count)
            factors = gain.ramp(count)
            if block is not None:
                mixed += laid_on(block, self._channels) * factors
        return soft_limit(mixed * self.master.ramp(count))
