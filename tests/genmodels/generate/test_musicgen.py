from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from genmodels.conditioning.attributes import ConstantChroma, Transport
from genmodels.errors import ConditionError, ConfigError, GenerationError
from genmodels.generate.audiogen import AudioGen
from genmodels.generate.musicgen import MusicGen
from genmodels.generate.pretrained import get_pretrained
from genmodels.lm.sampling import SamplingParams
from tests.genmodels.tiny import FakeCodec, tiny_lm, tiny_musicgen


@pytest.fixture
def model() -> MusicGen:
    model = tiny_musicgen()
    model.set_generation_params(duration=0.5)
    return model


def test_sound_and_tokens_have_the_duration_asked_for(model: MusicGen) -> None:
    sound, tokens = model.generate(["piano", None], return_tokens=True, seed=1)
    assert sound.shape == (2, 1, 200)
    assert tokens.shape == (2, 4, 25)
    assert torch.equal(sound, model.compression_model.decode(tokens))
    again = model.generate(["piano", None], seed=1)
    assert torch.equal(sound, again)


def test_sound_and_tokens_can_be_worked_on_further() -> None:
    """In place, as normalising does, and by autograd."""
    model = MusicGen.get_pretrained("debug", "cpu")
    model.set_generation_params(duration=0.2)
    sound, tokens = model.generate(["piano"], return_tokens=True, seed=1)
    sound /= sound.abs().max()
    tokens[0, 0, 0] = 0
    gain = torch.ones(1, requires_grad=True)
    (sound * gain).square().sum().backward()
    assert gain.grad is not None


def test_long_form_goes_past_the_window_with_the_overlap_of_the_stride(model: MusicGen) -> None:
    model.set_generation_params(duration=3.5, use_sampling=False, extend_stride=0.9)
    progress: list[tuple[int, int]] = []
    model.set_custom_progress_callback(lambda done, total: progress.append((done, total)))
    _, tokens = model.generate(["piano"], return_tokens=True)
    assert tokens.shape == (1, 4, 175)
    assert progress[-1] == (175, 175)
    assert progress == sorted(progress)
    # the second window is a continuation of the first one's last 35 frames
    conditions = model._conditions(["piano"])
    model.set_generation_params(duration=1.6, use_sampling=False)
    second = model.generate_tokens(conditions, tokens[:, :, 45:80])
    assert torch.equal(second[:, :, 35:], tokens[:, :, 80:125])


def test_transport_of_later_windows_goes_on(model: MusicGen) -> None:
    model.set_generation_params(duration=2.2, use_sampling=False)
    one = model.generate([None], return_tokens=True, transport=Transport(100.0))[1]
    late = model.generate([None], return_tokens=True, transport=Transport(100.0, frame=45))[1]
    assert not torch.equal(one, late)


def test_a_continuation_begins_with_its_prompt(model: MusicGen) -> None:
    prompt = torch.rand(2, 100) * 2 - 1
    sound, tokens = model.generate_continuation(prompt, 400, ["piano"], return_tokens=True)
    codes, _ = model.compression_model.encode(prompt.mean(0)[None, None])
    assert torch.equal(tokens[:, :, :12], codes)
    assert sound.shape == (1, 1, 200)
    resampled = model.generate_continuation(torch.rand(3, 1, 200), 800)
    assert isinstance(resampled, torch.Tensor)
    assert resampled.shape == (3, 1, 200)


def test_unconditional_music_needs_no_description(model: MusicGen) -> None:
    sound = model.generate_unconditional(2, seed=3)
    assert isinstance(sound, torch.Tensor)
    assert sound.shape == (2, 1, 200)
    assert torch.equal(sound, model.generate([None, None], seed=3))


def test_chroma_of_a_melody_steers(model: MusicGen) -> None:
    tone = torch.sin(2 * torch.pi * 110 * torch.arange(400) / 400)[None]
    plain = model.generate(["piano"], seed=1)
    assert not torch.equal(model.generate_with_chroma(["piano"], tone, 400, seed=1), plain)
    assert torch.equal(model.generate_with_chroma(["piano"], [None], 400, seed=1), plain)
    steered = model.generate(["piano"], seed=1, chroma=ConstantChroma((1.0,) + (0.0,) * 11))
    assert not torch.equal(steered, plain)


def test_wrong_requests_are_refused_with_what_to_do(model: MusicGen) -> None:
    with pytest.raises(ConditionError, match=r"must be a list of strings: \['piano'\]"):
        model.generate("piano")
    with pytest.raises(ConditionError, match="description is 3"):
        model.generate([3])  # type: ignore[list-item]
    with pytest.raises(GenerationError, match="empty"):
        model.generate([])
    with pytest.raises(GenerationError, match="num_samples is 0"):
        model.generate_unconditional(0)
    with pytest.raises(GenerationError, match="2 descriptions, but 1 audio prompts"):
        model.generate_continuation(torch.zeros(1, 80), 400, ["a", "b"])
    with pytest.raises(GenerationError, match="window of 25 frames"):
        model.generate_continuation(torch.zeros(1, 400), 400)
    with pytest.raises(GenerationError, match="not finite"):
        model.generate_continuation(torch.full((1, 80), float("inf")), 400)
    with pytest.raises(ConditionError, match="1 descriptions, but 2 melodies"):
        model.generate_with_chroma(["a"], [None, None], 400)


@pytest.mark.parametrize(
    ("wav", "message"),
    [
        (torch.zeros(80), r"shape \(80,\), must be \[C, T\]"),
        (torch.zeros(1, 1, 80), r"shape \(1, 1, 80\), must be \[C, T\]"),
        (torch.zeros(1, 80, dtype=torch.int16), "int16, must be floating point"),
        (np.zeros((1, 80), np.float32), "ndarray, must be a tensor"),
    ],
)
def test_melodies_are_floating_point_tensors_of_channels_and_samples(
    model: MusicGen, wav: Any, message: str
) -> None:
    with pytest.raises(ConditionError, match=f"melody 1 .*{message}"):
        model.generate_with_chroma(["a", "b"], [None, wav], 400)


@pytest.mark.parametrize("rate", [0, -400])
def test_a_melody_has_a_rate(model: MusicGen, rate: int) -> None:
    with pytest.raises(ConditionError, match=f"{rate} Hz, must be > 0"):
        model.generate_with_chroma(["a"], torch.ones(1, 80), rate)


@pytest.mark.parametrize("melody", [None, torch.ones(1, 80)])
def test_a_model_without_melodies_says_so(melody: torch.Tensor | None) -> None:
    text_alone = {"conditioners": {"description": {"kind": "words"}}, "fuser": {"cross": ["description"]}}
    model = tiny_musicgen(**text_alone)
    with pytest.raises(ConditionError, match="'tiny' follows no melody: choose"):
        model.generate_with_chroma(["a"], [melody], 400)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (torch.zeros(1, 80, dtype=torch.int16), "int16, must be floating point"),
        (np.zeros((1, 80), np.float32), "ndarray, must be a tensor"),
        (torch.zeros(80), r"shape \(80,\), must be \[C, T\] or \[B, C, T\]"),
    ],
)
def test_an_audio_prompt_is_a_floating_point_tensor(model: MusicGen, prompt: Any, message: str) -> None:
    with pytest.raises(GenerationError, match=f"audio prompt .*{message}"):
        model.generate_continuation(prompt, 400)


def test_a_stride_must_be_shorter_than_the_window(model: MusicGen) -> None:
    with pytest.raises(GenerationError, match=r"extend_stride is 1\.6 s, .* max_duration \(1\.6 s\)"):
        model.set_generation_params(extend_stride=1.6)
    with pytest.raises(GenerationError, match=r"extend_stride is 0\.0"):
        model.set_generation_params(extend_stride=0.0)
    with pytest.raises(GenerationError, match="duration is -1"):
        model.set_generation_params(duration=-1)


def test_defaults_are_the_published_ones() -> None:
    model = tiny_musicgen()
    model.set_generation_params()
    params = model.generation_params
    assert (params.duration, params.cfg_coef, params.extend_stride) == (30.0, 3.0, 0.9)
    assert (params.cfg_coef_beta, params.two_step_cfg) == (None, False)
    assert params.sampling == SamplingParams(use_sampling=True, top_k=250, top_p=0.0, temperature=1.0)
    with pytest.raises(GenerationError, match="cfg_coef is None, must be a finite number"):
        model.set_generation_params(cfg_coef=None)  # type: ignore[arg-type]
    with pytest.raises(GenerationError, match="cfg_coef_beta is -1"):
        model.set_generation_params(cfg_coef_beta=-1)


def test_codec_and_language_model_must_fit() -> None:
    with pytest.raises(ConfigError, match="4 codebooks of 32, the codec 4 of 64"):
        MusicGen("x", FakeCodec(card=64), tiny_lm(), 1.6)


def test_a_wrong_precision_is_refused_before_anything_is_loaded() -> None:
    for get in (MusicGen.get_pretrained, AudioGen.get_pretrained, get_pretrained):
        with pytest.raises(ConfigError, match="precision is 'fp16', must be one of 'auto', 'fp32'"):
            get("facebook/nowhere", precision="fp16")  # type: ignore[arg-type]
