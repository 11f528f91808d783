"""TransformersCodec: the 48 kHz EnCodec in chunks."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch

from genmodels.codec.encodec_names import encodec_from_transformers
from genmodels.codec.transformers_codec import TransformersCodec
from genmodels.errors import ConfigError
from tests.genmodels.codec.hf import NARROW, random_encodec


@lru_cache
def stereo() -> TransformersCodec:
    return TransformersCodec(random_encodec("48 kHz", **NARROW))


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.4])
def test_codes_scale_and_audio_are_those_of_transformers(seconds: float) -> None:
    codec, model = stereo(), stereo().model
    x = 0.3 * torch.randn(2, 2, int(48000 * seconds))
    chunks = -(-x.shape[-1] // 47520)
    whole = torch.nn.functional.pad(x, (0, (chunks - 1) * 47520 + 48000 - x.shape[-1]))
    with torch.no_grad():
        reference = model.encode(whole, bandwidth=24.0)
        surplus = reference.last_frame_pad_length
        audio = model.decode(
            reference.audio_codes, reference.audio_scales, last_frame_pad_length=surplus
        ).audio_values
    codes, scale = codec.encode(x)
    assert codes.shape == (2, 16, 150 * chunks + 2)
    for i in range(chunks):
        assert torch.equal(codes[..., 150 * i : 150 * (i + 1)], reference.audio_codes[i])
    assert scale is not None
    assert torch.equal(scale, torch.cat(list(reference.audio_scales), 1))
    decoded = codec.decode(codes, scale)
    assert torch.equal(decoded, audio)
    assert decoded.shape == (2, 2, codec.samples(codes.shape[2]))
    assert decoded.shape[-1] >= x.shape[-1]
    assert audio.abs().max() > 0.01


@pytest.mark.parametrize("bandwidth", [3.0, 6.0, 12.0, 24.0])
def test_a_bandwidth_is_a_number_of_codebooks(bandwidth: float) -> None:
    codec = TransformersCodec(random_encodec("48 kHz", **NARROW))
    codec.set_num_codebooks(int(bandwidth / 1.5))
    x = torch.randn(1, 2, 48000)
    with torch.no_grad():
        reference = codec.model.encode(x, bandwidth=bandwidth).audio_codes
    assert torch.equal(codec.encode(x)[0][..., :150], reference[0])


def test_codes_of_a_language_model_decode_without_a_scale() -> None:
    codec = stereo()
    for frames in (1, 150, 151, 152, 420):
        codes = torch.randint(0, 1024, (1, 4, frames))
        assert codec.decode(codes).shape == (1, 2, codec.samples(frames))
    assert codec.decode_latent(codes).shape == (1, 16, 420)


def test_a_scale_must_have_a_value_for_each_chunk() -> None:
    with pytest.raises(ConfigError, match=r"expected \(1, 3\)"):
        stereo().decode(torch.zeros(1, 4, 302, dtype=torch.long), torch.ones(1, 1))


def test_streaming_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="whole chunk"):
        stereo().streaming_decoder()
    with pytest.raises(ConfigError, match="encodec_from_transformers"):
        TransformersCodec(random_encodec("24 kHz", **NARROW)).streaming_decoder()


def test_without_chunks_results_are_those_of_the_own_codec() -> None:
    model = random_encodec("24 kHz", **NARROW)
    wrapped, own = TransformersCodec(model), encodec_from_transformers(model.state_dict(), model.config)
    x = 0.3 * torch.randn(1, 1, 5000)
    with torch.no_grad():
        assert torch.equal(wrapped.encode(x)[0], own.encode(x)[0])
        codes = own.encode(x)[0]
        assert (wrapped.decode(codes) - own.decode(codes)).abs().max() <= 1e-5
        assert torch.allclose(wrapped.decode_latent(codes), own.decode_latent(codes), atol=1e-6)
