"""Composed pieces: determinism, ranges, timing, textures, form."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.training.corpus.compose import LONGEST_S, ODD_TEMPOS, Wishes, compose
from genmodels.training.corpus.feel import MAX_SHIFT_S, MAX_STRUM_S, swing
from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.styles import STYLE_NAMES, style_of

seeds = st.integers(0, 10**9)


@pytest.fixture(scope="module")
def pieces():
    return [compose(seed) for seed in range(300)]


def test_the_same_seed_composes_the_same_piece():
    assert compose(11) == compose(11)
    assert compose(11) != compose(12)


def test_all_styles_keys_meters_and_tempos_occur(pieces):
    assert {piece.style for piece in pieces} == set(STYLE_NAMES)
    assert len({(piece.tonic, piece.mode) for piece in pieces}) == 24
    assert {piece.meter for piece in pieces} == {"4/4", "3/4", "6/8"}
    tempos = [piece.bpm for piece in pieces]
    assert 60 <= min(tempos) <= 68
    assert 170 <= max(tempos) <= 180


def test_most_pieces_have_a_tempo_that_is_usual_in_their_style(pieces):
    usual = [style_of(p.style).bpm[0] <= p.bpm <= style_of(p.style).bpm[1] for p in pieces]
    assert 0.85 < sum(usual) / len(usual) < 1
    odd = [piece.bpm for piece, is_usual in zip(pieces, usual, strict=True) if not is_usual]
    assert all(ODD_TEMPOS[0] <= bpm <= ODD_TEMPOS[1] for bpm in odd)


def test_sparse_textures_have_their_share(pieces):
    share = Counter(piece.texture for piece in pieces)
    assert 0.09 < share["solo"] / len(pieces) < 0.24
    assert 0.02 < share["drums only"] / len(pieces) < 0.1
    assert 0.07 < (share["no drums"] + share["duo"]) / len(pieces) < 0.28
    assert share["full"] / len(pieces) > 0.45


def test_textures_hold_what_their_names_say(pieces):
    for piece in pieces:
        roles = {track.role for track in piece.tracks}
        if piece.texture == "drums only":
            assert roles == {"drums"}
        elif piece.texture == "solo":
            assert len({track.instrument for track in piece.tracks}) == 1
            assert "drums" not in roles
        elif piece.texture in ("no drums", "duo"):
            assert "drums" not in roles
        elif piece.texture == "bass and drums":
            assert roles == {"drums", "bass"}
        else:
            assert {"drums", "bass", "chords"} <= roles


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(STYLE_NAMES), seeds)
def test_every_style_keeps_its_ranges_grid_and_length(style_name, seed):
    piece, style = compose(seed, style_name), style_of(style_name)
    assert piece.style == style_name
    assert 14.0 <= piece.duration_s <= LONGEST_S
    assert piece.bars % 4 == 0
    ends = [section.end_bar for section in piece.sections]
    assert [0, *ends[:-1]] == [section.start_bar for section in piece.sections]
    assert ends[-1] == piece.bars == len(piece.chords)
    grid = [swing(step / 4, style.swing, style.swing_unit) for step in range(9)]
    rolls = [(step + part) / 4 for step in range(8) for part in (1 / 2, 1 / 3, 2 / 3)]
    for track in piece.tracks:
        spread = MAX_SHIFT_S
        if not track.is_drums and INSTRUMENTS[track.instrument].strum_ms:
            spread += MAX_STRUM_S
        points = grid + [swing(point, style.swing, style.swing_unit) for point in rolls if track.is_drums]
        assert list(track.notes) == sorted(track.notes, key=lambda note: (note.start, note.pitch))
        for note in track.notes:
            assert 0.0 <= note.start < piece.bars * piece.beats_per_bar
            assert note.length > 0.0
            assert 24 <= note.pitch <= 108
            assert 16 <= note.velocity <= 127
            distance = min(abs(note.start % 2.0 - point) for point in points)
            assert distance * piece.seconds_per_beat <= spread + 1e-6


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(STYLE_NAMES), seeds)
def test_bass_and_chords_sound_the_harmony(style_name, seed):
    piece = compose(seed, style_name)
    track = piece.track("bass")
    if track is None or style_name == "blues":
        return
    downbeats = [
        note for note in track.notes if note.start % piece.beats_per_bar < 0.05 and note.velocity > 60
    ]
    names = [piece.chords[int(note.start // piece.beats_per_bar)].split()[0] for note in downbeats]
    letters = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
    for note, name in zip(downbeats, names, strict=True):
        root = name[:2] if name[:2] in letters else name[:1]
        # a drone may lie on the fifth for a bar
        assert (note.pitch - letters.index(root)) % 12 in (0, 7), (name, note)


def test_something_sounds_in_the_first_bar(pieces):
    for piece in pieces:
        first = min(note.start for track in piece.tracks for note in track.notes)
        assert first < piece.beats_per_bar, (piece.seed, piece.style)


def test_sections_name_the_roles_that_have_notes_in_them(pieces):
    for piece in pieces[:80]:
        for section in piece.sections:
            start, end = (bar * piece.beats_per_bar for bar in (section.start_bar, section.end_bar))
            heard = {t.role for t in piece.tracks if any(start + 0.1 < n.start < end - 0.1 for n in t.notes)}
            assert heard <= set(section.roles)


def test_pieces_build_up_and_break_down(pieces):
    full = [piece for piece in pieces if piece.texture == "full"]
    names = Counter(section.name for piece in full for section in piece.sections)
    assert {"intro", "verse", "break", "chorus", "build", "drop"} <= set(names)
    varied = [len({section.roles for section in piece.sections}) > 1 for piece in full]
    assert sum(varied) / len(varied) > 0.3


def test_choruses_are_denser_than_breaks(pieces):
    density = {"chorus": [], "break": []}
    for piece in pieces:
        for section in piece.sections:
            if piece.texture == "full" and section.name in density:
                start, end = (bar * piece.beats_per_bar for bar in (section.start_bar, section.end_bar))
                notes = sum(start <= note.start < end for track in piece.tracks for note in track.notes)
                density[section.name].append(notes / (end - start))
    mean = {name: sum(values) / len(values) for name, values in density.items()}
    assert mean["chorus"] > 1.3 * mean["break"]


def test_wishes_are_granted():
    wishes = Wishes("folk", "duo", 101, "6/8", 4, "minor", (10.0, 14.0), entry=True)
    piece = compose(3, wishes=wishes)
    assert (piece.style, piece.texture, piece.bpm, piece.meter) == ("folk", "duo", 101.0, "6/8")
    assert (piece.tonic, piece.mode) == (4, "minor")
    assert 7 < piece.duration_s < 18


def test_an_entry_has_all_roles_from_the_first_bar():
    for seed in range(40):
        piece = compose(seed, wishes=Wishes("trance", "full", entry=True))
        assert {"drums", "bass", "chords"} <= set(piece.sections[0].roles)


def test_a_style_or_meter_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no style 'polka'"):
        compose(3, "polka")
    with pytest.raises(ValueError, match="'techno' has no meter '3/4'"):
        compose(3, wishes=Wishes("techno", meter="3/4"))


def test_swing_moves_only_the_second_of_a_pair():
    assert swing(1.0, 0.66, 2) == 1.0
    assert swing(1.5, 0.66, 2) == pytest.approx(1.66)
    assert swing(0.25, 0.6, 1) == pytest.approx(0.3)
    assert swing(0.5, 0.6, 1) == 0.5
