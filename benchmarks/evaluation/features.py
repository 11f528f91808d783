"""A few seconds of sound as numbers: for classifiers, and to say what is usual."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from daw_bridge.audio.analysis import onset_envelope, onset_times, rms

Samples = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]

RATE = 32000
WINDOW, HOP, BANDS = 1024, 320, 48
LOWEST_HZ, HIGHEST_HZ = 40.0, 15000.0
FLOOR = 1e-5


@lru_cache(maxsize=1)
def _mel_matrix() -> npt.NDArray[np.float64]:
    """Triangular bands of equal width in mel [bins, BANDS]."""

    def mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return 2595.0 * np.log10(1.0 + np.asarray(hz, np.float64) / 700.0)

    bins = mel(np.fft.rfftfreq(WINDOW, 1.0 / RATE))
    edges = np.linspace(float(mel(LOWEST_HZ)), float(mel(HIGHEST_HZ)), BANDS + 2)
    rise = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rise, fall))


def log_mel(sound: Samples) -> Vector:
    """Log energies [T, BANDS], 100 frames a second, of mono sound at 32 kHz, relative to its level."""
    padded = np.concatenate([sound, np.zeros(WINDOW, np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: max(1, len(sound)) : HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    bands = power @ _mel_matrix()
    return np.asarray(np.log(bands / max(float(bands.mean()), 1e-12) + FLOOR))


def describe(sound: Samples) -> Vector:
    """A fixed-length description of some seconds: spectrum, how it moves, and how that repeats."""
    mel = log_mel(sound)
    rise = np.maximum(np.diff(mel, axis=0), 0.0)
    quantiles = np.quantile(mel, (0.1, 0.5, 0.9), axis=0)
    # modulation of eight broad bands: rhythm without its tempo's phase
    broad = mel.reshape(len(mel), 8, -1).mean(2)
    broad = broad - broad.mean(0)
    modulation = np.log1p(np.abs(np.fft.rfft(broad, 512, axis=0))[1:41].reshape(10, 4, 8).mean(1))
    parts = [
        quantiles.ravel(),
        mel.std(0),
        rise.mean(0),
        rise.std(0),
        modulation.ravel(),
        [onset_rate(sound)],
    ]
    return np.concatenate(parts)


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


def windows(sound: Samples, seconds: float, step_s: float | None = None) -> list[Samples]:
    """Consecutive pieces of so many seconds, by default without overlap; what is left is dropped."""
    length, step = round(seconds * RATE), round((step_s or seconds) * RATE)
    return [sound[at : at + length] for at in range(0, len(sound) - length + 1, step)]
