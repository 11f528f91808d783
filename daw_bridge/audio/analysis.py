"""Measures of recorded sound: level, brightness, gaps, onsets, tempo, agreement with a beat grid, first
difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Curve = npt.NDArray[np.float64]


def rms(samples: Samples) -> float:
    """Root mean square of mono or multichannel samples; 0 for none."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def brightness(mono: Samples, rate: int, hz: float = 5000.0) -> float:
    """Share of the energy above a frequency, 0..1; 0 for silence. Cymbals are there, hardly any tone is."""
    energy = np.abs(np.fft.rfft(mono)) ** 2
    total = float(energy.sum())
    return float(energy[round(2 * hz / rate * (len(energy) - 1)) :].sum()) / total if total else 0.0


def clipped(samples: Samples, level: float = 0.9999) -> int:
    """How many samples reach full scale."""
    return int(np.count_nonzero(np.abs(samples) >= level))


def longest_silence(mono: Samples, rate: int, threshold: float = 1e-6) -> float:
    """Seconds of the longest run of samples not above `threshold`: digital silence, which music never has.

    NaN stands for a sample that was not recorded, and ends a run.
    """
    loud = np.flatnonzero(~(np.abs(mono) <= threshold))
    edges = np.concatenate([[-1], loud, [len(mono)]])
    return float((np.diff(edges).max() - 1) / rate)


def first_sound(mono: Samples, threshold: float = 1e-3) -> int | None:
    """Index of the first sample above `threshold`, None in silence."""
    loud = np.flatnonzero(np.abs(mono) > threshold)
    return int(loud[0]) if len(loud) else None


def first_difference(one: Samples, other: Samples, tolerance: float = 1e-4) -> int | None:
    """Index of the first sample in which two mono recordings differ, None where the shorter one is equal.

    NaN stands for a sample that was not recorded, and differs from nothing.
    """
    length = min(len(one), len(other))
    different = np.flatnonzero(np.abs(one[:length] - other[:length]) > tolerance)
    return int(different[0]) if len(different) else None


def onset_envelope(mono: Samples, rate: int, hop_s: float = 0.005, window_s: float = 0.04) -> Curve:
    """Spectral flux at 1/hop_s values a second: the sum over bins of the rise of the compressed magnitude.

    Value i belongs to the moment i * hop_s; a local mean of 0.4 s is subtracted and negative values are cut.
    """
    hop, window = round(rate * hop_s), round(rate * window_s)
    # a window centred a little after the moment, so that an onset's rise falls on its own time
    padded = np.concatenate([np.zeros(window // 2), mono, np.zeros(window)])
    count = len(mono) // hop
    if count < 2:
        return np.zeros(max(count, 0))
    taper = np.hanning(window)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[: count * hop : hop]
    magnitude = np.empty((count, window // 2 + 1), np.float32)
    for at in range(0, count, 512):
        magnitude[at : at + 512] = np.abs(np.fft.rfft(frames[at : at + 512] * taper, axis=1))
    compressed = np.log1p(100.0 * magnitude / window)
    # compare with the frame one half window before: a rise spreads over several hops
    lag = max(1, round(window_s / hop_s / 2))
    rise = np.zeros(count)
    rise[lag:] = np.maximum(compressed[lag:] - compressed[:-lag], 0.0).sum(axis=1)
    span = max(3, round(0.4 / hop_s))
    local = np.convolve(rise, np.ones(span) / span, mode="same")
    return np.maximum(rise - local, 0.0)


def onset_times(envelope: Curve, hop_s: float = 0.005, separation_s: float = 0.06) -> Curve:
    """Seconds of the envelope's clear peaks, at least `separation_s` apart."""
    if not envelope.any():
        return np.zeros(0)
    reach = max(1, round(separation_s / hop_s))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(envelope, reach), 2 * reach + 1)
    threshold = 0.15 * np.quantile(envelope, 0.99)
    peaks = np.flatnonzero((envelope >= windows.max(axis=1)) & (envelope > threshold))
    return peaks.astype(np.float64) * hop_s


@dataclass(frozen=True)
class BeatAgreement:
    """How onsets lie on a grid of beats.

    beats_hit: share of the beats with an onset within the tolerance; on_grid: share of the onsets within the
    tolerance of a beat or a division of it; f_measure: their harmonic mean; median_error: seconds, of the
    beats that were hit (positive: the onset comes late).
    """

    beats_hit: float
    on_grid: float
    f_measure: float
    median_error: float


def beat_agreement(
    onsets: Curve, beats: npt.ArrayLike, tolerance: float = 0.05, division: int = 2
) -> BeatAgreement:
    """Compare onset seconds with the seconds of consecutive beats, each split into `division` equal parts."""
    grid = np.asarray(beats, np.float64)
    onsets = onsets[(onsets > grid[0] - tolerance) & (onsets < grid[-1] + tolerance)]
    if not len(onsets):
        return BeatAgreement(0.0, 0.0, 0.0, float("nan"))
    fine = _divided(grid, division)
    errors = _nearest(onsets, grid)
    hits = np.abs(errors) <= tolerance
    beats_hit = float(np.mean(hits))
    on_grid = float(np.mean(np.abs(_nearest(fine, onsets)) <= tolerance))
    total = beats_hit + on_grid
    return BeatAgreement(
        beats_hit,
        on_grid,
        2 * beats_hit * on_grid / total if total else 0.0,
        float(np.median(errors[hits])) if hits.any() else float("nan"),
    )


def grid_agreement(mono: Samples, rate: int, beats: npt.ArrayLike) -> BeatAgreement:
    """The onsets of sound against the seconds of its beats, split into halves; quarters below 110 BPM."""
    return beat_agreement(onset_times(onset_envelope(mono, rate)), beats, division=grid_division(beats))


def grid_errors(mono: Samples, rate: int, beats: npt.ArrayLike) -> Curve:
    """Signed seconds from the nearest beat or division of it, as in `grid_agreement`, to each onset between
    the first beat and the last."""
    fine = _divided(np.asarray(beats, np.float64), grid_division(beats))
    onsets = onset_times(onset_envelope(mono, rate))
    inside = onsets[(onsets >= fine[0]) & (onsets <= fine[-1])]
    errors: Curve = -_nearest(fine, inside)
    return errors


def grid_division(beats: npt.ArrayLike) -> int:
    """Into how many parts beats are split: 4 below 110 BPM, else 2."""
    return 4 if float(np.median(np.diff(np.asarray(beats, np.float64)))) > 60.0 / 110.0 + 1e-3 else 2


def _divided(beats: Curve, division: int) -> Curve:
    places = np.arange((len(beats) - 1) * division + 1) / division
    return np.interp(places, np.arange(len(beats)), beats)


def _nearest(values: Curve, to: Curve) -> Curve:
    """For each element of `to`, the signed distance to the nearest of the sorted `values`."""
    right = np.clip(np.searchsorted(values, to), 0, len(values) - 1)
    left = np.clip(right - 1, 0, None)
    pick = np.where(np.abs(values[left] - to) <= np.abs(values[right] - to), left, right)
    result: Curve = values[pick] - to
    return result


@dataclass(frozen=True)
class TempoEstimate:
    """A tempo and how much its comb stands out: 1 is no periodicity, music on a beat has 1.5 and more."""

    bpm: float
    salience: float


def estimate_tempo(
    envelope: Curve, low: float = 50.0, high: float = 200.0, hop_s: float = 0.005, step: float = 0.002
) -> TempoEstimate:
    """The tempo in [low, high] BPM whose beats the envelope repeats on most.

    The envelope's autocorrelation is summed at 1, 2, 4 and 8 beats; a narrow range around a tempo that was
    asked for answers "how far off", the wide one "which", with the octave errors of all such estimates.
    """
    tempos = low * (1 + step) ** np.arange(int(np.log(high / low) / np.log1p(step)) + 1)
    length = len(envelope)
    centred = envelope - envelope.mean()
    # a little blur: the estimate shall not hang on single milliseconds
    kernel = np.hanning(9)
    centred = np.convolve(centred, kernel / kernel.sum(), mode="same")
    spectrum = np.fft.rfft(centred, 2 * length)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:length] / np.maximum(length - np.arange(length), 1)
    if correlation[0] <= 0:
        return TempoEstimate(float("nan"), 0.0)
    correlation = correlation / correlation[0]
    score = np.zeros(len(tempos))
    for beats in (1, 2, 4, 8):
        lags = beats * 60.0 / tempos / hop_s
        if lags.max() < 0.6 * length:
            score += np.interp(lags, np.arange(length), correlation)
    best = int(np.argmax(score))
    return TempoEstimate(float(tempos[best]), 1.0 + float(score[best] - np.median(score)))


def tempo_error(envelope: Curve, asked: float, hop_s: float = 0.005) -> TempoEstimate:
    """The estimate within 12 % of the tempo asked for; its distance from `asked` is the error."""
    return estimate_tempo(envelope, asked * 0.88, asked * 1.12, hop_s, step=0.0005)
