"""Sounds that no corpus of this repository has: speech, noise bursts, sine sweeps; the same every time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio

from benchmarks.evaluation.features import RATE, Samples

SPEECH = (
    ("en-us", "The drummer counts to four, and then nobody waits for anybody."),
    ("en-gb+f3", "Please leave the bass where it is, and turn the hall up a little."),
    ("de+m3", "Der Takt bleibt stehen, wenn keiner mehr zuhört, aber nur ganz kurz."),
    ("fr+f2", "On recommence au refrain, doucement, sans la batterie cette fois."),
    ("it+m5", "La seconda voce entra dopo due battute, piano, quasi niente."),
    ("es+f4", "Otra vez desde el puente, un poco más rápido que antes."),
)
PEAK = 0.5
BURSTS, SWEEPS = 8, 8
LOWEST_HZ, HIGHEST_HZ = 40.0, 14000.0


def speech(seconds: float) -> list[Samples]:
    """Sentences in five languages, spoken by espeak-ng; none where it is not installed."""
    if shutil.which("espeak-ng") is None:
        return []
    return [_spoken(voice, text, seconds) for voice, text in SPEECH]


def bursts(seconds: float) -> list[Samples]:
    """Trains of noise bursts: 5 to 300 ms long, each in a band of its own, with silence between."""
    return [_burst_train(np.random.default_rng([1, seed]), seconds) for seed in range(BURSTS)]


def sweeps(seconds: float) -> list[Samples]:
    """Sines that glide evenly in pitch between random ends, up and down, one to three at a time."""
    return [_glides(np.random.default_rng([2, seed]), seconds) for seed in range(SWEEPS)]


def _spoken(voice: str, text: str, seconds: float) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), text], check=True)
        sound, rate = soundfile.read(path, dtype="float32")
    resampled: Samples = torchaudio.functional.resample(torch.from_numpy(sound), rate, RATE).numpy()
    return _fitted(resampled, seconds)


def _burst_train(rng: np.random.Generator, seconds: float) -> Samples:
    sound = np.zeros(round(seconds * RATE))
    at = 0.0
    while at < seconds - 0.35:
        length = round(np.geomspace(0.005, 0.3, 64)[rng.integers(64)] * RATE)
        low, high = np.sort(np.exp(rng.uniform(np.log(LOWEST_HZ), np.log(HIGHEST_HZ), 2)))
        spectrum = np.fft.rfft(rng.standard_normal(length))
        hertz = np.fft.rfftfreq(length, 1.0 / RATE)
        # a band is never narrower than the burst's own resolution
        spectrum[(hertz < low) | (hertz > max(high, low + 2.0 * RATE / length))] = 0.0
        burst = np.fft.irfft(spectrum, length) * np.hanning(length)
        first = round(at * RATE)
        sound[first : first + length] += rng.uniform(0.2, 1.0) * burst / max(np.abs(burst).max(), 1e-9)
        at += length / RATE + rng.uniform(0.02, 0.3)
    return _fitted(sound, seconds)


def _glides(rng: np.random.Generator, seconds: float) -> Samples:
    count = round(seconds * RATE)
    sound = np.zeros(count)
    for _ in range(rng.integers(1, 4)):
        begin, end = rng.uniform(np.log(LOWEST_HZ), np.log(HIGHEST_HZ), 2)
        hertz = np.exp(np.linspace(begin, end, count))
        sound += rng.uniform(0.3, 1.0) * np.sin(2.0 * np.pi * np.cumsum(hertz) / RATE)
    return _fitted(sound, seconds)


def _fitted(sound: np.ndarray, seconds: float) -> Samples:
    """Cut or filled up to a length, at an even peak."""
    count = round(seconds * RATE)
    fitted = np.pad(sound[:count], (0, max(0, count - len(sound))))
    return np.asarray(PEAK * fitted / max(float(np.abs(fitted).max()), 1e-9), np.float32)
