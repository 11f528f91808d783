"""Whether minutes of music stay what they were: within the range that the corpus itself has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.features import Samples, centroid_hz, level_db, onset_rate

MEASURES = {"level, dB": level_db, "centroid, Hz": centroid_hz, "onsets a second": onset_rate}
LOW, HIGH = 5.0, 95.0


@dataclass(frozen=True)
class Range:
    """The 5th to the 95th percentile of one measure."""

    name: str
    low: float
    high: float

    def share_inside(self, values: npt.ArrayLike) -> float:
        """Share of values in the range."""
        values = np.asarray(values)
        return float(((values >= self.low) & (values <= self.high)).mean())


def measured(pieces: Iterable[Samples]) -> dict[str, npt.NDArray[np.float64]]:
    """Every measure of every piece of sound."""
    rows = [[measure(piece) for measure in MEASURES.values()] for piece in pieces]
    columns = np.array(rows, np.float64).T
    return dict(zip(MEASURES, columns, strict=True))


def ranges(pieces: Iterable[Samples]) -> list[Range]:
    """What is usual in some pieces of sound."""
    return [
        Range(name, *np.percentile(values, (LOW, HIGH)).tolist()) for name, values in measured(pieces).items()
    ]
