"""The vocabulary of the styles is well-formed."""

from __future__ import annotations

import pytest

from genmodels.training.corpus.effects import ROOMS
from genmodels.training.corpus.instruments import DRUMS, INSTRUMENTS, KITS
from genmodels.training.corpus.parts import WALK
from genmodels.training.corpus.piece import METERS, STEPS_PER_BEAT
from genmodels.training.corpus.styles import STYLE_NAMES, STYLES, style_of
from genmodels.training.corpus.theory import SCALES, roman_chord
from genmodels.training.corpus.voices import VOICES

each_style = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)


def test_there_are_at_least_sixteen_styles_with_names_of_their_own():
    assert len(set(STYLE_NAMES)) == len(STYLES) >= 16
    words = [name for style in STYLES for name in style.names]
    assert len(words) == len(set(words))


@each_style
def test_every_pattern_is_whole_bars_of_known_marks(style):
    for meter, grooves in style.grooves.items():
        steps = STEPS_PER_BEAT * METERS[meter]
        for pattern in (*grooves.light, *grooves.full):
            for name, text in pattern.items():
                assert name in DRUMS
                assert len(text) % steps == 0
                assert set(text) <= set("Xxodt.")
        for fill in grooves.fills:
            assert set(fill) <= set(DRUMS)
            assert all(0 < len(text) <= steps for text in fill.values())
        for marks, texts in (
            ("Rr35678ag-.", [text for text in grooves.bass if text != WALK]),
            ("Xxo-.0123456789", (*grooves.chords, *grooves.arps)),
            ("Xx-.", grooves.leads),
        ):
            for text in texts:
                assert len(text) % steps == 0
                assert set(text) <= set(marks)


@each_style
def test_a_style_has_variations_of_its_groove_and_fills_for_phrase_ends(style):
    for grooves in style.grooves.values():
        if grooves.full:
            assert grooves.light
            assert grooves.fills
        assert grooves.leads
    largest = style.grooves["4/4"]
    assert len(largest.bass) + len(largest.chords) >= 5
    assert not largest.full or len(largest.full) >= 2


@each_style
def test_every_name_that_a_style_refers_to_exists(style):
    instruments = {*style.bass, *style.chords, *style.arp, *style.lead, *style.pad, *style.solo}
    assert instruments | {name for pair in style.duos for name in pair} <= set(INSTRUMENTS)
    assert set(style.kits) <= set(KITS)
    assert style.mix.room in ROOMS
    for scales in style.scales.values():
        assert set(scales) <= set(SCALES)
    for mode in ("major", "minor"):
        for progression in style.progressions[mode]:
            for symbol in progression.replace("-", " ").split():
                roman_chord(symbol, 0, mode)


def test_every_voice_of_our_own_is_synthesized():
    assert {name for name, instrument in INSTRUMENTS.items() if instrument.program is None} == set(VOICES)


def test_three_four_and_six_eight_belong_to_some_styles():
    meters = {meter for style in STYLES for meter in style.grooves}
    assert meters == {"4/4", "3/4", "6/8"}


def test_an_unknown_style_is_refused_by_name():
    with pytest.raises(ValueError, match="no style 'polka'"):
        style_of("polka")
