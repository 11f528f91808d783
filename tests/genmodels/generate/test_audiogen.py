from __future__ import annotations

import pytest
import torch

from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.errors import ConditionError, ConfigError, GenerationError
from genmodels.generate.audiogen import AudioGen
from genmodels.generate.continuation import Continuation
from tests.genmodels.melody import melody_musicgen, tune
from tests.genmodels.tiny import FakeCodec, tiny_lm

TEXT_ONLY = {
    "conditioners": {"description": {"kind": "words", "dim": 32, "vocabulary": 256}},
    "fuser": {"cross": ["description"]},
}


@pytest.fixture(scope="module")
def model() -> AudioGen:
    return AudioGen("tiny", FakeCodec(), tiny_lm(**TEXT_ONLY), 1.6, 0.9, "int8")


def test_five_seconds_until_told_otherwise_then_ten(model: AudioGen) -> None:
    fresh = AudioGen("tiny", FakeCodec(), tiny_lm(**TEXT_ONLY), 10.0)
    params = fresh.generation_params
    assert (params.duration, params.extend_stride, params.cfg_coef, params.cfg_coef_beta) == (
        5.0,
        2.0,
        3.0,
        None,
    )
    fresh.set_generation_params()
    params = fresh.generation_params
    assert (params.duration, params.extend_stride, params.two_step_cfg) == (10.0, 2.0, False)
    sampling = params.sampling
    assert (sampling.use_sampling, sampling.top_k, sampling.top_p, sampling.temperature) == (
        True,
        250,
        0.0,
        1.0,
    )
    assert AudioGen("tiny", FakeCodec(), tiny_lm(**TEXT_ONLY), 1.6).generation_params.extend_stride == 0.96
    with pytest.raises(GenerationError, match=r"extend_stride is 10\.0 s"):
        fresh.set_generation_params(extend_stride=10.0)


def test_sounds_come_from_text_in_long_form_and_go_on(model: AudioGen) -> None:
    model.set_generation_params(duration=(80 + 2 * 45) / 50)
    sound, tokens = model.generate(["a dog barks", None], return_tokens=True, seed=1)
    assert sound.shape == (2, 1, 170 * 8)
    stream = Continuation(
        model, Conditions((WeightedPrompt("a dog barks"),), sampling=model.generation_params.sampling), 1
    )
    stream.advance(130)
    assert torch.equal(stream.codes, tokens[0, :, :130])
    model.set_generation_params(duration=0.5)
    assert torch.equal(model.generate_unconditional(2, seed=1), model.generate([None, None], seed=1))
    prompt = torch.rand(1, 1, 80) * 2 - 1
    _, tokens = model.generate_continuation(prompt, 400, ["rain"], return_tokens=True, seed=1)
    assert torch.equal(tokens[:, :, :10], model.compression_model.encode(prompt)[0])


def test_a_recording_is_refused(model: AudioGen) -> None:
    with pytest.raises(ConditionError, match="takes no recording"):
        model.generate_tokens([Conditions(recording=tune(1.0))])
    with pytest.raises(ConditionError, match="takes no recording"):
        Continuation(model, Conditions(recording=tune(1.0)), 1)
    with pytest.raises(ConfigError, match=r"takes recordings \('self_wav'\), AudioGen takes text only"):
        AudioGen("x", FakeCodec(), melody_musicgen().lm, 1.6, 0.9)
