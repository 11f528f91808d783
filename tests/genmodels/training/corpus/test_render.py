"""Rendering: levels of every style, timing and harmony against the labels, pieces that follow each other."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from daw_bridge.audio.analysis import beat_agreement, onset_envelope, onset_times
from genmodels.training.corpus.compose import Wishes, compose
from genmodels.training.corpus.labels import frame_labels
from genmodels.training.corpus.loudness import PEAK_LIMIT, TARGET_LUFS, loudness
from genmodels.training.corpus.piece import Mix, Note, Track
from genmodels.training.corpus.render import (
    RenderError,
    find_fluidsynth,
    find_soundfont,
    frame_count,
    render,
)
from genmodels.training.corpus.soundfont import MAX_STEMS, stem_synth
from genmodels.training.corpus.styles import STYLE_NAMES


def _missing() -> str:
    try:
        find_fluidsynth()
        find_soundfont()
    except RenderError as error:
        return str(error)
    return ""


needs_fluidsynth = pytest.mark.skipif(bool(_missing()), reason=_missing() or "present")


def clicks(bars=2, kit="standard"):
    """Bars of drums on every beat, at 120 BPM, in a dry room."""
    notes = tuple(Note(float(beat), 0.2, 36 if beat % 4 == 0 else 42, 110) for beat in range(bars * 4))
    return replace(
        compose(1),
        bpm=120.0,
        meter="4/4",
        bars=bars,
        tracks=(Track("drums", kit, notes),),
        sections=(),
        mix=Mix("booth", -30.0),
    )


def short(style, seed=0, **wishes):
    return compose(seed, wishes=Wishes(style, seconds=(7.0, 9.0), **wishes))


def test_a_missing_soundfont_is_explained(monkeypatch, tmp_path):
    monkeypatch.setenv("SOUNDFONT", str(tmp_path / "none.sf2"))
    with pytest.raises(RenderError, match=r"none\.sf2.*not a file"):
        find_soundfont()
    monkeypatch.delenv("SOUNDFONT")
    monkeypatch.setattr(import_module("genmodels.training.corpus.soundfont"), "_FOLDERS", (str(tmp_path),))
    with pytest.raises(RenderError, match="fluidr3mono-gm-soundfont"):
        find_soundfont()


def test_a_missing_fluidsynth_is_explained(monkeypatch):
    monkeypatch.setattr(
        import_module("genmodels.training.corpus.soundfont"), "find_library", lambda name: None
    )
    with pytest.raises(RenderError, match="apt-get install fluidsynth"):
        find_fluidsynth()


@needs_fluidsynth
def test_stems_hold_one_instrument_each_and_are_the_same_again():
    synth = stem_synth()
    events = [(0.1, 0, 60, 100), (0.5, 0, 60, 0), (0.6, 1, 38, 110)]
    one, other = (synth.stems([(0, False), (0, True)], events, 32000) for _ in range(2))
    assert np.array_equal(one, other)
    assert np.abs(one[0, 3200:9600]).max() > 0.01
    assert not one[1, :19000].any()
    assert np.abs(one[1, 19200:]).max() > 0.01


@needs_fluidsynth
def test_too_many_stems_and_unknown_programs_are_refused():
    with pytest.raises(RenderError, match="at most 16"):
        stem_synth().stems([(0, False)] * (MAX_STEMS + 1), [], 640)
    with pytest.raises(RenderError, match="no instrument with program 999"):
        stem_synth().stems([(999, False)], [], 640)


@needs_fluidsynth
@pytest.mark.parametrize("kit", ["standard", "909", "chip"])
def test_rendered_onsets_agree_with_the_grid_within_10_ms(kit):
    audio = render(clicks(kit=kit))
    assert audio.dtype == np.float32
    assert audio.shape == (4 * 32000,)
    for beat in range(1, 8):
        start = beat * 16000
        window = np.abs(audio[start - 640 : start + 1600])
        onset = int(np.argmax(window > 0.2 * window.max())) - 640
        assert abs(onset) <= 320


@needs_fluidsynth
@pytest.mark.parametrize("style", STYLE_NAMES)
def test_every_style_has_the_target_loudness_and_does_not_clip(style):
    audio = render(short(style))
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= PEAK_LIMIT
    assert loudness(audio) == pytest.approx(TARGET_LUFS, abs=1.0)
    seconds = np.sqrt(np.square(audio[: len(audio) // 32000 * 32000]).reshape(-1, 32000).mean(1))
    assert (seconds > 1e-3).mean() > 0.8


@needs_fluidsynth
@pytest.mark.parametrize("style", ["house", "drum and bass", "chiptune", "rock", "jazz trio", "lo-fi"])
def test_onsets_of_a_band_lie_on_the_beats_of_the_labels(style):
    piece = short(style, seed=2, texture="full", entry=True)
    audio, labels = render(piece), frame_labels(piece)
    beats = np.interp(
        np.arange(piece.bars * piece.beats_per_bar),
        np.unwrap(labels.beat, period=4),
        np.arange(len(labels.beat)),
    )
    onsets = onset_times(onset_envelope(audio, 32000))
    agreement = beat_agreement(onsets, beats / 50, division=4)
    assert agreement.f_measure > 0.9
    assert abs(agreement.median_error) <= 0.02
    assert beat_agreement(onsets, beats / 50 * 1.1, division=2).f_measure < 0.75


@needs_fluidsynth
@pytest.mark.parametrize("style", ["solo piano", "trance", "folk", "synthwave"])
def test_chroma_of_the_labels_is_that_of_the_sound(style):
    piece = short(style, seed=2, texture="solo" if style == "solo piano" else "no drums")
    audio, labels = render(piece), frame_labels(piece)
    heard = chroma_of(audio)[: len(labels.chroma)]
    label = labels.chroma.astype(float)[: len(heard)]
    smooth = np.ones(15) / 15
    pairs = [
        (np.apply_along_axis(np.convolve, 0, side, smooth, mode="same"), side.mean(0))
        for side in (heard, label)
    ]

    def cosine(a, b):
        return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))

    together = cosine(pairs[0][0], pairs[1][0])
    turned = [cosine(pairs[0][0], np.roll(pairs[1][0], shift, axis=1)) for shift in (1, 6, 11)]
    assert together > 0.7
    assert together > max(turned) + 0.15


def chroma_of(audio):
    """Strongest bin of each pitch class from 110 Hz to 2 kHz, [frames, 12]."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, (4096, 4096)), 8192)[::640]
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(8192), axis=1))
    frequencies = np.fft.rfftfreq(8192, 1 / 32000)
    used = (frequencies > 110) & (frequencies < 2000)
    classes = np.round(12 * np.log2(frequencies[used] / 440) + 69).astype(int) % 12
    chroma = np.zeros((len(frames), 12))
    for pitch_class in range(12):
        chroma[:, pitch_class] = magnitude[:, used][:, classes == pitch_class].max(axis=1)
    return chroma


@needs_fluidsynth
def test_a_render_is_the_same_again_whatever_was_rendered_between():
    piece = short("bossa nova", seed=4)
    first = render(piece)
    render(short("rock", seed=5))
    assert np.array_equal(first, render(piece))


@needs_fluidsynth
def test_the_next_piece_begins_on_its_sample_while_the_one_before_rings_out():
    ringing = replace(clicks(), tracks=(Track("chords", "grand piano", (Note(7.0, 4.0, 60, 110),)),))
    following = clicks(bars=1)
    both = render(ringing, following)
    assert len(both) == 640 * frame_count((ringing, following))
    alone = render(following)
    rest = both[4 * 32000 :] - alone
    assert np.sqrt(np.mean(rest[:16000] ** 2)) > 1e-3
    assert np.sqrt(np.mean(rest[-8000:] ** 2)) < 0.2 * np.sqrt(np.mean(rest[:16000] ** 2))
