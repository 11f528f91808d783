from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.conditioning.attributes import Conditions, ConstantChroma, Transport, WeightedPrompt
from genmodels.errors import ConditionError, GenerationError
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision
from genmodels.lm.sampling import SamplingParams
from tests.genmodels.tiny import CARD, tiny_musicgen

GREEDY = SamplingParams(use_sampling=False)
SAMPLED = SamplingParams()
HOP = 8


def made(precision: Precision, request: pytest.FixtureRequest) -> MusicGen:
    if precision != "native":
        return tiny_musicgen(precision)
    request.getfixturevalue("native_library")
    return tiny_musicgen("native", dim=64, num_heads=2)


@pytest.fixture(scope="module", params=["int8", "native"])
def model(request: pytest.FixtureRequest) -> MusicGen:
    return made(request.param, request)


@pytest.fixture(scope="module", params=["fp32", "int8", "native"])
def any_model(request: pytest.FixtureRequest) -> MusicGen:
    return made(request.param, request)


@pytest.fixture(scope="module")
def exact_model() -> MusicGen:
    return tiny_musicgen("fp32")


def asked(
    *texts: str, sampling: SamplingParams = SAMPLED, bpm: float = 120.0, cfg: float = 3.0
) -> Conditions:
    weights = range(len(texts), 0, -1)
    prompts = tuple(WeightedPrompt(text, weight) for text, weight in zip(texts, weights, strict=True))
    return Conditions(prompts, transport=Transport(bpm), sampling=sampling, cfg_coef=cfg)


def offline(
    model: MusicGen, conditions: Conditions, frames: int, seed: int, prompt: torch.Tensor | None = None
):
    model.set_generation_params(duration=frames / 50)
    return model.generate_tokens([conditions], prompt, seed)[0]


def test_continuation_steps_on_the_window_grid_of_the_offline_long_form(exact_model: MusicGen) -> None:
    assert (exact_model.max_frames, exact_model.stride_frames) == (80, 45)


@pytest.mark.parametrize("sampling", [GREEDY, SamplingParams(top_k=8)], ids=["greedy", "sampled"])
@pytest.mark.parametrize("chunk", [1, 7, 500])
def test_tokens_equal_the_offline_long_form_past_two_boundaries(
    sampling: SamplingParams, chunk: int, any_model: MusicGen
) -> None:
    conditions = asked("warm piano", sampling=sampling)
    # 80, then 45 a window: the boundaries are at 80, 125 and 170
    whole = offline(any_model, conditions, 80 + 3 * 45, seed=5)
    assert len(set(whole[0].tolist())) > 5
    stream = Continuation(any_model, conditions, seed=5)
    while stream.frame < 180:
        stream.advance(min(180, stream.frame + chunk))
    assert stream.frame == 180
    assert torch.equal(stream.codes, whole[:, :180])


def test_tokens_after_a_prompt_equal_the_offline_continuation(model: MusicGen) -> None:
    prompt = torch.randint(0, CARD, (1, 4, 50), generator=torch.Generator().manual_seed(3))
    whole = offline(model, asked("drums"), 125, 9, prompt)
    stream = Continuation(model, asked("drums"), 9, prompt_codes=prompt[0])
    assert (stream.frame, stream.pcm_frame, stream.oldest_frame) == (50, 48, 50)
    stream.advance(120)
    assert torch.equal(stream.codes, whole[:, :120])


@pytest.mark.parametrize("frames", [60, 79, 80, 100, 230, 401])
def test_a_session_primed_with_the_codes_of_another_goes_on_as_that_one(
    exact_model: MusicGen, frames: int
) -> None:
    first = Continuation(exact_model, asked("drums"), 9)
    first.advance(frames + 60)
    second = Continuation(exact_model, asked("drums"), 9, prompt_codes=first.codes[:, :frames])
    assert (second.frame, second.pcm_frame) == (frames, frames - 2)
    sound = second.advance(frames + 60)
    assert torch.equal(second.codes, first.codes)
    whole = exact_model.generate_audio(first.codes[None])[0, 0].numpy()
    np.testing.assert_allclose(sound, whole[(frames - 2) * HOP : (frames + 58) * HOP], atol=1e-5)


def test_sound_equals_one_decode_of_the_codes(model: MusicGen) -> None:
    stream = Continuation(model, asked("drums"), 1)
    sound = np.concatenate([stream.advance(frame) for frame in (1, 2, 3, 20, 21, 90, 140)])
    assert len(sound) == stream.pcm_frame * HOP == 138 * HOP
    whole = model.generate_audio(stream.codes[None])[0, 0].numpy()
    np.testing.assert_allclose(sound, whole[: len(sound)], atol=1e-5)


def test_advancing_to_a_reached_frame_gives_nothing(model: MusicGen) -> None:
    stream = Continuation(model, asked("drums"), 1)
    stream.advance(10)
    assert stream.advance(10).shape == (0,)
    assert stream.frame == 10


def test_no_more_positions_are_run_than_were_asked_for(model: MusicGen) -> None:
    stream = Continuation(model, asked("drums"), 1)
    for frame in (1, 5, 6, 40):
        stream.advance(frame)
        assert stream.stats.step.count == frame + stream.max_delay
    assert stream.stats.step.mean > 0


@settings(max_examples=8)
@given(data=st.data())
def test_rolling_back_changes_nothing_while_conditions_stay(data: st.DataObject, model: MusicGen) -> None:
    conditions = asked("warm piano")
    reference = Continuation(model, conditions, 2)
    sound = np.zeros(200 * HOP, dtype=np.float32)
    plain = reference.advance(190)
    stream = Continuation(model, conditions, 2)
    for _ in range(data.draw(st.integers(1, 5))):
        target = data.draw(st.integers(stream.frame, 190))
        start = stream.pcm_frame * HOP
        part = stream.advance(target)
        sound[start : start + len(part)] = part
        back = data.draw(st.integers(stream.oldest_frame, stream.frame))
        stream.roll_back(back)
        assert (stream.frame, stream.pcm_frame) == (back, max(0, back - 2))
    start = stream.pcm_frame * HOP
    part = stream.advance(190)
    sound[start : start + len(part)] = part
    assert torch.equal(stream.codes, reference.codes)
    np.testing.assert_allclose(sound[: len(plain)], plain, atol=1e-5)


CHOICES = (
    asked("warm piano"),
    asked("drums", "strings"),
    asked("strings", "drums", "brass"),
    asked("warm piano", bpm=90, cfg=1.5),
    Conditions(),
    Conditions(chroma=ConstantChroma((1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0))),
)


@settings(max_examples=15)
@given(data=st.data())
def test_tokens_depend_on_the_conditions_by_frame_and_not_on_how_far_it_had_run(
    data: st.DataObject, model: MusicGen
) -> None:
    changes = sorted(data.draw(st.sets(st.integers(1, 150), max_size=4)))
    chosen = [data.draw(st.sampled_from(CHOICES)) for _ in changes]
    plain = Continuation(model, asked("warm piano"), 4)
    for frame, conditions in zip(changes, chosen, strict=True):
        plain.advance(frame)
        plain.set_conditions(conditions)
    plain.advance(180)
    lively = Continuation(model, asked("warm piano"), 4)
    for frame, conditions in zip(changes, chosen, strict=True):
        # some changes come early, some after the stream has run past them
        lively.advance(data.draw(st.integers(max(0, frame - 20), min(180, frame + 30))))
        lively.set_conditions(conditions, frame)
    lively.advance(180)
    assert torch.equal(lively.codes, plain.codes)


def test_conditions_change_what_follows_and_keep_what_was(model: MusicGen) -> None:
    stream = Continuation(model, asked("warm piano"), 4)
    stream.advance(70)
    before = stream.codes
    stream.set_conditions(asked("loud drums", bpm=171), 40)
    assert stream.frame == 40
    stream.advance(70)
    assert torch.equal(stream.codes[:, :40], before[:, :40])
    assert not torch.equal(stream.codes, before)
    assert stream.conditions.prompts[0].text == "loud drums"


def test_a_prompt_split_into_equal_parts_plays_as_one(exact_model: MusicGen) -> None:
    whole = Continuation(exact_model, asked("piano", sampling=GREEDY), 0)
    parts = Conditions(
        (WeightedPrompt("piano", 0.5), WeightedPrompt("piano ", 0.5)),
        transport=Transport(120.0),
        sampling=GREEDY,
    )
    split = Continuation(exact_model, parts, 0)
    whole.advance(100)
    split.advance(100)
    assert torch.equal(whole.codes, split.codes)


def test_going_back_further_than_is_kept_is_refused_and_changes_nothing(model: MusicGen) -> None:
    stream = Continuation(model, asked("drums"), 1)
    stream.advance(180)
    assert stream.oldest_frame == 125
    with pytest.raises(GenerationError, match=r"frame 20, must be in \[125, 180\]"):
        stream.roll_back(20)
    with pytest.raises(GenerationError, match="181"):
        stream.roll_back(181)
    with pytest.raises(GenerationError):
        stream.set_conditions(asked("piano"), 20)
    assert (stream.frame, stream.conditions.prompts[0].text) == (180, "drums")


def test_many_small_changes_can_all_be_rolled_back(model: MusicGen) -> None:
    stream = Continuation(model, asked("drums"), 1)
    for i in range(40):
        stream.advance(stream.frame + 1)
        stream.set_conditions(asked("drums", sampling=SamplingParams(temperature=1 + i / 100)))
    assert stream.oldest_frame == 0
    stream.roll_back(3)


def test_history_is_bounded_and_ends_at_the_present_frame(model: MusicGen) -> None:
    stream = Continuation(model, asked("drums"), 1)
    other = Continuation(model, asked("drums"), 1)
    stream.advance(500)
    early = stream.codes
    stream.advance(900)
    other.advance(900)
    assert early.shape == (4, 500)
    assert 4 * 80 <= stream.codes.shape[1] <= 8 * 80
    assert torch.equal(stream.codes, other.codes)
    stream.roll_back(stream.oldest_frame)
    stream.advance(900)
    assert torch.equal(stream.codes, other.codes)


def test_wrong_prompts_and_unknown_conditions_are_refused(model: MusicGen) -> None:
    with pytest.raises(GenerationError, match=r"\[0, 31\]"):
        Continuation(model, asked("drums"), 1, prompt_codes=torch.full((4, 80), CARD))
    with pytest.raises(GenerationError, match="shape"):
        Continuation(model, asked("drums"), 1, prompt_codes=torch.zeros(3, 10, dtype=torch.int64))
    plain = tiny_musicgen(conditioners={}, fuser={})
    with pytest.raises(ConditionError, match="no text"):
        Continuation(plain, asked("drums"), 1)
    with pytest.raises(ConditionError, match="no transport"):
        Continuation(plain, Conditions(transport=Transport(100)), 1)
    Continuation(plain, Conditions(), 1).advance(5)


def test_a_text_that_is_added_to_every_step_as_well_streams_as_offline_and_changes_at_its_frame() -> None:
    words = {"kind": "words", "dim": 32, "vocabulary": 256}
    model = tiny_musicgen(
        "int8",
        conditioners={"description": words, "summary": {**words, "pooled": True}},
        fuser={"cross": ["description"], "sum": ["summary"]},
    )
    piano, drums = (Conditions((WeightedPrompt(text, 1.0),), sampling=GREEDY) for text in ("piano", "drums"))
    whole = offline(model, piano, 200, seed=5)[:, :140]
    stream = Continuation(model, piano, seed=5)
    stream.advance(140)
    assert torch.equal(stream.codes, whole)
    stream.set_conditions(drums, 100)
    stream.advance(140)
    assert torch.equal(stream.codes[:, :100], whole[:, :100])
    assert not torch.equal(stream.codes, whole)
    ahead = Continuation(model, piano, seed=5)
    ahead.set_conditions(drums, 100)
    ahead.advance(140)
    assert torch.equal(stream.codes, ahead.codes)
