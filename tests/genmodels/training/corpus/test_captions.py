"""Captions say only what is true and vary as prompts do."""

from __future__ import annotations

import re

import pytest

from genmodels.training.corpus.captions import caption_set
from genmodels.training.corpus.compose import compose
from genmodels.training.corpus.theory import key_name


@pytest.fixture(scope="module")
def captioned():
    return [(piece, caption_set(piece, piece.seed)) for piece in map(compose, range(300))]


def test_captions_are_the_same_for_the_same_seed():
    piece = compose(5)
    assert caption_set(piece, 1) == caption_set(piece, 1)
    assert caption_set(piece, 1) != caption_set(piece, 2)


def test_captions_are_short_clean_lines(captioned):
    for _, captions in captioned:
        assert len(captions) == 24
        for caption in captions:
            assert caption == caption.strip()
            assert 2 < len(caption) < 140
            assert "  " not in caption
            assert ", ," not in caption


def test_a_tempo_or_key_in_a_caption_is_that_of_the_piece(captioned):
    for piece, captions in captioned:
        for caption in captions:
            for number in re.findall(r"(\d+) ?bpm|, tempo (\d+)(?:,|$)", caption.lower()):
                assert int("".join(number)) == round(piece.bpm)
            key = re.search(r"\b([A-G][b#]? (?:major|minor))", caption)
            assert key is None or key.group(1) == key_name(piece.tonic, piece.mode)


def test_only_pieces_without_drums_are_called_so(captioned):
    phrases = re.compile(r"\b(no drums|without drums|drumless|no percussion|no beat)\b")
    said = 0
    for piece, captions in captioned:
        for caption in captions:
            if phrases.search(caption):
                said += 1
                assert not piece.has_drums
    assert said > 100


def test_short_prompts_are_common(captioned):
    everything = [caption for _, captions in captioned for caption in captions]
    assert sum(len(caption.split()) <= 3 for caption in everything) / len(everything) > 0.15
    assert {"solo piano", "drums only", "house", "techno"} <= set(everything)


def test_facts_are_mentioned_often_enough_to_be_learned(captioned):
    everything = [caption for _, captions in captioned for caption in captions]
    assert sum("bpm" in caption.lower() for caption in everything) / len(everything) > 0.2
    assert (
        sum(("minor" in caption) or ("major" in caption) for caption in everything) / len(everything) > 0.12
    )
