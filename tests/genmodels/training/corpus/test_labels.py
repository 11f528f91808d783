"""Frame labels: beat positions and chroma."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genmodels.training.corpus.compose import compose
from genmodels.training.corpus.labels import frame_labels
from genmodels.training.corpus.piece import Note, Track


def piece_of(*notes: Note, role="chords", instrument="strings"):
    return replace(compose(1), bpm=120.0, meter="4/4", bars=2, tracks=(Track(role, instrument, notes),))


def test_beats_run_from_zero_and_wrap_at_the_bar():
    labels = frame_labels(piece_of(Note(0.0, 1.0, 60, 100)))
    assert labels.beat.shape == (200,)
    assert labels.beat.dtype == np.float32
    assert labels.beat[0] == pytest.approx(0.0, abs=1e-5)
    assert labels.beat[25] == pytest.approx(1.0)
    assert labels.beat[100] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_every_piece_has_beats_inside_its_bar_and_as_many_frames_of_chroma(seed):
    piece = compose(seed)
    labels = frame_labels(piece)
    assert len(labels.beat) == len(labels.chroma) == int(piece.duration_s * 50 + 1e-9)
    assert labels.beat.min() >= 0.0
    assert labels.beat.max() < piece.beats_per_bar


def test_chroma_holds_sounding_classes_by_velocity_and_is_zero_elsewhere():
    chroma = frame_labels(piece_of(Note(1.0, 1.0, 60, 127), Note(1.0, 1.0, 64, 64))).chroma
    assert chroma.dtype == np.uint8
    assert not chroma[:25].any()
    assert chroma[30, 0] == 255
    assert 120 <= chroma[30, 4] <= 136
    assert np.count_nonzero(chroma[30]) == 2
    assert not chroma[60:].any()


def test_chroma_goes_on_through_the_release_of_a_note():
    chroma = frame_labels(piece_of(Note(0.0, 1.0, 69, 100))).chroma
    assert chroma[26, 9] == 255


def test_drums_have_no_chroma():
    assert not frame_labels(
        piece_of(Note(0.0, 1.0, 38, 100), role="drums", instrument="standard")
    ).chroma.any()


def test_softer_tracks_count_for_less():
    loud, soft = Track("lead", "strings", (Note(0.0, 4.0, 60, 100),)), Note(0.0, 4.0, 64, 100)
    piece = replace(piece_of(soft), tracks=(loud, Track("pad", "strings", (soft,), level_db=-12.0)))
    assert frame_labels(piece).chroma[10, 4] == pytest.approx(64, abs=1)


def test_tempo_meter_and_bars_begin_anew_with_the_next_piece():
    slow = piece_of(Note(0.0, 1.0, 60, 100))
    fast = replace(piece_of(Note(0.0, 1.0, 62, 100)), bpm=150.0, meter="3/4")
    labels = frame_labels(slow, fast)
    assert len(labels.beat) == 200 + 120
    assert labels.bpm[[0, 199, 200, 319]].tolist() == [120, 120, 150, 150]
    assert labels.beats_per_bar[[0, 199, 200]].tolist() == [4, 4, 3]
    assert labels.beat[200] == pytest.approx(0.0, abs=1e-5)
    assert labels.beat[220] == pytest.approx(1.0, abs=1e-5)
    assert labels.chroma[205].argmax() == 2
