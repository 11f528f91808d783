"""Seams of the bundled model's own sound, against what goes on in it without any."""

from __future__ import annotations

import os
import secrets

import numpy as np
import pytest
from numpy.typing import NDArray

from daw_bridge.decks.seam import Seam
from daw_bridge.engine.models import EngineModel, load_genmodels
from daw_bridge.engine.ring import PcmRing
from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt

WINDOW = 256
AHEAD = 12


def played(text: str, frame_rate: float) -> Conditions:
    return Conditions((WeightedPrompt(text),), transport=Transport(120.0, frame_rate=frame_rate))


def jump(sound: NDArray[np.float32], at: int) -> tuple[float, float, float]:
    """What changes at a sample: level in dB, mean distance of the log spectra, and the step itself."""
    before, after = sound[at - WINDOW : at], sound[at : at + WINDOW]
    levels = [np.sqrt(np.mean(part**2)) + 1e-4 for part in (before, after)]
    window = np.hanning(WINDOW)
    spectra = [np.log(np.abs(np.fft.rfft(part * window)) + 1e-2) for part in (before, after)]
    return (
        abs(20 * float(np.log10(levels[1] / levels[0]))),
        float(np.abs(spectra[1] - spectra[0]).mean()),
        abs(float(sound[at] - sound[at - 1])),
    )


def cut(model: EngineModel, first: Conditions, then: Conditions, seed: int, frame: int) -> tuple[float, ...]:
    """The jump where other conditions hold from a frame on, after some frames beyond it had been made."""
    hop = model.hop_length
    ring = PcmRing.create(4 * model.sample_rate, f"test_{os.getpid()}_{secrets.token_hex(3)}")
    try:
        voice = model.open(first, seed, None)
        old = voice.advance(frame + AHEAD)
        ring.write(0, old)
        seam = Seam(ring, voice.lookahead_frames * hop, model.sample_rate)
        start = max(0, frame - voice.lookahead_frames) * hop
        seam.keep(start, len(old))
        voice.set_conditions(then, frame)
        assert voice.pcm_frame * hop == start
        while voice.frame < frame + AHEAD:
            at = voice.pcm_frame * hop
            ring.write(at, voice.advance(voice.frame + 1))
            seam.join(voice.pcm_frame * hop)
        sound = ring.read(0, voice.pcm_frame * hop)[:, 0]
        differs = np.flatnonzero(sound[start:] != old[start : len(sound)])
        return jump(sound, start + int(differs[0]))
    finally:
        ring.close()


@pytest.mark.slow
def test_a_seam_is_no_greater_step_in_level_or_spectrum_than_the_music_itself() -> None:
    model = load_genmodels("mini", "cpu")
    first = played("warm lo-fi piano, soft drums", model.frame_rate)
    then = played("techno, hard drums, acid bass", model.frame_rate)
    music, seams = [], []
    for seed in range(3):
        sound = model.open(first, seed, None).advance(100)
        music += [jump(sound, at) for at in range(20 * model.hop_length, len(sound) - WINDOW, 320)]
        seams += [cut(model, first, then, seed, frame) for frame in (45, 60, 80)]
    own, at_seams = np.array(music), np.array(seams)
    assert (np.median(at_seams, axis=0) <= 1.1 * np.median(own, axis=0)).all()
    assert (at_seams.max(axis=0) <= np.percentile(own, 99, axis=0)).all()
