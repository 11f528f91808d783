"""Synthesized drum kits of our own: the sounds of two drum machines and of an 8-bit console, in spirit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from genmodels.training.corpus.instruments import DRUMS
from genmodels.training.corpus.soundfont import SAMPLE_RATE
from genmodels.training.corpus.voices import Sounding

Samples = npt.NDArray[np.float32]
_NAMES = {pitch: name for name, pitch in DRUMS.items()}


def play_kit(kit: str, notes: Sequence[Sounding], samples: int) -> Samples:
    """The notes of a synthesized kit ('808', '909', 'chip') as float32 [samples], cut at its end."""
    sound = np.zeros(samples, np.float32)
    for start_s, _, pitch, velocity in notes:
        first = round(start_s * SAMPLE_RATE)
        hit = drum(kit, _NAMES[pitch])
        last = min(samples, first + len(hit))
        if first < samples:
            sound[first:last] += hit[: last - first] * np.float32((velocity / 127.0) ** 1.5)
    return sound


@lru_cache(maxsize=128)
def drum(kit: str, name: str) -> Samples:
    """One hit of full velocity of a drum, by the names of `DRUMS`."""
    hit = _CHIP.get(name, _chip_noise(0.05, 4)) if kit == "chip" else _machine(kit == "909", name)
    fade = np.minimum(1.0, np.arange(len(hit), 0, -1) / 64.0)
    return np.asarray(hit * fade, np.float32)


def _seconds(length: float) -> npt.NDArray[np.float64]:
    return np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE


def _tone(length: float, high: float, low: float, fall: float, decay: float) -> npt.NDArray[np.float64]:
    """A sine that falls from `high` to `low` Hz with time constant `fall`, decaying with `decay` (s)."""
    t = _seconds(length)
    cycles = np.cumsum(low + (high - low) * np.exp(-t / fall)) / SAMPLE_RATE
    return np.asarray(np.sin(2 * np.pi * cycles) * np.exp(-t / decay))


def _noise(length: float, low_hz: float, high_hz: float, decay: float) -> npt.NDArray[np.float64]:
    """A band of noise with a peak near 1, decaying."""
    t = _seconds(length)
    white = np.random.default_rng(round(low_hz + high_hz + 1000 * decay)).standard_normal(len(t))
    spectrum = np.fft.rfft(white)
    f = np.fft.rfftfreq(len(t), 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (low_hz / np.maximum(f, 1)) ** 6) ** 0.5 / (1 + (f / high_hz) ** 6) ** 0.5
    band = np.fft.irfft(spectrum, len(t)) * np.exp(-t / decay)
    return np.asarray(band / np.abs(band).max())


def _metal(length: float, decay: float, low_hz: float) -> npt.NDArray[np.float64]:
    """Six inharmonic squares and noise above `low_hz`: hats and cymbals of a drum machine."""
    t = _seconds(length)
    squares = np.sum([np.sign(np.sin(2 * np.pi * f * t)) for f in (263, 400, 421, 474, 587, 845)], axis=0)
    spectrum = np.fft.rfft(squares)
    f = np.fft.rfftfreq(len(t), 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (low_hz / np.maximum(f, 1)) ** 8) ** 0.5
    ring = np.fft.irfft(spectrum, len(t))
    mixed = ring / np.abs(ring).max() * np.exp(-t / decay) + 0.7 * _noise(length, low_hz, 15000, decay)
    return np.asarray(mixed / np.abs(mixed).max())


def _clap(decay: float) -> npt.NDArray[np.float64]:
    sound = 0.7 * _noise(0.25, 900, 5000, decay)
    burst = _noise(0.02, 900, 6000, 0.004)
    # the strokes lead up to the beat by no more than its timing bears
    for offset in (0, 290, 580):
        sound[offset : offset + len(burst)] += 0.6 * burst
    return sound


def _machine(punchy: bool, name: str) -> npt.NDArray[np.float64]:
    """A drum of the punchier machine (909) or of the rounder one (808)."""
    drums: dict[str, Callable[[], npt.NDArray[np.float64]]] = {
        "kick": lambda: (
            _tone(0.35, 320, 52, 0.018, 0.12) + _pad(0.3 * _noise(0.02, 1500, 8000, 0.004), 0.35)
            if punchy
            else 1.1 * _tone(0.7, 160, 46, 0.02, 0.28)
        ),
        "snare": lambda: (
            _pad(0.7 * _tone(0.15, 260, 185, 0.02, 0.06), 0.25)
            + (0.8 if punchy else 0.5) * _noise(0.25, 1200, 12000, 0.09 if punchy else 0.06)
        ),
        "clap": lambda: _clap(0.07 if punchy else 0.1),
        "stick": lambda: _pad(_tone(0.03, 1700, 1650, 0.01, 0.01), 0.05),
        "hat": lambda: 0.45 * _metal(0.08, 0.022, 7000),
        "pedal": lambda: 0.4 * _metal(0.1, 0.03, 7000),
        "open": lambda: 0.5 * _metal(0.4, 0.14, 6500),
        "ride": lambda: 0.4 * _metal(0.8, 0.3, 5500),
        "crash": lambda: 0.6 * _metal(1.6, 0.6, 4000),
        "cowbell": lambda: 0.5 * _pad(_cowbell(), 0.3),
        "high tom": lambda: 0.8 * _tone(0.3, 260, 190, 0.03, 0.11),
        "tom": lambda: 0.8 * _tone(0.35, 200, 140, 0.03, 0.13),
        "low tom": lambda: 0.9 * _tone(0.4, 150, 95, 0.03, 0.15),
    }
    drums["conga"] = drums["high conga"] = drums["high tom"]
    drums["low conga"] = drums["tom"]
    if name in drums:
        return drums[name]()
    return 0.4 * _noise(0.08, 5000, 14000, 0.025)


def _cowbell() -> npt.NDArray[np.float64]:
    t = _seconds(0.3)
    pair = np.sign(np.sin(2 * np.pi * 540 * t)) + np.sign(np.sin(2 * np.pi * 800 * t))
    return np.asarray(0.5 * pair * np.exp(-t / 0.07))


def _pad(sound: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    padded = np.zeros(round(length * SAMPLE_RATE))
    padded[: min(len(padded), len(sound))] = sound[: len(padded)]
    return padded


def _chip_noise(length: float, hold: int) -> npt.NDArray[np.float64]:
    """Noise of two levels that changes every `hold` samples."""
    count = round(length * SAMPLE_RATE)
    levels = np.random.default_rng(hold).integers(0, 2, count // hold + 1) * 2.0 - 1.0
    return np.asarray(np.repeat(levels, hold)[:count] * np.exp(-_seconds(length) / (length / 3)) * 0.5)


_CHIP = {
    "kick": np.sign(_tone(0.12, 300, 50, 0.02, 10.0)) * np.exp(-_seconds(0.12) / 0.05) * 0.8,
    "snare": _chip_noise(0.14, 3),
    "clap": _chip_noise(0.12, 3),
    "hat": 0.6 * _chip_noise(0.04, 1),
    "open": 0.6 * _chip_noise(0.15, 1),
    "crash": 0.8 * _chip_noise(0.6, 2),
    "tom": np.sign(_tone(0.15, 260, 120, 0.03, 10.0)) * np.exp(-_seconds(0.15) / 0.06) * 0.6,
    "high tom": np.sign(_tone(0.15, 400, 200, 0.03, 10.0)) * np.exp(-_seconds(0.15) / 0.06) * 0.6,
    "low tom": np.sign(_tone(0.15, 180, 80, 0.03, 10.0)) * np.exp(-_seconds(0.15) / 0.06) * 0.6,
}
