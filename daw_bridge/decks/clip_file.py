"""Clips as files: bar-exact, complete or not there at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from daw_bridge.decks.mixer import soft_limit
from daw_bridge.decks.protocol import RenderRequest
from daw_bridge.errors import ClipError

END_FADE_S = 0.002


def clip_frames(request: RenderRequest, sample_rate: int) -> int:
    """Exact length of a clip in samples at a rate."""
    return round(request.bars * request.beats_per_bar * 60.0 / request.tempo * sample_rate)


def write_clip(request: RenderRequest, audio: NDArray[np.float32], sample_rate: int, model: str) -> float:
    """Write ``request.out`` (PCM, 24 bit) and a JSON file beside it; returns the clip's seconds.

    Each file appears whole: it is written under a temporary name in the same folder, synced, and renamed.

    Args:
        audio: [samples, channels] from the first bar's first sample, at least as long as the clip.
        sample_rate: of ``audio``, Hz.

    Raises:
        ClipError: the folder is missing or cannot be written.
    """
    rate = request.sample_rate or sample_rate
    count = clip_frames(request, rate)
    if rate != sample_rate:
        audio = soxr.resample(audio, sample_rate, rate, quality="VHQ")
    audio = soft_limit(audio[:count].astype(np.float32, copy=True))
    fade = max(1, round(END_FADE_S * rate))
    audio[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    facts = {
        **asdict(request),
        "out": request.out.name,
        "model": model,
        "sample_rate": rate,
        "samples": count,
        "seconds": count / rate,
    }
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    try:
        _publish(request.out, lambda path: soundfile.write(path, audio, rate, "PCM_24", format="WAV"))
        _publish(request.out.with_suffix(".json"), lambda path: path.write_text(text, encoding="utf-8"))
    except (OSError, soundfile.SoundFileError) as error:
        raise ClipError(f"clip {request.out} cannot be written: {error}") from error
    return count / rate


def _publish(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        descriptor = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
