"""Beat figures tell music on the grid from music beside it, at every tempo."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.evaluation.beats import beat_figures, beats_of, clip_drummed
from benchmarks.evaluation.features import RATE
from tests.benchmarks.test_evaluation import clicks


def on_the_beat(bpm: float, late_s: float = 0.0, seconds: float = 10.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    sound = 0.001 * rng.standard_normal(round(seconds * RATE))
    for at in beats_of(bpm, seconds - 0.1):
        first = round((at + late_s) * RATE)
        sound[first : first + 600] += 0.5 * rng.standard_normal(600) * np.exp(-np.arange(600) / 120)
    return sound.astype(np.float32)


def figures_of(late_s: float) -> dict[str, float]:
    tempos = (74.0, 91.0, 103.0, 118.0, 139.0, 163.0)
    clips = [clip_drummed(on_the_beat(bpm, late_s), bpm) for bpm in tempos]
    return {figure.name: figure.value for figure in beat_figures(clips)}


def test_music_on_the_grid_reaches_what_its_floors_do_not() -> None:
    found = figures_of(0.0)
    assert found["beat F-measure, +-50 ms"] > 0.95
    assert found["beat F-measure, another clip's grid"] < 0.75
    assert found["beat F-measure, grid half a step late"] < 0.4
    assert found["beat, median error of the onsets"] < 8.0
    assert found["beat, median error, grid half a step late"] > 50.0


def test_the_error_is_that_of_late_onsets_and_of_none_that_cancel() -> None:
    assert figures_of(0.03)["beat, median error of the onsets"] == pytest.approx(30.0, abs=6.0)
    off = clicks(7.3, 10.0)
    found = {figure.name: figure.value for figure in beat_figures([clip_drummed(off, 120.0)] * 2)}
    assert found["beat, median error of the onsets"] > 40.0


def test_a_piece_of_a_clip_goes_on_with_the_beats_of_the_whole() -> None:
    whole = on_the_beat(97.0, seconds=31.0)
    last = clip_drummed(whole[-10 * RATE :], 97.0, begins_s=21.0)
    assert last.f_measure() > 0.95
