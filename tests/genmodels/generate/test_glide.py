"""Weights of a mix that move while it plays: a function of the frame, at no cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from genmodels.conditioning.attributes import (
    Conditions,
    SamplingParams,
    Transport,
    WeightedPrompt,
    WeightGlide,
)
from genmodels.errors import ConditionError
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.rows import VoiceRows
from tests.genmodels.tiny import tiny_musicgen

MIX = Conditions(
    (WeightedPrompt("warm piano", 1.0), WeightedPrompt("drums", 3.0)), transport=Transport(120.0)
)
GLIDING = replace(MIX, glide=WeightGlide((1.0, 0.0), 10.0, 60.0))


@pytest.fixture(scope="module")
def model() -> MusicGen:
    return tiny_musicgen("fp32")


def test_weights_move_on_a_straight_line_between_two_steps() -> None:
    voice = VoiceRows((0, 1), (0.25, 0.75), None, 1.0, SamplingParams(), 0, glide=((1.0, 0.0), 10.0, 60.0))
    assert voice.weights_at(0) == (1.0, 0.0)
    assert voice.weights_at(35) == pytest.approx((0.625, 0.375))
    assert voice.weights_at(60) == voice.weights_at(999) == (0.25, 0.75)
    logits = torch.tensor([[[4.0]], [[8.0]]])
    assert voice.guided(logits, 0).item() == 4.0
    assert voice.guided(logits, 60).item() == 7.0


def test_a_glide_takes_no_more_steps_than_a_mix_at_rest(model: MusicGen) -> None:
    def steps(conditions: Conditions) -> int:
        stream = Continuation(model, conditions, seed=3)
        stream.advance(70)
        return stream.stats.step.count

    assert steps(GLIDING) == steps(MIX)


def test_a_glide_ends_where_its_weights_are_those_of_the_mix(model: MusicGen) -> None:
    over = replace(MIX, glide=WeightGlide((1.0, 0.0), -60.0, -10.0))
    streams = [Continuation(model, conditions, seed=3) for conditions in (over, MIX, GLIDING)]
    for stream in streams:
        stream.advance(70)
    assert torch.equal(streams[0].codes, streams[1].codes)
    assert not torch.equal(streams[2].codes, streams[1].codes)


@pytest.mark.parametrize("chunk", [1, 13])
def test_codes_of_a_glide_do_not_depend_on_how_the_stream_was_driven(chunk: int, model: MusicGen) -> None:
    planned = Continuation(model, MIX, seed=3)
    planned.set_conditions(replace(MIX, glide=WeightGlide((0.5, 0.5), 20.0, 60.0)), 20)
    while planned.frame < 100:
        planned.advance(min(100, planned.frame + chunk))
    late = Continuation(model, MIX, seed=3)
    late.advance(40)
    late.set_conditions(replace(MIX, glide=WeightGlide((0.5, 0.5), 20.0, 60.0)), 20)
    late.advance(90)
    late.roll_back(50)
    late.advance(100)
    assert torch.equal(planned.codes, late.codes)


@pytest.mark.parametrize(
    ("weights", "first", "last"),
    [
        ((1.0, -1.0), 0.0, 9.0),
        ((0.0, 0.0), 0.0, 9.0),
        ((1.0, float("nan")), 0.0, 9.0),
        ((1.0, 0.0), 9.0, 9.0),
    ],
)
def test_a_glide_that_is_none_is_refused(weights: tuple[float, ...], first: float, last: float) -> None:
    with pytest.raises(ConditionError):
        WeightGlide(weights, first, last)


def test_a_glide_has_one_weight_a_prompt() -> None:
    with pytest.raises(ConditionError, match="one each"):
        replace(MIX, glide=WeightGlide((1.0,), 0.0, 9.0))
