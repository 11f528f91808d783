"""Composed pieces: determinism, ranges, timing, textures."""

from __future__ import annotations

from collections import Counter

import pytest

from genmodels.training.corpus.compose import MAX_JITTER_S, compose, swing
from genmodels.training.corpus.styles import STYLE_NAMES, STYLES


@pytest.fixture(scope="module")
def pieces():
    return [compose(seed) for seed in range(400)]


def test_the_same_seed_composes_the_same_piece():
    assert compose(11) == compose(11)
    assert compose(11) != compose(12)


def test_all_styles_keys_meters_and_tempos_occur(pieces):
    assert {piece.style for piece in pieces} == set(STYLE_NAMES)
    assert {(piece.tonic, piece.mode) for piece in pieces} == {
        (tonic, mode) for tonic in range(12) for mode in ("major", "minor")
    }
    assert {piece.beats_per_bar for piece in pieces} == {3, 4}
    tempos = [piece.bpm for piece in pieces]
    assert 60 <= min(tempos) <= 64
    assert 174 <= max(tempos) <= 180


def test_sparse_textures_have_their_share(pieces):
    share = Counter(piece.texture for piece in pieces)
    assert 0.09 < share["solo"] / len(pieces) < 0.22
    assert 0.04 < share["drums only"] / len(pieces) < 0.13
    assert 0.07 < share["no drums"] / len(pieces) < 0.25
    assert share["full"] / len(pieces) > 0.45


def test_textures_hold_what_their_names_say(pieces):
    for piece in pieces:
        roles = {track.role for track in piece.tracks}
        if piece.texture == "drums only":
            assert roles == {"drums"}
        elif piece.texture == "solo":
            assert len({track.program for track in piece.tracks}) == 1
            assert "drums" not in roles
        elif piece.texture == "no drums":
            assert "drums" not in roles
        elif piece.texture == "bass and drums":
            assert roles == {"drums", "bass"}
        else:
            assert {"drums", "bass", "chords"} <= roles


def test_pieces_are_18_to_40_seconds_of_whole_phrases(pieces):
    for piece in pieces:
        assert 18.0 <= piece.duration_s <= 40.0
        assert piece.bars % 4 == 0
        assert sum(section.bars for section in piece.sections) == piece.bars


def test_something_sounds_on_the_first_beat_or_soon_after(pieces):
    for piece in pieces:
        first = min(note.start for track in piece.tracks for note in track.notes)
        assert first <= 1.02, (piece.seed, piece.style)


def test_notes_are_playable_and_inside_the_piece(pieces):
    for piece in pieces:
        for track in piece.tracks:
            for note in track.notes:
                assert 0.0 <= note.start < piece.bars * piece.beats_per_bar
                assert note.length > 0.0
                assert 20 <= note.pitch <= 108
                assert 1 <= note.velocity <= 127


def test_notes_lie_on_the_swung_grid_within_human_timing(pieces):
    styles = {style.name: style for style in STYLES}
    for piece in pieces[:60]:
        style = styles[piece.style]
        grid = [swing(step / 4, style.swing, style.swing_unit) for step in range(5)]
        for track in piece.tracks:
            for note in track.notes:
                distance = min(abs(note.start % 1.0 - point) for point in grid)
                assert distance * piece.seconds_per_beat <= MAX_JITTER_S + 1e-6


def test_a_forced_style_is_taken_and_an_unknown_one_refused():
    assert compose(3, "techno").style == "techno"
    with pytest.raises(ValueError, match="no style 'polka'"):
        compose(3, "polka")


def test_swing_moves_only_the_second_of_a_pair():
    assert swing(1.0, 0.66, 2) == 1.0
    assert swing(1.5, 0.66, 2) == pytest.approx(1.66)
    assert swing(0.25, 0.6, 1) == pytest.approx(0.3)
    assert swing(0.5, 0.6, 1) == 0.5
