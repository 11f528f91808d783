"""Sound as numbers: its spectrum over time, and measures of what is usual."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from daw_bridge.audio.analysis import onset_envelope, onset_times, rms

Samples = npt.NDArray[np.float32]
Mel = npt.NDArray[np.float32]

RATE = 32000
FRAMES_A_SECOND = 100
BANDS = 80
TRANSFORM, WINDOW, HOP = 2048, 1280, RATE // FRAMES_A_SECOND
LOWEST_HZ, HIGHEST_HZ = 30.0, 15500.0
FLOOR = 1e-7


@lru_cache(maxsize=1)
def _mel_matrix() -> torch.Tensor:
    """Triangular bands of equal width in mel and equal sum [bins, BANDS]."""

    def mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return 2595.0 * np.log10(1.0 + np.asarray(hz, np.float64) / 700.0)

    bins = mel(np.fft.rfftfreq(TRANSFORM, 1.0 / RATE))
    edges = np.linspace(float(mel(LOWEST_HZ)), float(mel(HIGHEST_HZ)), BANDS + 2)
    rise = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0.0, np.minimum(rise, fall))
    return torch.from_numpy((bands / np.maximum(bands.sum(0), 1e-9)).astype(np.float32))


def log_mel(sound: Samples) -> Mel:
    """Natural log of the energy in mel bands [T, BANDS], 100 frames a second, of mono sound at 32 kHz."""
    spectrum = torch.stft(
        torch.from_numpy(sound), TRANSFORM, HOP, WINDOW, torch.hann_window(WINDOW), return_complex=True
    )
    power = spectrum.real**2 + spectrum.imag**2
    mel: Mel = torch.log(power.T @ _mel_matrix() + FLOOR)[: len(sound) // HOP].numpy()
    return mel


def onset_rate(sound: Samples) -> float:
    """Onsets a second."""
    return len(onset_times(onset_envelope(sound, RATE))) / max(len(sound) / RATE, 1e-9)


def level_db(sound: Samples) -> float:
    """Root mean square in dB of full scale."""
    return 20.0 * float(np.log10(max(rms(sound), 1e-6)))


def centroid_hz(sound: Samples) -> float:
    """Centre of the magnitude spectrum in Hz."""
    spectrum = np.abs(np.fft.rfft(sound))
    return float(
        (spectrum * np.fft.rfftfreq(len(sound), 1.0 / RATE)).sum() / max(float(spectrum.sum()), 1e-9)
    )


def pieces(sound: Samples, seconds: float) -> list[Samples]:
    """Consecutive pieces of so many seconds; what is left is dropped."""
    length = round(seconds * RATE)
    return [sound[at : at + length] for at in range(0, len(sound) - length + 1, length)]
