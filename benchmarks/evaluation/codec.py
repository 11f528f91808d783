"""What the codec loses: of music like that it learned from, and of sounds that are nothing like it."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.evaluation.features import RATE, Samples
from benchmarks.evaluation.foreign import bursts, speech, sweeps
from benchmarks.evaluation.material import through
from benchmarks.results import Figure
from genmodels.codec.base import CompressionModel
from genmodels.training.losses import MultiResolutionMel, si_sdr
from genmodels.training.speed import codec_speed

PIECE_S = 4.0
DECODE_X = 15.0


def codec_figures(codec: CompressionModel, held_out: list[Samples]) -> list[Figure]:
    """Multi-resolution mel distance and SI-SDR of each kind of sound, after encoding and decoding, beside
    those of steady noise with the sound's own spectrum (floor): a codec that kept the colour alone.

    Args:
        codec: mono, at 32 kHz.
        held_out: stretches of held-out renders, of `PIECE_S` each.
    """
    kinds = {
        "held-out renders": held_out,
        "speech": speech(PIECE_S),
        "noise bursts": bursts(PIECE_S),
        "sine sweeps": sweeps(PIECE_S),
    }
    figures = []
    for kind, sounds in kinds.items():
        if not sounds:
            figures.append(Figure(f"{kind}, mel distance", float("nan"), "", note="espeak-ng is not there"))
            continue
        mel, sdr = _distances(sounds, [through(codec, sound) for sound in sounds])
        floor_mel, floor_sdr = _distances(sounds, [steady(sound, n) for n, sound in enumerate(sounds)])
        note = f"{len(sounds)} of {PIECE_S:g} s"
        figures += [
            Figure(f"{kind}, mel distance", mel, "", note=note),
            Figure(f"{kind}, mel distance of steady noise", floor_mel, "", note="floor"),
            Figure(f"{kind}, SI-SDR", sdr, "dB"),
            Figure(f"{kind}, SI-SDR of steady noise", floor_sdr, "dB", note="floor"),
        ]
    return figures + _speed(codec)


def steady(sound: Samples, seed: int) -> Samples:
    """Noise that has the magnitudes of a sound's whole spectrum and phases drawn at random."""
    spectrum = np.fft.rfft(sound)
    phases = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, len(spectrum))
    return np.fft.irfft(np.abs(spectrum) * np.exp(1j * phases), len(sound)).astype(np.float32)


def _distances(sounds: list[Samples], made: list[Samples]) -> tuple[float, float]:
    """Mean mel distance and median SI-SDR in dB."""
    measure = MultiResolutionMel(RATE)
    mel, sdr = [], []
    for sound, other in zip(sounds, made, strict=True):
        wanted, got = (torch.from_numpy(np.asarray(each))[None] for each in (sound, other))
        mel.append(float(measure(got, wanted)))
        sdr.append(float(si_sdr(got, wanted)))
    return float(np.mean(mel)), float(np.median(sdr))


def _speed(codec: CompressionModel) -> list[Figure]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        speed = codec_speed(codec)
    finally:
        torch.set_num_threads(threads)
    return [
        Figure("encode and decode", speed.both, "x real time", note="one thread"),
        Figure("decode", speed.decode, "x real time", at_least=DECODE_X, note="one thread"),
    ]
