"""Bringing sound to the rate and channels of a model."""

from __future__ import annotations

import torch
from torch import Tensor

from genmodels.errors import GenerationError


def sound_fault(value: object) -> str | None:
    """Why a value is no sound, as the rest of a sentence that begins with its name; None if it is a tensor of
    floating-point samples."""
    if not isinstance(value, Tensor):
        return f"is of type {type(value).__name__}, must be a tensor"
    if not value.is_floating_point():
        kind = str(value.dtype).removeprefix("torch.")
        return f"is {kind}, must be floating point, in [-1, 1]: of 16-bit samples, divide by 32768"
    return None


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
