"""Pieces of a voice's sound: resampled, and faded over one another with equal power."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daw_bridge.decks.geometry import Geometry

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Switch:
    """From output sample ``at`` on, ``length`` samples fade over from the place ``old`` in the voice."""

    old: int | None
    at: int
    length: int


@dataclass(frozen=True)
class Piece:
    """PCM [n, channels] to be resampled to ``count`` output samples from ``first`` on, relative to the
    voice's place, and where its fade lies: +1 rising, -1 falling, 0 none."""

    pcm: Samples
    first: int
    count: int
    direction: int


def mixed(
    pieces: Iterable[Piece], switch: Switch | None, geometry: Geometry, start: int, count: int
) -> Samples:
    """The sum [count, channels] of pieces that begin at output sample ``start``; those that fade do so as
    ``switch`` says."""
    out = np.zeros((count, geometry.channels), np.float32)
    for piece in pieces:
        block = geometry.resampler.process(piece.pcm, piece.first, piece.count)
        if piece.direction and switch is not None:
            rising = _phase(start, piece.count, switch.at, switch.length)
            block = block * _gain(rising if piece.direction > 0 else 1.0 - rising)
        out[: piece.count] += block
    return out


def faded_out(block: Samples, start: int, stop: int, length: int) -> Samples:
    """A block [count, channels] that begins at output sample ``start``, falling to silence within ``length``
    samples from ``stop`` on."""
    if start + len(block) <= stop:
        return block
    return block * _gain(1.0 - _phase(start, len(block), stop, length))


def _phase(start: int, count: int, at: int, length: int) -> NDArray[np.float64]:
    return (np.arange(start, start + count) - at + 0.5) / length


def _gain(phase: NDArray[np.float64]) -> Samples:
    return np.sin(np.pi / 2 * np.clip(phase, 0.0, 1.0)).astype(np.float32)[:, None]
