"""Tiny models that hear recordings."""

from __future__ import annotations

from typing import Any

import numpy as np

from genmodels.conditioning.attributes import Recording
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision
from tests.genmodels.tiny import tiny_musicgen

RATE = 400
"""Of the tiny models, in Hz."""

CONDITIONERS: dict[str, Any] = {
    "self_wav": {
        "kind": "chroma_stem", "sample_rate": RATE, "radix2_exp": 6, "duration": 1.6, "stems": "mix"
    },
    "description": {"kind": "words", "dim": 32, "vocabulary": 256},
}  # fmt: skip


def melody_musicgen(precision: Precision = "fp32", **changes: Any) -> MusicGen:
    """Melody and text in front of the sequence; 80 frames a window, 45 of stride, 50 a second."""
    options = {"conditioners": CONDITIONERS, "fuser": {"prepend": ["self_wav", "description"]}} | changes
    return tiny_musicgen(precision, **options)


def tune(seconds: float, seed: int = 0, rate: int = RATE) -> Recording:
    """Random notes, ten a second."""
    generator = np.random.default_rng(seed)
    notes = generator.integers(0, 12, int(np.ceil(10 * seconds)))
    pitches = np.repeat(55 * 2 ** (notes / 12), rate // 10)[: int(seconds * rate)]
    return Recording(np.sin(2 * np.pi * np.cumsum(pitches) / rate)[None].astype(np.float32), rate)
