"""Melodies are what they are said to be, and what follows them is told from what does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.evaluation.clips import Player
from benchmarks.evaluation.features import RATE
from benchmarks.evaluation.melodies import (
    CLIP_S,
    PROMPTS,
    SCALES,
    as_played,
    judged,
    melodies,
    melody_figures,
    notes_right,
    pitch_agreement,
)
from daw_bridge.melody.likeness import reordered
from genmodels.checkpoints.bundled import BUNDLED
from genmodels.conditioning.harmony import chroma_of
from genmodels.generate.musicgen import MusicGen
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS
from tests.benchmarks.test_evaluation import can_render


def test_a_melody_keeps_to_one_scale_in_one_key_and_walks_in_small_steps() -> None:
    for melody in melodies(40):
        pitches = [note.pitch for note in melody.phrase.notes]
        classes = {pitch % 12 for pitch in pitches}
        keys = [{(key + step) % 12 for step in scale} for scale in SCALES.values() for key in range(12)]
        assert any(classes <= key for key in keys)
        neighbours = [
            abs(one.pitch - other.pitch)
            for one, other in pairwise(melody.phrase.notes)
            if one.start + one.length == other.start
        ]
        assert max(neighbours, default=0) <= 5


def test_melodies_are_asked_for_with_held_out_prompts() -> None:
    assert set(PROMPTS) <= {prompt.text for prompt in HELD_OUT_PROMPTS}


def test_notes_in_another_order_stand_elsewhere() -> None:
    for seed, melody in enumerate(melodies(20)):
        pitches, moved = (
            np.array([note.pitch for note in phrase.notes])
            for phrase in (melody.phrase, reordered(melody.phrase, seed))
        )
        assert sorted(pitches) == sorted(moved)
        assert np.mean(pitches % 12 == moved % 12) < 0.5


@pytest.mark.skipif(not can_render(), reason="FluidSynth or the soundfont is not there")
def test_an_instrument_that_plays_the_melody_is_heard_to_and_one_that_plays_another_is_not() -> None:
    for melody in melodies(5):
        instrument, like_it = PROMPTS[melody.prompt]
        wanted, again = (as_played(melody, each) for each in (instrument, like_it))
        assert len(wanted) == round(CLIP_S * RATE)
        moved = replace(melody, phrase=reordered(melody.phrase, 1))
        own, other = judged(melody, wanted, again), judged(moved, as_played(moved, instrument), again)
        assert own.pitch > 0.7 > 0.5 > other.pitch
        assert own.notes > 0.8 > 0.5 > other.notes
        assert own.cosine > other.cosine


def test_what_is_not_heard_is_not_right() -> None:
    melody = melodies(1)[0]
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    assert pitch_agreement(tone, tone) == 1.0
    assert pitch_agreement(tone, np.zeros_like(tone)) == 0.0
    assert notes_right(melody, chroma_of(np.zeros(10 * RATE, np.float32), RATE, 50.0)) == 0.0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not (BUNDLED / "config.yaml").is_file(), reason="the bundled model is not there")
@pytest.mark.skipif(not can_render(), reason="FluidSynth or the soundfont is not there")
def test_what_the_bundled_model_plays_is_nearer_to_the_melody_than_to_its_notes_in_another_order(
    tmp_path,
) -> None:
    player = Player(MusicGen.get_pretrained("mini"), tmp_path)
    asked = melodies(8)
    player.play_all([melody.asked for melody in asked])
    figures = [figure.value for figure in melody_figures(player, asked)]
    for own, other, ceiling in (figures[0:3], figures[3:6], figures[6:9]):
        assert own > other
        assert ceiling > other
