"""The melodic part of a recording, without drums and bass."""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

from genmodels.conditioning.excerpt import as_mono
from genmodels.conditioning.recording import Recording
from genmodels.errors import CheckpointError
from genmodels.sharing import shared_while_used

_MODEL = "htdemucs"
_MELODIC = ("vocals", "other")


def stems_available() -> bool:
    """Whether the optional package `demucs` is installed."""
    return find_spec("demucs") is not None


@lru_cache(maxsize=1)
def _say_mix() -> None:
    warnings.warn(
        "demucs is not installed: the melody is taken from the full mix, drums and bass included "
        "(pip install demucs separates them)",
        stacklevel=4,
    )


def separator() -> Any:
    """The separating model, or None where demucs is not installed; who holds it shares it with
    `melody_of`, and with the last holder its memory is free.

    Raises:
        CheckpointError: its weights cannot be loaded.
    """
    return _loaded(_MODEL) if stems_available() else None


@shared_while_used
def _loaded(name: str) -> Any:
    try:
        return import_module("demucs.pretrained").get_model(name).eval()
    except (OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"demucs model {name!r} cannot be loaded: {error}. Go online once so that it is kept, or "
            f"uninstall demucs to take the full mix"
        ) from error


@lru_cache(maxsize=4)
def melody_of(recording: Recording, sample_rate: int, device: str = "cpu") -> Recording:
    """Voice and melodic instruments of a recording, mono at a rate; the full mix, which is said once, where
    demucs is not installed.

    The whole recording is separated at once, not window by window. Demucs shifts sound by a random time
    unless told not to; it is told so, because the same recording must give the same music.
    """
    model = separator()
    if model is None:
        _say_mix()
        return as_mono(recording, sample_rate)
    wav = torch.from_numpy(recording.wav.copy())
    channels = int(model.audio_channels)
    wav = wav.expand(channels, -1) if len(wav) == 1 else wav[:channels]
    if recording.sample_rate != model.samplerate:
        from torchaudio.functional import resample

        wav = resample(wav, recording.sample_rate, model.samplerate)
    with torch.no_grad():
        stems = import_module("demucs.apply").apply_model(model, wav[None], shifts=0, device=device)[0]
    melodic = stems[[list(model.sources).index(name) for name in _MELODIC]].sum(0)
    return as_mono(Recording(melodic.cpu().numpy(), int(model.samplerate)), sample_rate)
