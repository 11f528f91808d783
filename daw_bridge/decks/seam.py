"""The seam of a rollback: what was generated already fades out under what is generated anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daw_bridge.decks.pieces import Samples
from daw_bridge.engine.ring import PcmRing

SEAM_S = 0.016


class Seam:
    """Lays what was given up under what comes instead, in a voice's ring, before it is read.

    The fade begins at the first sample that differs: until then the sound is the same. A second rollback
    before anything new has come changes nothing: what would have sounded first fades out.

    Args:
        ring: of the voice. reach: model samples in which the first difference is looked for.
    """

    def __init__(self, ring: PcmRing, reach: int, sample_rate: int) -> None:
        self._ring = ring
        self._length = round(SEAM_S * sample_rate)
        self._reach = reach + self._length
        self._start = 0
        self._old: Samples | None = None

    def keep(self, start: int, limit: int) -> None:
        """What is valid below ``limit`` is given up from model sample ``start`` on."""
        if self._old is not None and self._start <= start:
            return
        stop = min(limit, start + self._reach)
        self._old = self._ring.read(start, stop - start) if 0 < start < stop else None
        self._start = start

    def join(self, limit: int) -> int:
        """New PCM is there below ``limit``; returns below what it may be read."""
        old = self._old
        if old is None or limit <= self._start:
            return limit
        stop = min(limit, self._start + len(old))
        new = self._ring.read(self._start, stop - self._start)
        other = np.flatnonzero((new != old[: len(new)]).any(axis=1))
        if not len(other):
            if stop < limit or stop == self._start + len(old):
                self._old = None
            return limit
        first = int(other[0])
        end = min(first + self._length, len(old))
        if self._start + end > limit:
            return self._start + first
        self._ring.write(self._start + first, joined(old[first:end], new[first:end]))
        self._old = None
        return limit


def joined(old: Samples, new: Samples) -> Samples:
    """``old`` [n, channels] fading over to ``new`` of the same shape, at an even level.

    The two have the same past, so they may be anything from equal to unrelated. Where w rises from 0 to 1
    the sum of w new and (1 - w) old has, for a correlation r, the power w^2 + (1 - w)^2 + 2 r w (1 - w) of
    theirs; it is divided by the root of that: equal sounds keep their level, unrelated ones fade with equal
    power.
    """
    rising = np.sin(np.pi / 2 * (np.arange(len(new)) + 0.5) / len(new))[:, None] ** 2
    falling = 1.0 - rising
    level = np.sqrt(rising**2 + falling**2 + 2.0 * _likeness(old, new) * rising * falling)
    sound: Samples = ((rising * new + falling * old) / level).astype(np.float32)
    return sound


def _likeness(old: Samples, new: Samples) -> float:
    """Correlation of two sounds, 0 where they oppose each other: what cancels must not be made up for."""
    first: NDArray[np.float64] = old.astype(np.float64).ravel()
    second: NDArray[np.float64] = new.astype(np.float64).ravel()
    size = float(np.sqrt(np.dot(first, first) * np.dot(second, second)))
    return max(0.0, float(np.dot(first, second)) / size) if size > 1e-12 else 1.0
