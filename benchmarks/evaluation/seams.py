"""Whether the places where windows and segments of generation meet can be heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.features import RATE, Samples, log_mel

FRAMES_A_SECOND = 100
REACH_S = 0.06
CONTEXT_S = 1.5


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
        scores.append(
            float(flux[max(0, at - reach) : at + reach + 1].max() / max(float(around.mean()), 1e-9))
        )
    return np.array(scores)


def auc(high: npt.ArrayLike, low: npt.ArrayLike) -> float:
    """Chance that an element of ``high`` is greater than one of ``low``; a tie counts half."""
    one, other = np.asarray(high)[:, None], np.asarray(low)[None, :]
    return float(((one > other) + 0.5 * (one == other)).mean())


def detectability(
    sounds: Sequence[Samples], boundaries: Sequence[float], per_boundary: int = 8, seed: int = 0
) -> float:
    """Area under the ROC curve of `seam_scores` at the boundaries (seconds, the same in all sounds) against
    random moments elsewhere in the same sounds; 0.5 is not to be told."""
    rng = np.random.default_rng(seed)
    at, elsewhere = [], []
    for sound in sounds:
        length = len(sound) / RATE
        inside = [b for b in boundaries if CONTEXT_S < b < length - CONTEXT_S]
        moments = rng.uniform(CONTEXT_S, length - CONTEXT_S, per_boundary * len(inside))
        if not inside:
            continue
        far = np.abs(moments[:, None] - np.array(inside)).min(axis=1) > 2 * REACH_S
        at.append(seam_scores(sound, inside))
        elsewhere.append(seam_scores(sound, moments[far]))
    return auc(np.concatenate(at), np.concatenate(elsewhere))
