"""Melody models: recordings and texts in front of the sequence, offline and streamed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.errors import ConditionError
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.sampling import SamplingParams
from tests.genmodels.melody import CONDITIONERS, RATE, melody_musicgen, tune
from tests.genmodels.tiny import tiny_musicgen

GREEDY = SamplingParams(use_sampling=False)
SAMPLED = SamplingParams(top_k=8)


@pytest.fixture(scope="module", params=["fp32", "int8"])
def any_model(request: pytest.FixtureRequest) -> MusicGen:
    return melody_musicgen(request.param)


@pytest.fixture(scope="module")
def model() -> MusicGen:
    return melody_musicgen("int8")


def asked(text: str = "warm piano", seconds: float = 4.0, sampling: SamplingParams = SAMPLED) -> Conditions:
    return Conditions((WeightedPrompt(text),), sampling=sampling, recording=tune(seconds))


def offline(model: MusicGen, conditions: Conditions, frames: int, seed: int = 5) -> torch.Tensor:
    """The first frames of four whole windows; the very last ones would see the end of the sequence."""
    model.set_generation_params(duration=(80 + 3 * 45) / 50)
    return model.generate_tokens([conditions], seed=seed)[0, :, :frames]


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
@pytest.mark.parametrize("beta", [None, 2.0])
@pytest.mark.parametrize("seconds", [0.7, 4.0])
def test_the_stream_equals_the_offline_long_form_past_two_boundaries(
    any_model: MusicGen, sampling: SamplingParams, beta: float | None, seconds: float
) -> None:
    conditions = replace(asked(seconds=seconds, sampling=sampling), cfg_coef_beta=beta)
    whole = offline(any_model, conditions, 180)
    stream = Continuation(any_model, conditions, seed=5)
    for frame in (1, 60, 61, 119, 180):
        stream.advance(frame)
    assert torch.equal(stream.codes, whole)
    assert len(set(whole[0].tolist())) > 5


def test_every_window_hears_its_own_part_of_the_recording(model: MusicGen) -> None:
    recording = tune(4.0)
    later = replace(recording, wav=recording.wav[:, int(0.9 * RATE) :])
    rows = model.voices.rows([asked()], [0])
    shifted = model.voices.rows([replace(asked(), recording=later)], [0])
    assert torch.equal(rows.prefix_at(45), shifted.prefix_at(0))
    assert not torch.equal(rows.prefix_at(0), rows.prefix_at(45))
    # 4 s are heard again from their beginning
    assert torch.equal(rows.prefix_at(200), rows.prefix_at(0))
    # the unconditional row hears silence, always the same
    assert torch.equal(rows.prefix_at(0)[-1], rows.prefix_at(45)[-1])


def test_melody_comes_first_and_text_after_it(model: MusicGen) -> None:
    prefix = model.voices.rows([asked("warm piano music")], [0]).prefix_at(0)
    assert prefix is not None
    chroma_len = model.lm.condition_provider.conditioners["self_wav"].chroma_len
    assert prefix.shape == (2, chroma_len + 3, 32)
    other = model.voices.rows([asked("other words here")], [0]).prefix_at(0)
    assert torch.equal(prefix[:, :chroma_len], other[:, :chroma_len])
    assert not prefix[1, chroma_len:].any()


CHOICES = (
    asked(),
    asked("loud drums and strings"),
    replace(asked(), recording=tune(2.0, seed=1)),
    replace(asked(), recording=None),
    replace(asked(), cfg_coef_beta=3.0),
    replace(asked(), prompts=(WeightedPrompt("brass", 2.0), WeightedPrompt("slow strings", 1.0))),
    replace(asked(), cfg_coef=1.5),
    Conditions(sampling=SAMPLED),
)


@settings(max_examples=5)
@given(data=st.data())
def test_tokens_depend_on_the_conditions_by_frame_and_not_on_how_far_it_had_run(
    data: st.DataObject, model: MusicGen
) -> None:
    changes = sorted(data.draw(st.sets(st.integers(1, 150), max_size=4)))
    chosen = [data.draw(st.sampled_from(CHOICES)) for _ in changes]
    plain = Continuation(model, asked(), 4)
    for frame, conditions in zip(changes, chosen, strict=True):
        plain.advance(frame)
        plain.set_conditions(conditions)
    plain.advance(180)
    lively = Continuation(model, asked(), 4)
    for frame, conditions in zip(changes, chosen, strict=True):
        lively.advance(data.draw(st.integers(max(0, frame - 20), min(180, frame + 30))))
        lively.set_conditions(conditions, frame)
    lively.advance(180)
    assert torch.equal(lively.codes, plain.codes)


@pytest.mark.parametrize("change", CHOICES[1:5], ids=["text", "recording", "no recording", "double guidance"])
def test_a_change_is_heard_at_once_and_can_be_taken_back(model: MusicGen, change: Conditions) -> None:
    stream = Continuation(model, asked(), 4)
    stream.advance(78)
    before = stream.codes
    stream.set_conditions(change, 40)
    stream.advance(78)
    assert torch.equal(stream.codes[:, :40], before[:, :40])
    assert not torch.equal(stream.codes[:, 40:60], before[:, 40:60])
    stream.set_conditions(asked(), 40)
    stream.advance(78)
    assert torch.equal(stream.codes, before)


def test_what_follows_a_change_is_what_the_new_conditions_make_of_the_same_past(model: MusicGen) -> None:
    stream = Continuation(model, asked(), 4)
    stream.advance(40)
    past = stream.codes
    stream.set_conditions(CHOICES[1])
    stream.advance(70)
    primed = Continuation(model, CHOICES[1], 4, prompt_codes=past)
    primed.advance(70)
    assert torch.equal(stream.codes, primed.codes)


def test_items_do_not_change_their_neighbours_though_their_texts_are_unequally_long(model: MusicGen) -> None:
    items = [
        asked("piano"),
        asked("a long text of many words about strings"),
        replace(asked("drums"), recording=None),
        Conditions(sampling=SAMPLED),
    ]
    model.set_generation_params(duration=2.2)
    together = model.generate_tokens(items, seed=3)
    for number, item in enumerate(items):
        alone = model.generate_tokens([item], seed=3 + number)
        assert torch.equal(together[number], alone[0])


def test_with_attended_padding_neighbours_do_change_results() -> None:
    model = melody_musicgen("fp32", attend_padding=True)
    model.set_generation_params(duration=1.0)
    items = [asked("piano"), asked("a long text of many words about strings")]
    together = model.generate_tokens(items, seed=3)
    assert torch.equal(together[1], model.generate_tokens(items[1:], seed=4)[0])
    assert not torch.equal(together[0], model.generate_tokens(items[:1], seed=3)[0])


def test_progress_goes_over_all_batches(model: MusicGen) -> None:
    seen: list[tuple[int, int]] = []
    model.set_custom_progress_callback(lambda done, total: seen.append((done, total)))
    model.set_generation_params(duration=1.0)
    model.generate(["piano", "warm piano"])
    model.set_custom_progress_callback(None)
    assert seen == sorted(seen)
    assert seen[-1] == (100, 100)


def test_melodies_steer_through_the_public_face(model: MusicGen) -> None:
    model.set_generation_params(duration=0.5)
    melody = torch.from_numpy(tune(1.0).wav.copy())
    plain = model.generate(["piano"], seed=1)
    steered = model.generate_with_chroma(["piano"], melody[None], RATE, seed=1)
    assert not torch.equal(steered, plain)
    assert torch.equal(model.generate(["piano"], seed=1, recording=tune(1.0)), steered)
    assert torch.equal(model.generate_with_chroma(["piano"], [None], RATE, seed=1), plain)
    again = model.generate_continuation(torch.zeros(1, 80), RATE, ["piano"], seed=1, recording=tune(1.0))
    assert again.shape == plain.shape
    with pytest.raises(ConditionError, match="1 descriptions, but 2 melodies"):
        model.generate_with_chroma(["piano"], [None, None], RATE)


def test_a_model_without_ears_refuses_a_recording() -> None:
    with pytest.raises(ConditionError, match="takes no recording"):
        Continuation(tiny_musicgen(), Conditions(recording=tune(1.0)), 1)


def test_double_guidance_follows_its_formula(model: MusicGen) -> None:
    rows = model.voices.rows([replace(asked(), cfg_coef=2.0, cfg_coef_beta=3.0)], [0])
    assert rows.keys == (("prompt", "warm piano"), ("textless",), ("null",))
    logits = torch.randn(3, 4, 32, generator=torch.Generator().manual_seed(0))
    both, without_text, none = logits
    expected = none + 2.0 * (without_text + 3.0 * (both - without_text) - none)
    torch.testing.assert_close(rows.voices[0].guided(logits), expected)
    # text alone: all but text is nothing
    rows = model.voices.rows([replace(asked(), recording=None, cfg_coef=2.0, cfg_coef_beta=3.0)], [0])
    torch.testing.assert_close(rows.voices[0].guided(logits[:2]), logits[1] + 6.0 * (logits[0] - logits[1]))
    # a recording alone: there is no text to weigh
    rows = model.voices.rows([replace(asked(), prompts=(), cfg_coef=2.0, cfg_coef_beta=3.0)], [0])
    torch.testing.assert_close(rows.voices[0].guided(logits[:2]), logits[1] + 2.0 * (logits[0] - logits[1]))


def test_two_steps_of_guidance_give_the_same_codes(any_model: MusicGen) -> None:
    any_model.set_generation_params(duration=1.0, cfg_coef=2.0, cfg_coef_beta=1.5)
    one = any_model.generate(["piano"], return_tokens=True, seed=2, recording=tune(1.0))[1]
    any_model.set_generation_params(duration=1.0, cfg_coef=2.0, cfg_coef_beta=1.5, two_step_cfg=True)
    two = any_model.generate(["piano"], return_tokens=True, seed=2, recording=tune(1.0))[1]
    streams = []
    for steps in (True, False):
        any_model.set_generation_params(duration=1.0, two_step_cfg=steps)
        stream = Continuation(any_model, asked(), 4)
        for frame, change in zip((30, 70, 100), CHOICES[1:], strict=False):
            stream.advance(frame)
            stream.set_conditions(change)
        stream.advance(120)
        streams.append(stream.codes)
    assert torch.equal(*streams)
    any_model.set_generation_params(duration=1.0)
    assert torch.equal(one, two)


ROUTES = [
    {"sum": ["self_wav"], "cross": ["description"]},
    {"cross": ["self_wav", "description"]},
    {"input_interpolate": ["self_wav"], "prepend": ["description"]},
    {"sum": ["description"], "prepend": ["self_wav"]},
    {"ignore": ["self_wav"], "cross": ["description"]},
]


@pytest.mark.parametrize("fuser", ROUTES, ids=lambda fuser: "+".join(fuser))
def test_recordings_and_texts_may_enter_anywhere(fuser: dict[str, list[str]]) -> None:
    model = melody_musicgen("int8", fuser=fuser)
    whole = offline(model, asked(), 140)
    stream = Continuation(model, asked(), seed=5)
    stream.advance(140)
    assert torch.equal(stream.codes, whole)
    mute = offline(model, replace(asked(), recording=None), 140)
    assert torch.equal(mute, whole) == ("ignore" in fuser)
    assert not torch.equal(offline(model, replace(asked(), prompts=()), 140), whole)
    other = offline(model, replace(asked(), recording=tune(4.0, seed=3)), 140)
    assert torch.equal(other, whole) == ("ignore" in fuser)


def test_recordings_and_frame_synchronous_conditions_work_together() -> None:
    from genmodels.conditioning.attributes import Transport

    model = melody_musicgen(
        "int8",
        conditioners=CONDITIONERS | {"transport": {"kind": "transport", "hidden": 16}},
        fuser={"sum": ["self_wav", "transport"], "cross": ["description"]},
    )
    conditions = replace(asked(), transport=Transport(100.0))
    whole = offline(model, conditions, 140)
    stream = Continuation(model, conditions, seed=5)
    stream.advance(140)
    assert torch.equal(stream.codes, whole)
    assert not torch.equal(offline(model, asked(), 140), whole)


def test_sound_is_part_of_the_value_of_conditions() -> None:
    import pickle

    conditions = asked()
    assert pickle.loads(pickle.dumps(conditions)) == conditions == asked()
    assert conditions != replace(conditions, recording=tune(4.0, seed=2))
    with pytest.raises(ValueError, match="read-only"):
        conditions.recording.wav[0, 0] = 1  # type: ignore[union-attr]
    assert np.isclose(conditions.recording.duration, 4.0)  # type: ignore[union-attr]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_melody_model_on_cuda_says_what_it_says_on_the_cpu() -> None:
    conditions = replace(asked(sampling=GREEDY), cfg_coef_beta=2.0)
    whole = offline(melody_musicgen("fp32"), conditions, 60)
    model = melody_musicgen("fp32")
    model.lm.cuda()
    torch.testing.assert_close(
        model.voices.rows([conditions], [0]).prefix_at(0).cpu(),
        melody_musicgen("fp32").voices.rows([conditions], [0]).prefix_at(0),
        atol=1e-4, rtol=1e-4,
    )  # fmt: skip
    got = offline(model, conditions, 60)
    assert (got == whole).float().mean() > 0.9
    stream = Continuation(model, conditions, seed=5)
    stream.advance(130)
    assert torch.equal(stream.codes[:, :60], got)
