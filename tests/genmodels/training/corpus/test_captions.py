"""Captions say only what is true and vary as prompts do."""

from __future__ import annotations

import re

import pytest

from genmodels.training.corpus.captions import CAPTIONS_PER_SCENE, caption_set
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS, HELD_OUT_TEXTS
from genmodels.training.corpus.instruments import INSTRUMENTS, words_for
from genmodels.training.corpus.scenes import scenes
from genmodels.training.corpus.styles import STYLE_NAMES, STYLES
from genmodels.training.corpus.suite import compose_item
from genmodels.training.corpus.theory import key_name
from genmodels.training.corpus.words import BASS_AND_DRUMS, METER_WORDS, NO_DRUMS

_NAMES = sorted({name for style in STYLES for name in (*style.names, style.name)}, key=len, reverse=True)
_INSTRUMENTS = sorted({name for i in INSTRUMENTS.values() for name in i.names}, key=len, reverse=True)
_HAS_DRUMS = re.compile(r"\b(drums?|beat|kit|brushes|percussion|808|909)\b")


@pytest.fixture(scope="module")
def captioned():
    found = [scene for seed in range(160) for scene in scenes(compose_item(seed))]
    return [(scene, caption_set(scene, str(i))) for i, scene in enumerate(found)]


def without(text, phrases):
    for phrase in phrases:
        text = re.sub(rf"\b{re.escape(phrase)}\b", "", text)
    return text


def test_captions_are_the_same_for_the_same_seed():
    scene = scenes(compose_item(5))[0]
    assert caption_set(scene, "1") == caption_set(scene, "1")
    assert caption_set(scene, "1") != caption_set(scene, "2")


def test_captions_are_short_clean_lines(captioned):
    for _, captions in captioned:
        assert len(captions) == CAPTIONS_PER_SCENE
        for caption in captions:
            assert caption == caption.strip()
            assert 2 < len(caption) < 180
            assert "  " not in caption
            assert ", ," not in caption


def test_a_tempo_key_or_meter_in_a_caption_is_that_of_the_piece(captioned):
    for scene, captions in captioned:
        piece = scene.piece
        for caption in captions:
            for number in re.findall(r"(\d+) ?bpm|, tempo (\d+)(?:,|$)", caption.lower()):
                assert int("".join(number)) == round(piece.bpm)
            key = re.search(r"\b([A-G][b#]? (?:major|minor))", caption)
            assert key is None or key.group(1) == key_name(piece.tonic, piece.mode)
            other = {"major": "minor", "minor": "major"}[piece.mode]
            assert not re.search(rf"\b{other}\b", caption)
            for meter, words in METER_WORDS.items():
                if meter != piece.meter:
                    assert not any(f", {word}" in caption for word in words)


def test_drums_are_named_only_where_they_play_and_denied_only_where_they_do_not(captioned):
    denied = named = 0
    for scene, captions in captioned:
        for caption in captions:
            says_no = any(re.search(rf"\b{phrase}\b", caption) for phrase in NO_DRUMS)
            says_yes = bool(_HAS_DRUMS.search(without(caption, (*NO_DRUMS, *STYLE_NAMES, "drum & bass"))))
            assert not (says_no and scene.has_drums), caption
            assert not (says_yes and not scene.has_drums), caption
            denied, named = denied + says_no, named + says_yes
    assert min(denied, named) > 100


def test_instruments_are_named_only_where_they_play(captioned):
    named = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in _INSTRUMENTS))
    for scene, captions in captioned:
        true = {word for instrument in scene.instruments for word in words_for(instrument)}
        known = sorted({*true, *_NAMES, *NO_DRUMS, *BASS_AND_DRUMS}, key=len, reverse=True)
        true_or_style = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in known))
        for caption in captions:
            assert not named.search(true_or_style.sub("", caption)), (caption, scene.instruments)


def test_names_of_styles_that_speak_of_an_instrument_need_it(captioned):
    for scene, captions in captioned:
        families = {INSTRUMENTS[t.instrument].family for t in scene.tracks if not t.is_drums}
        own = {word for instrument in scene.instruments for word in words_for(instrument)}
        for caption in captions:
            rest = without(caption.replace(scene.piece.style, ""), sorted(own, key=len, reverse=True))
            assert "piano" in families or "piano" not in rest, caption
            assert "guitar" in families or "guitar" not in rest, caption
            assert scene.has_drums or " trio" not in rest, caption


def test_short_prompts_are_common(captioned):
    everything = [caption for _, captions in captioned for caption in captions]
    assert sum(len(caption.split()) <= 3 for caption in everything) / len(everything) > 0.15
    assert {"solo piano", "drums only", "house", "techno", "lofi", "jazz"} <= set(everything)


def test_facts_are_mentioned_often_enough_to_be_learned(captioned):
    everything = [caption for _, captions in captioned for caption in captions]

    def share(pattern):
        return sum(bool(re.search(pattern, caption)) for caption in everything) / len(everything)

    assert share(r"(?i)bpm") > 0.2
    assert share(r"minor|major") > 0.12
    assert share(r"slow|fast|tempo|upbeat") > 0.1
    assert share(r"sparse|minimal|stripped|bare|few") > 0.02


def test_no_caption_is_a_held_out_prompt(captioned):
    assert not HELD_OUT_TEXTS & {caption.lower() for _, captions in captioned for caption in captions}
    assert {prompt.style for prompt in HELD_OUT_PROMPTS} >= set(STYLE_NAMES)
    assert len(HELD_OUT_TEXTS) == len(HELD_OUT_PROMPTS)
