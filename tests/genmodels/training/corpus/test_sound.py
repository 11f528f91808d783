"""Synthesized voices and kits, loudness, limiter and effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genmodels.training.corpus.compose import compose
from genmodels.training.corpus.drum_voices import drum, play_kit
from genmodels.training.corpus.effects import ROOMS, echoed, levelled, mixed_down, pumped
from genmodels.training.corpus.instruments import DRUMS, INSTRUMENTS
from genmodels.training.corpus.loudness import PEAK_LIMIT, TARGET_LUFS, fast_length, limited, loudness, master
from genmodels.training.corpus.piece import Mix, Section
from genmodels.training.corpus.voices import VOICES, play

RATE = 32000


def sine(hz, seconds=2.0, level=1.0):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_a_full_scale_sine_of_997_hz_has_the_loudness_of_the_standard():
    assert loudness(sine(997)) == pytest.approx(-3.01, abs=0.1)
    assert loudness(sine(997, level=0.1)) == pytest.approx(-23.01, abs=0.1)


def test_silence_between_notes_does_not_count():
    gapped = np.concatenate([sine(997), np.zeros(4 * RATE, np.float32)])
    assert loudness(gapped) == pytest.approx(loudness(sine(997)), abs=0.7)
    assert loudness(np.zeros(RATE, np.float32)) == float("-inf")


def test_low_rumble_counts_for_less_than_its_power():
    assert loudness(sine(25)) < loudness(sine(997)) - 6


def test_the_limiter_leaves_quiet_sound_alone_and_holds_peaks_without_clipping_flat():
    quiet = sine(300, level=0.5)
    assert np.array_equal(limited(quiet), quiet)
    loud = sine(300, level=3.0)
    held = limited(loud)
    assert np.abs(held).max() <= PEAK_LIMIT
    assert np.count_nonzero(np.abs(held) > 0.999 * PEAK_LIMIT) < 0.05 * len(held)


def test_mastering_meets_the_target():
    sound = sine(440, 6.0, 0.02) + 0.05 * np.random.default_rng(1).standard_normal(6 * RATE).astype(
        np.float32
    )
    assert loudness(master(sound, len(sound))) == pytest.approx(TARGET_LUFS, abs=0.3)


@pytest.mark.parametrize("samples", [1, 9, 640, 641, 100000, 1234567])
def test_fast_lengths_hold_what_they_are_for(samples):
    assert samples <= fast_length(samples) < max(16, 1.5 * samples)


@pytest.mark.parametrize("name", sorted(VOICES))
def test_a_voice_sounds_at_its_pitch_and_ends(name):
    pitch = 45 if INSTRUMENTS[name].family == "bass" else 69
    sound = play(name, [(0.1, 0.9, pitch, 110)], 2 * RATE)
    assert sound.dtype == np.float32
    assert not sound[: RATE // 10 - 1].any()
    assert np.abs(sound[round(1.3 * RATE) :]).max() < 1e-3
    assert 0.02 < np.abs(sound).max() < 2
    heard = sound[round(0.2 * RATE) : round(0.7 * RATE)] * np.hanning(RATE // 2)
    spectrum = np.abs(np.fft.rfft(heard, 8 * len(heard)))
    hz = 440 * 2 ** ((pitch - 69) / 12)
    frequencies = np.fft.rfftfreq(8 * len(heard), 1 / RATE)
    near = (frequencies > hz / 1.06) & (frequencies < hz * 1.06)
    peak = frequencies[near][spectrum[near].argmax()]
    assert abs(1200 * np.log2(peak / hz)) < 35
    between = (frequencies > hz * 1.3) & (frequencies < hz * 1.7)
    assert spectrum[near].max() > 5 * spectrum[between].max()


@pytest.mark.parametrize("kit", ["808", "909", "chip"])
def test_every_drum_of_a_kit_begins_at_once_and_dies_away(kit):
    for name in DRUMS:
        hit = drum(kit, name)
        assert 0.05 < np.abs(hit).max() < 2.0
        assert np.abs(hit[: RATE // 50]).max() > 0.25 * np.abs(hit).max()
        assert np.abs(hit[-8:]).max() < 0.15


def test_kits_place_their_hits_and_play_louder_by_velocity():
    sound = play_kit("909", [(0.5, 0.6, 36, 120), (1.0, 1.1, 36, 60)], 2 * RATE)
    assert not sound[: RATE // 2].any()
    assert np.abs(sound[RATE // 2 : RATE]).max() > 2 * np.abs(sound[RATE:]).max()


def test_levels_are_of_what_sounds_not_of_the_pauses():
    note = sine(440, 0.5, 0.1)
    sparse = np.concatenate([note, np.zeros(4 * RATE, np.float32)])
    dense = np.tile(note, 9)
    assert np.abs(levelled(sparse, 0)).max() == pytest.approx(np.abs(levelled(dense, 0)).max(), rel=0.05)


def test_pumping_ducks_on_beats_of_sections_with_drums_alone():
    sections = (Section("break", 0, 1, ("chords",)), Section("drop", 1, 1, ("chords", "drums")))
    piece = replace(compose(1), bpm=120.0, meter="4/4", bars=2, sections=sections)
    gain = pumped(np.ones(4 * RATE, np.float32), piece)
    assert (gain[: 2 * RATE] == 1).all()
    assert gain[2 * RATE + round(0.025 * RATE)] < 0.4
    assert gain[2 * RATE + round(0.3 * RATE)] == 1


def test_echoes_come_a_delay_apart_and_fade():
    click = np.zeros(RATE, np.float32)
    click[0] = 1
    heard = echoed(click, 0.25, 0.5)
    assert np.flatnonzero(heard).tolist() == [0, RATE // 4, RATE // 2, 3 * RATE // 4]
    assert heard[RATE // 4] == 0.5


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_rings_after_the_sound_and_not_before(room):
    click = np.zeros(RATE, np.float32)
    click[RATE // 4] = 1
    heard = mixed_down({"lead": click}, Mix(room, wet_db=0.0), 1)
    assert np.abs(heard[: RATE // 4 - 1]).max() < 1e-4
    after = heard[RATE // 4 + 1000 : RATE // 2]
    assert np.sqrt(np.mean(after**2)) > 1e-4
