"""Some seconds of music as one vector: timbre, how it moves, and how that repeats, whatever the level."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.features import BANDS, FRAMES_A_SECOND, Mel

Vector = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]

RANGE = 14.0
"""Natural log units below the loudest band of the loudest frame; what is softer is cut."""
CEPSTRUM = 20
BROAD = 10
SLOWEST_HZ, FASTEST_HZ, RATES = 0.4, 25.0, 20
TRANSFORM = 1024
LAG = 4


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """Type II cosine transform without its constant [BANDS, CEPSTRUM]."""
    order = np.arange(1, CEPSTRUM + 1)
    waves = np.cos(np.pi * (np.arange(BANDS)[:, None] + 0.5) * order / BANDS) * np.sqrt(2 / BANDS)
    return np.asarray(waves, np.float32)


@lru_cache(maxsize=1)
def _rates() -> list[npt.NDArray[np.intp]]:
    """Bins of `TRANSFORM` frames in equal steps of the logarithm of the modulation's rate; some are empty."""
    hz = np.fft.rfftfreq(TRANSFORM, 1.0 / FRAMES_A_SECOND)
    edges = np.geomspace(SLOWEST_HZ, FASTEST_HZ, RATES + 1)
    bins = [np.flatnonzero((hz >= low) & (hz < high)) for low, high in pairwise(edges)]
    return [each for each in bins if len(each)]


def describe(mel: Mel) -> Vector:
    """A description of a log mel spectrum [T, BANDS] of one to some ten seconds.

    Quantiles and spread of each band; rises of each band; mean and covariance of the cepstrum and of its
    slope (as in Mandel and Ellis, Song-level features and support vector machines for music classification);
    modulation spectra of the level and of the onsets in broad bands, and how these go together."""
    mel = np.maximum(np.asarray(mel, np.float32), mel.max() - RANGE)
    mel = mel - mel.mean()
    rise = np.maximum(np.diff(mel, axis=0), 0.0)
    onset = np.maximum(mel[LAG:] - mel[:-LAG], 0.0)
    cepstrum = mel @ _cosines()
    broad_onset, broad_level = _broad(onset), _broad(mel)
    spread = broad_onset.std(0)
    skew = ((broad_onset - broad_onset.mean(0)) ** 3).mean(0) / (spread**3 + 1e-3)
    parts = [
        np.quantile(mel, (0.1, 0.5, 0.9), axis=0).ravel(),
        mel.std(0),
        rise.mean(0),
        onset.mean(0),
        onset.std(0),
        np.abs(np.diff(mel, axis=1)).mean(0),
        cepstrum.mean(0),
        _covariance(cepstrum - cepstrum.mean(0)),
        _covariance(cepstrum[2:] - cepstrum[:-2]),
        _modulation(broad_onset, peaks=True),
        _modulation(broad_level, peaks=False),
        spread,
        skew,
        _together(broad_onset),
    ]
    return np.asarray(np.concatenate(parts), np.float32)


def _broad(values: Matrix) -> Matrix:
    """Means over `BROAD` groups of bands [T, BROAD]."""
    return np.asarray(values.reshape(len(values), BROAD, -1).mean(2))


def _covariance(values: Matrix) -> Vector:
    """The upper triangle of the second moments, compressed."""
    moments = (values.T @ values / len(values))[np.triu_indices(values.shape[1])]
    return np.asarray(np.sign(moments) * np.log1p(np.abs(moments)))


def _modulation(values: Matrix, peaks: bool) -> Vector:
    """How much each column moves at each rate: the peak, or the mean, within a step of rates."""
    centred = values - values.mean(0)
    spectrum = np.abs(np.fft.rfft(centred, TRANSFORM, axis=0)) / np.sqrt(len(values))
    pooled = [spectrum[bins].max(0) if peaks else spectrum[bins].mean(0) for bins in _rates()]
    return np.asarray(np.log1p(np.concatenate(pooled)), np.float32)


def _together(values: Matrix) -> Vector:
    """Correlations between the columns; 0 where one does not move."""
    centred = values - values.mean(0)
    scaled = centred / (np.sqrt((centred**2).sum(0)) + 1e-3)
    return np.asarray((scaled.T @ scaled)[np.triu_indices(values.shape[1], 1)])


def stretched(mel: Mel, factor: float) -> Mel:
    """The same music at another tempo: `factor` times as long, its spectrum as it was."""
    place = np.linspace(0, len(mel) - 1, max(2, round(len(mel) * factor)))
    before = np.minimum(place.astype(np.intp), len(mel) - 2)
    share = (place - before)[:, None].astype(np.float32)
    values = np.asarray(mel, np.float32)
    return np.asarray(values[before] * (1 - share) + values[before + 1] * share)
