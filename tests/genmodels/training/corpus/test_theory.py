"""Chords, scales and voice leading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genmodels.training.corpus.harmony import Harmony
from genmodels.training.corpus.styles import STYLES
from genmodels.training.corpus.theory import SCALES, roman_chord, scale_pitches, voice_movement


@pytest.mark.parametrize(
    ("symbol", "tonic", "mode", "name", "classes"),
    [
        ("i", 9, "minor", "Am", (9, 0, 4)),
        ("VI", 9, "minor", "F", (5, 9, 0)),
        ("V7", 9, "minor", "E7", (4, 8, 11, 2)),
        ("ii7", 0, "major", "Dm7", (2, 5, 9, 0)),
        ("Imaj7", 0, "major", "Cmaj7", (0, 4, 7, 11)),
        ("iim7b5", 9, "minor", "Bm7b5", (11, 2, 5, 9)),
        ("bVII", 0, "major", "Bb", (10, 2, 5)),
        ("I5", 4, "major", "E5", (4, 11)),
        ("i6", 9, "minor", "Am6", (9, 0, 4, 6)),
        ("iadd9", 9, "minor", "Amadd9", (9, 0, 4, 11)),
    ],
)
def test_roman_numerals_mean_the_chords_that_musicians_mean(symbol, tonic, mode, name, classes):
    chord = roman_chord(symbol, tonic, mode)
    assert chord.name == name
    assert chord.pitch_classes == classes


@pytest.mark.parametrize("symbol", ["", "H", "IIII", "Iquux", "x7"])
def test_an_unreadable_chord_symbol_is_named_in_the_error(symbol):
    with pytest.raises(ValueError, match="chord symbol"):
        roman_chord(symbol, 0, "major")


@given(st.sampled_from(STYLES), st.sampled_from(["major", "minor"]), st.integers(0, 11), st.integers(0, 20))
def test_voicings_hold_every_tone_of_the_chord_once_and_move_little(style, mode, tonic, pick):
    progressions = style.progressions[mode]
    harmony = Harmony(progressions[pick % len(progressions)], tonic, mode, 8, 4)
    voicings = harmony.voicings(style.chord_centre)
    previous = None
    for bar in harmony.bars:
        for _, chord in bar:
            pitches = voicings[chord]
            assert sorted(pitch % 12 for pitch in pitches) == sorted(chord.pitch_classes)
            assert list(pitches) == sorted(pitches)
            assert style.chord_centre - 17 <= pitches[0] <= pitches[-1] <= style.chord_centre + 22
            if previous is not None:
                assert voice_movement(previous, pitches) / len(pitches) <= 4.5
            previous = pitches


@given(st.sampled_from(STYLES), st.sampled_from(["major", "minor"]), st.integers(0, 11))
def test_most_chord_tones_belong_to_the_key(style, mode, tonic):
    key = {(tonic + step) % 12 for step in (*SCALES[mode], *((11,) if mode == "minor" else ()))}
    tones = [
        pitch_class in key
        for progression in style.progressions[mode]
        for _, chord in (change for bar in Harmony(progression, tonic, mode, 8, 4).bars for change in bar)
        for pitch_class in chord.pitch_classes
    ]
    assert sum(tones) / len(tones) > 0.7


def test_two_chords_share_a_bar_where_a_dash_joins_them():
    harmony = Harmony("ii7-V7 I", 0, "major", 4, 4)
    assert harmony.names() == ("Dm7 G7", "C", "Dm7 G7", "C")
    assert (harmony.at(0, 1.9).name, harmony.at(0, 2.0).name, harmony.after(0, 2.0).name) == (
        "Dm7",
        "G7",
        "C",
    )


def test_scale_pitches_are_those_of_the_key_within_the_range():
    assert scale_pitches(0, (0, 2, 4, 5, 7, 9, 11), 60, 72) == (60, 62, 64, 65, 67, 69, 71, 72)
