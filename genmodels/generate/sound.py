"""Bringing sound to the rate and channels of a model."""

from __future__ import annotations

import torch
from torch import Tensor

from genmodels.errors import GenerationError


def convert_audio(wav: Tensor, sample_rate: int, to_rate: int, to_channels: int) -> Tensor:
    """Resample and mix sound.

    Args:
        wav: [..., C, T] float.
        sample_rate, to_rate: in Hz, > 0.
        to_channels: mono is spread to any number; anything is mixed to mono; otherwise C must equal it.
    Returns:
        [..., to_channels, T'].
    Raises:
        GenerationError: the sound has no samples or is not finite, or its channels cannot be mapped.
    """
    if sample_rate <= 0:
        raise GenerationError(f"sample rate is {sample_rate} Hz, must be > 0")
    if wav.ndim < 2 or not wav.numel():
        raise GenerationError(f"sound has shape {tuple(wav.shape)}, must be [..., channels, samples >= 1]")
    if not bool(torch.isfinite(wav).all()):
        raise GenerationError("sound has samples that are not finite")
    channels = wav.shape[-2]
    if to_channels == 1:
        wav = wav.mean(-2, keepdim=True)
    elif channels == 1:
        wav = wav.expand(*wav.shape[:-2], to_channels, -1)
    elif channels != to_channels:
        raise GenerationError(
            f"sound has {channels} channels, this model takes {to_channels}: give that many, or mono"
        )
    if sample_rate != to_rate:
        from torchaudio.functional import resample

        resampled: Tensor = resample(wav, sample_rate, to_rate)
        return resampled
    return wav
