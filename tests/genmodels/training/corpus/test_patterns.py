"""The pattern vocabulary of the styles and the bars made of it."""

from __future__ import annotations

from random import Random

import pytest

from genmodels.training.corpus.drums import bar_of, drum_bar
from genmodels.training.corpus.instruments import DRUMS, INSTRUMENTS
from genmodels.training.corpus.parts import bass_bar, chord_bar, lead_bar, make_motif
from genmodels.training.corpus.styles import STYLES
from genmodels.training.corpus.theory import roman_chord, scale_pitches


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_pattern_of_a_style_is_whole_bars_of_known_marks(style):
    for meter, patterns in style.patterns.items():
        steps = 4 * meter
        for drums in patterns.drums:
            for name, text in drums.items():
                assert name in DRUMS
                assert len(text) % steps == 0
                assert set(text) <= set("Xxo.")
        for text in patterns.bass:
            assert len(text) == steps
            assert set(text) <= set("Rr583a-.")
        for text in patterns.chords:
            assert len(text) == steps
            assert set(text) <= set("Xxo-.0123456789")


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_program_of_a_style_is_a_known_instrument(style):
    programs = {*style.bass, *style.chords, *style.lead, *style.pad, *style.solo}
    assert programs <= set(INSTRUMENTS)


def test_a_pattern_that_is_not_whole_bars_is_refused():
    with pytest.raises(ValueError, match="not a whole number of bars"):
        bar_of("x...x", 0, 16)


def test_a_bar_of_a_two_bar_pattern_alternates():
    pattern = "X" + "." * 15 + "x" + "." * 15
    assert [bar_of(pattern, bar, 16)[0] for bar in range(4)] == ["X", "x", "X", "x"]


def test_drum_accents_are_louder_and_a_fill_replaces_only_the_last_beat():
    pattern = {"kick": "X...o...x...x...", "hat": "x.x.x.x.x.x.x.x."}
    plain = drum_bar(pattern, 0, 4)
    kicks = {note.start: note.velocity for note in plain if note.pitch == DRUMS["kick"]}
    assert kicks[0.0] > kicks[2.0] > kicks[1.0]
    filled = drum_bar(pattern, 0, 4, fill=0)
    assert [note for note in filled if note.start < 3.0] == [note for note in plain if note.start < 3.0]
    assert any(note.pitch == DRUMS["snare"] and note.start >= 3.0 for note in filled)


def test_bass_has_the_root_on_the_first_beat_and_approaches_the_next_root_by_a_semitone():
    chord, following = roman_chord("I", 0, "major"), roman_chord("IV", 0, "major")
    notes = bass_bar("R---3---5---a---", 0, 4, chord, following, 33)
    assert notes[0].pitch % 12 == 0
    assert min((notes[-1].pitch - 5) % 12, (5 - notes[-1].pitch) % 12) == 1
    assert [note.start for note in notes] == [0.0, 1.0, 2.0, 3.0]


def test_held_chords_last_and_arpeggios_climb_over_the_octave():
    voicing = (60, 64, 67)
    held = chord_bar("X-------........", 0, 4, voicing)
    assert {note.pitch for note in held} == set(voicing)
    assert all(1.8 < note.length < 2.0 for note in held)
    arpeggio = chord_bar("0-1-2-3-........", 0, 4, voicing)
    assert [note.pitch for note in arpeggio] == [60, 64, 67, 72]


@pytest.mark.parametrize("seed", range(20))
def test_a_melody_stays_in_the_scale_and_its_downbeats_in_the_chord(seed):
    chord = roman_chord("ii", 0, "major")
    scale = scale_pitches(0, (0, 2, 4, 5, 7, 9, 11), 60, 84)
    motif = make_motif(Random(seed), 4, 0.6)
    for bar in range(motif.bars):
        for note in lead_bar(motif, bar, 4, chord, scale, 72):
            assert note.pitch in scale
            assert 0.0 <= note.start < 4.0
            if note.start == 0.0:
                assert note.pitch % 12 in chord.pitch_classes
