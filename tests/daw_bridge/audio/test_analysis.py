"""The measures are themselves measured, on sounds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from daw_bridge.audio import analysis

RATE = 48000


def clicks(bpm: float, seconds: float, offset: float = 0.0) -> analysis.Samples:
    rng = np.random.default_rng(0)
    sound = 0.001 * rng.standard_normal(round(seconds * RATE))
    hit = rng.standard_normal(2400) * np.exp(-np.arange(2400) / 400) * 0.5
    for time in np.arange(offset, seconds - 0.1, 60 / bpm):
        at = round(time * RATE)
        sound[at : at + len(hit)] += hit
    return sound.astype(np.float32)


@pytest.mark.parametrize("bpm", [60.0, 84.0, 92.0, 120.0, 133.0, 174.0])
def test_tempo_of_a_click_track_is_found_within_half_a_percent(bpm: float) -> None:
    envelope = analysis.onset_envelope(clicks(bpm, 16.0), RATE)
    near = analysis.tempo_error(envelope, bpm * 1.03)
    assert near.bpm == pytest.approx(bpm, rel=0.005)
    assert near.salience > 1.5
    ratio = analysis.estimate_tempo(envelope).bpm / bpm
    assert min(abs(ratio / octave - 1) for octave in (0.5, 1, 2)) < 0.01


def test_noise_has_no_salient_tempo() -> None:
    noise = np.random.default_rng(1).standard_normal(12 * RATE).astype(np.float32) * 0.1
    assert analysis.tempo_error(analysis.onset_envelope(noise, RATE), 100.0).salience < 1.4


def test_onsets_on_the_beat_agree_and_shifted_ones_do_not() -> None:
    onsets = analysis.onset_times(analysis.onset_envelope(clicks(100.0, 12.0), RATE))
    beats = np.arange(0, 11.5, 0.6)
    good = analysis.beat_agreement(onsets, beats)
    assert good.beats_hit > 0.9
    assert good.f_measure > 0.9
    assert abs(good.median_error) < 0.02
    assert analysis.beat_agreement(onsets, beats + 0.15).f_measure < 0.1


def test_gap_clipping_and_first_sound_are_located() -> None:
    sound = clicks(120.0, 4.0)
    assert analysis.longest_silence(sound, RATE) < 0.001
    sound[RATE : RATE + 4800] = 0.0
    assert analysis.longest_silence(sound, RATE) == pytest.approx(0.1, abs=0.001)
    assert analysis.clipped(np.array([0.5, 1.0, -1.0], np.float32)) == 2
    assert analysis.first_sound(np.array([0.0, 0.0, 0.2], np.float32)) == 2
    assert analysis.first_sound(np.zeros(10, np.float32)) is None


def test_first_difference_is_the_first_changed_sample() -> None:
    sound = clicks(120.0, 1.0)
    changed = sound.copy()
    changed[12345:] *= 0.5
    assert analysis.first_difference(sound, changed) == pytest.approx(12345, abs=20)
    assert analysis.first_difference(sound, sound.copy()) is None


@pytest.mark.parametrize("bpm", [84.0, 140.0])
def test_sound_agrees_with_its_own_grid_and_not_with_a_faster_one(bpm: float) -> None:
    sound = clicks(bpm, 12.0)
    assert analysis.grid_agreement(sound, RATE, np.arange(0, 11.5, 60 / bpm)).f_measure > 0.9
    assert analysis.grid_agreement(sound, RATE, np.arange(0, 11.5, 60 / bpm / 1.1)).f_measure < 0.6


def test_brightness_is_the_share_of_energy_above_a_frequency() -> None:
    time = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 9000 * time)
    assert analysis.brightness(low.astype(np.float32), RATE) < 1e-6
    assert analysis.brightness((low + 0.5 * high).astype(np.float32), RATE) == pytest.approx(0.2, abs=1e-3)
    assert analysis.brightness(np.zeros(RATE, np.float32), RATE) == 0.0
