"""Clips as files: bar-exact, complete or not there at all."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import soxr
from numpy.typing import NDArray

from daw_bridge.audio.wav_file import Music
from daw_bridge.decks.mixer import soft_limit
from daw_bridge.decks.protocol import RenderRequest
from daw_bridge.takes.clip import publish_clip

END_FADE_S = 0.002


def clip_frames(request: RenderRequest, sample_rate: int) -> int:
    """Exact length of a clip in samples at a rate."""
    return round(request.bars * request.beats_per_bar * 60.0 / request.tempo * sample_rate)


def write_clip(request: RenderRequest, audio: NDArray[np.float32], sample_rate: int, model: str) -> float:
    """Write ``request.out`` and a JSON file beside it, see `publish_clip`; returns the clip's seconds.

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
    bar = request.beats_per_bar * 60.0 / request.tempo * rate
    music = Music(
        tempo=request.tempo,
        beats=request.bars * request.beats_per_bar,
        beats_per_bar=request.beats_per_bar,
        key=request.key,
        cues=tuple(round(number * bar) for number in range(request.bars)),
    )
    facts = {**asdict(request), "out": request.out.name, "model": model}
    publish_clip(request.out, (audio,), count, audio.shape[1], rate, music, facts)
    return count / rate
