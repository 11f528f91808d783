"""Styles can be told apart: from their notes, and from a few seconds of their sound."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from genmodels.training.corpus.compose import Wishes, compose
from genmodels.training.corpus.instruments import DRUMS, family_of
from genmodels.training.corpus.piece import ROLES
from genmodels.training.corpus.render import render
from genmodels.training.corpus.styles import STYLE_NAMES
from tests.genmodels.training.corpus.test_render import needs_fluidsynth

_STRUCK = (("kick",), ("snare", "clap", "stick"), ("hat", "open", "ride", "pedal"))
_FAMILIES = ("piano", "keys", "organ", "guitar", "strings", "brass", "winds", "mallets", "synth", "plucked")


def notes_features(piece):
    """Where drums strike in the beat's sixteenths, how dense the parts are, and who plays; not the tempo."""
    bars = piece.bars
    features = []
    drums = piece.track("drums")
    for names in _STRUCK:
        pitches = {DRUMS[name] for name in names}
        steps = np.zeros(16)
        for note in drums.notes if drums else ():
            if note.pitch in pitches:
                steps[round(note.start % piece.beats_per_bar * 4) % 16] += note.velocity / 127 / bars
        features.extend(steps)
    for role in ROLES:
        track = piece.track(role)
        features.append(len(track.notes) / bars / 16 if track else 0)
        features.append(np.mean([note.length for note in track.notes]) if track else 0)
    families = [family_of(track.instrument) for track in piece.tracks]
    return [*features, *(families.count(family) for family in _FAMILIES)]


def sound_features(piece):
    """Mean and spread of 32 log bands, and how the onsets repeat after each eighth of the bar."""
    sound = render(piece)
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::512]
    power = np.abs(np.fft.rfft(frames * np.hanning(1024), axis=1)) ** 2
    edges = np.unique(np.geomspace(1, power.shape[1], 34).astype(int))
    bands = np.log(np.add.reduceat(power, edges[:-1], axis=1) + 1e-6)
    flux = np.maximum(np.diff(bands, axis=0), 0).sum(1)
    flux -= flux.mean()
    lags = (np.arange(1, 9) / 8 * piece.bar_s * 32000 / 512).round().astype(int)
    repeats = [(flux[lag:] * flux[:-lag]).mean() / flux.var() for lag in lags]
    return [*bands.mean(0), *bands.std(0), *(4 * np.array(repeats))]


def accuracy(features, train, test, **wishes):
    """Share of held-out pieces that lie nearest to the mean of their own style, features being whitened by
    their spread within the styles."""
    known = {
        (style, seed): np.array(features(compose(seed, wishes=Wishes(style, "full", **wishes))))
        for style, seed in product(styles(), (*train, *test))
    }
    means = {style: np.mean([known[style, seed] for seed in train], axis=0) for style in styles()}
    within = np.array([known[style, seed] - means[style] for style, seed in product(styles(), train)])
    covariance = within.T @ within / len(within)
    covariance += 0.1 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    weight = np.linalg.inv(covariance)

    def nearest(point):
        return min(means, key=lambda style: (point - means[style]) @ weight @ (point - means[style]))

    return np.mean([nearest(known[style, seed]) == style for style, seed in product(styles(), test)])


def styles():
    """The styles that have full bands."""
    return [name for name in STYLE_NAMES if name not in ("ambient", "solo piano")]


def test_styles_are_told_apart_by_their_notes():
    assert accuracy(notes_features, range(6), range(100, 103), bpm=110, meter="4/4", seconds=(7, 9)) > 0.8


@pytest.mark.slow
@pytest.mark.timeout(600)
@needs_fluidsynth
def test_styles_are_told_apart_by_a_few_seconds_of_their_sound_at_one_tempo():
    assert accuracy(sound_features, range(4), range(100, 102), bpm=110, meter="4/4", seconds=(7, 9)) > 0.4
