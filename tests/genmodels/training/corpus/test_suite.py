"""Items that change on a bar line, and their scenes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from genmodels.training.corpus.facts import item_facts
from genmodels.training.corpus.scenes import scenes
from genmodels.training.corpus.styles import STYLE_NAMES
from genmodels.training.corpus.suite import compose_item


@pytest.fixture(scope="module")
def items():
    return [compose_item(seed) for seed in range(200)]


def test_items_are_the_same_for_the_same_seed():
    assert compose_item(8) == compose_item(8)


def test_styles_take_turns(items):
    assert {pieces[0].style for pieces in items[:20]} == set(STYLE_NAMES)


def test_a_good_part_of_the_items_changes_style_arrangement_or_tempo(items):
    changing = [pieces for pieces in items if len(pieces) > 1]
    assert 0.3 < len(changing) / len(items) < 0.5
    pairs = [pair for pieces in changing for pair in pairwise(pieces)]
    style = [a.style != b.style for a, b in pairs]
    tempo = [a.bpm != b.bpm for a, b in pairs]
    assert 0.4 < sum(style) / len(pairs) < 0.7
    assert 0.05 < sum(tempo) / len(pairs) < 0.3
    for (a, b), other_style in zip(pairs, style, strict=True):
        assert a.meter == b.meter
        assert a.mode == b.mode
        if other_style:
            assert a.bpm == b.bpm


def test_scenes_cover_an_item_without_gaps_and_change_what_plays(items):
    for pieces in items:
        found = scenes(pieces)
        assert found[0].start_s == 0
        assert found[-1].end_s == pytest.approx(sum(piece.duration_s for piece in pieces))
        for one, other in pairwise(found):
            assert one.end_s == pytest.approx(other.start_s)
            assert one.piece is not other.piece or one.roles != other.roles


def test_a_scene_is_named_by_what_plays_in_it(items):
    for pieces in items:
        for scene in scenes(pieces):
            assert (scene.texture in ("full", "drums only", "bass and drums")) == scene.has_drums
            assert (scene.lead_family == "drums") == (scene.texture == "drums only")
            assert (scene.texture == "solo") == (len(scene.instruments) == 1 and not scene.has_drums)


def test_facts_tell_the_labels_of_every_scene_in_frames(items):
    for seed, pieces in enumerate(items[:20]):
        facts = item_facts(seed, pieces)
        assert facts["scenes"][0]["start_frame"] == 0
        assert facts["scenes"][-1]["end_frame"] == facts["frames"]
        for one, other in pairwise(facts["scenes"]):
            assert one["end_frame"] == other["start_frame"]
