"""Bars of drums, bass, chords and melody."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genmodels.training.corpus.drums import bar_of, build_bar, drum_bar
from genmodels.training.corpus.harmony import Harmony
from genmodels.training.corpus.instruments import DRUMS
from genmodels.training.corpus.melody import WIDEST_LEAP, make_phrase, melody_bar
from genmodels.training.corpus.parts import bass_bar, chord_bar, walking_bar
from genmodels.training.corpus.styles import STYLES
from genmodels.training.corpus.theory import SCALES, scale_pitches

C_TO_F = Harmony("I IV", 0, "major", 2, 4)


def test_a_pattern_that_is_not_whole_bars_is_refused():
    with pytest.raises(ValueError, match="not a whole number of bars"):
        bar_of("x...x", 0, 16)


def test_a_bar_of_a_two_bar_pattern_alternates():
    pattern = "X" + "." * 15 + "x" + "." * 15
    assert [bar_of(pattern, bar, 16)[0] for bar in range(4)] == ["X", "x", "X", "x"]


def test_drum_accents_are_louder_and_a_fill_replaces_only_the_end_of_the_bar():
    pattern = {"kick": "X...o...x...x...", "hat": "x.x.x.x.x.x.x.x."}
    plain = drum_bar(pattern, 0, 4)
    kicks = {note.start: note.velocity for note in plain if note.pitch == DRUMS["kick"]}
    assert kicks[0.0] > kicks[2.0] > kicks[1.0]
    filled = drum_bar(pattern, 0, 4, {"snare": "xxXX"})
    assert [note for note in filled if note.start < 3.0] == [note for note in plain if note.start < 3.0]
    assert {note.pitch for note in filled if note.start >= 3.0} == {DRUMS["snare"]}


def test_rolls_strike_more_than_once_in_their_step():
    notes = drum_bar({"hat": "d...t..........."}, 0, 4)
    assert [note.start for note in notes] == pytest.approx([0, 0.125, 1, 1 + 1 / 12, 1 + 2 / 12])


def test_a_build_doubles_its_pace_and_grows():
    bars = [build_bar(bar, 4, 4) for bar in range(4)]
    snares = [[note for note in bar if note.pitch == DRUMS["snare"]] for bar in bars]
    assert [len(bar) for bar in snares] == sorted(len(bar) for bar in snares)
    assert len(snares[-1]) == 16
    assert snares[-1][-1].velocity > snares[0][0].velocity + 30


def test_bass_has_the_root_on_the_first_beat_and_approaches_the_next_root_by_a_semitone():
    notes = bass_bar("R---3---5---a---", 0, 4, C_TO_F, 33)
    assert notes[0].pitch % 12 == 0
    assert min((notes[-1].pitch - 5) % 12, (5 - notes[-1].pitch) % 12) == 1
    assert [note.start for note in notes] == [0.0, 1.0, 2.0, 3.0]


def test_a_held_note_moves_with_the_chord_in_the_middle_of_its_bar():
    harmony = Harmony("I-V", 0, "major", 1, 4)
    roots = [(note.start, note.pitch % 12) for note in bass_bar("R---------------", 0, 4, harmony, 33)]
    assert roots == [(0.0, 0), (2.0, 7)]


@given(st.sampled_from(STYLES), st.integers(0, 11), st.integers(0, 10**6), st.sampled_from([3, 4]))
def test_a_walking_bass_stands_on_roots_and_never_leaps_more_than_an_octave(style, tonic, seed, beats):
    rng = Random(seed)
    harmony = Harmony(rng.choice(style.progressions["minor"]), tonic, "minor", 8, beats)
    notes = [(bar, note) for bar in range(8) for note in walking_bar(bar, beats, harmony, 33, rng)]
    for bar, note in notes:
        assert 30 <= note.pitch <= 33 + 26
        if note.start == 0:
            assert note.pitch % 12 == harmony.at(bar, 0).root
    for (bar, one), (other_bar, other) in pairwise(notes):
        if bar == other_bar:
            assert abs(one.pitch - other.pitch) <= 12


def test_held_chords_last_and_arpeggios_climb_over_the_octave():
    chord = C_TO_F.at(0, 0)
    voicings = {chord: (60, 64, 67)}
    held = chord_bar("X-------........", 0, 4, C_TO_F, voicings)
    assert {note.pitch for note in held} == {60, 64, 67}
    assert all(1.8 < note.length < 2.0 for note in held)
    arpeggio = chord_bar("0-1-2-3-........", 0, 4, C_TO_F, voicings)
    assert [note.pitch for note in arpeggio] == [60, 64, 67, 72]


@given(st.sampled_from(STYLES), st.sampled_from(sorted(SCALES)), st.integers(0, 11), st.integers(0, 10**6))
def test_a_melody_keeps_to_scale_and_chords_and_leaps_at_most_an_octave(style, scale, tonic, seed):
    grooves = style.grooves["4/4"]
    harmony = Harmony(style.progressions["major"][0], tonic, "major", 4, 4)
    pitches = scale_pitches(tonic, SCALES[scale], 60, 84)
    phrase = make_phrase(Random(seed), grooves.leads)
    line = [(bar, n) for bar in range(4) for n in melody_bar(phrase[bar], bar, harmony, pitches, 72)]
    assert line
    for bar, note in line:
        assert 0.0 <= note.start < 4.0
        chord = harmony.at(bar, note.start).pitch_classes
        assert note.pitch in pitches or note.pitch % 12 in chord
        if note.start == 0:
            assert note.pitch % 12 in chord
    assert all(abs(a.pitch - b.pitch) <= WIDEST_LEAP for (_, a), (_, b) in pairwise(line))


def test_a_phrase_states_its_motif_again_in_the_third_bar():
    phrase = make_phrase(Random(4), ("x-x-x---x-x-....", "x---x---........"))
    assert [idea.beat for idea in phrase[0]] == [idea.beat for idea in phrase[2]]
