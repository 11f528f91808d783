"""Which part of a recording is heard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from genmodels.conditioning.recording import Recording


@dataclass(frozen=True)
class Span:
    """A stretch of time on an endlessly repeated recording.

    Args:
        start: seconds, >= 0.
        duration: seconds, > 0.
    """

    start: float
    duration: float


def excerpt(recording: Recording, span: Span | None) -> Tensor:
    """Samples [n] of a mono recording; with a span, samples (int(start * rate) + [0, int(duration * rate)))
    modulo its length."""
    wav = recording.wav[0]
    if span is None:
        return torch.from_numpy(wav.copy())
    start = int(span.start * recording.sample_rate)
    places = (start + np.arange(int(span.duration * recording.sample_rate))) % len(wav)
    return torch.from_numpy(wav[places])


@lru_cache(maxsize=4)
def as_mono(recording: Recording, sample_rate: int) -> Recording:
    """A recording mixed to mono at another rate."""
    if recording.sample_rate == sample_rate and len(recording.wav) == 1:
        return recording
    mono = torch.from_numpy(recording.wav.mean(0, keepdims=True))
    if recording.sample_rate != sample_rate:
        from torchaudio.functional import resample

        mono = resample(mono, recording.sample_rate, sample_rate)
    return Recording(mono.numpy(), sample_rate)
