"""Whether the places where windows and segments of generation meet can be heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.features import FRAMES_A_SECOND, RATE, Samples, log_mel

REACH_S = 0.06
CONTEXT_S = 1.5
OTHERS = 50
"""Other moments for each boundary, at most."""


def seam_scores(sound: Samples, seconds: Sequence[float]) -> npt.NDArray[np.float64]:
    """How much the spectrum moves at each moment: the greatest flux within 60 ms of it, over the mean flux of
    the three seconds around."""
    mel = log_mel(sound)
    flux = np.abs(np.diff(mel, axis=0, prepend=mel[:1])).mean(1)
    reach, context = round(REACH_S * FRAMES_A_SECOND), round(CONTEXT_S * FRAMES_A_SECOND)
    scores = []
    for second in seconds:
        at = round(second * FRAMES_A_SECOND)
        around = flux[max(0, at - context) : at + context]
        peak = flux[max(0, at - reach) : at + reach + 1].max()
        scores.append(float(peak / max(float(around.mean()), 1e-9)))
    return np.array(scores)


def auc(high: npt.ArrayLike, low: npt.ArrayLike) -> float:
    """Chance that an element of ``high`` is greater than one of ``low``; a tie counts half."""
    one, other = np.asarray(high)[:, None], np.asarray(low)[None, :]
    return float(((one > other) + 0.5 * (one == other)).mean())


def detectability(
    sounds: Sequence[Samples], boundaries: Sequence[Sequence[float]], periods: Sequence[float]
) -> float:
    """Area under the ROC curve of `seam_scores` at the boundaries (seconds, of each sound) against other
    moments of the same sounds; 0.5 is not to be told.

    Args:
        periods: seconds a beat of each sound. The other moments are whole beats from a boundary: a boundary
            that happens to fall on a beat is compared with beats.
    """
    at, elsewhere = [], []
    rng = np.random.default_rng(0)
    for sound, own, period in zip(sounds, boundaries, periods, strict=True):
        last = len(sound) / RATE - CONTEXT_S
        inside = np.array([boundary for boundary in own if CONTEXT_S < boundary < last])
        moments = _beats_from(inside, period, last)
        if not len(moments):
            continue
        if len(moments) > OTHERS * len(inside):
            moments = rng.choice(moments, OTHERS * len(inside), replace=False)
        at.append(seam_scores(sound, inside.tolist()))
        elsewhere.append(seam_scores(sound, moments.tolist()))
    return auc(np.concatenate(at), np.concatenate(elsewhere))


def _beats_from(boundaries: npt.NDArray[np.float64], period: float, last: float) -> npt.NDArray[np.float64]:
    """Moments up to `last` that lie whole beats from a boundary and near to none."""
    if not len(boundaries):
        return boundaries
    beats = np.arange(-int(last / period) - 1, int(last / period) + 2) * period
    moments: npt.NDArray[np.float64] = np.unique(np.round(boundaries[:, None] + beats, 4))
    moments = moments[(moments > CONTEXT_S) & (moments < last)]
    right = np.clip(np.searchsorted(boundaries, moments), 0, len(boundaries) - 1)
    left = np.clip(right - 1, 0, None)
    distance = np.minimum(np.abs(boundaries[right] - moments), np.abs(boundaries[left] - moments))
    far: npt.NDArray[np.float64] = moments[distance > 2 * REACH_S]
    return far
