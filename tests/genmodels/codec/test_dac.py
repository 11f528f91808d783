"""DacCodec: Transformers' own result, and an exact incremental decode."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.codec.dac import DacCodec
from genmodels.errors import ConfigError
from tests.genmodels.codec.hf import DAC, NARROW_DAC, random_dac


@lru_cache
def narrow(name: str) -> DacCodec:
    return DacCodec(random_dac(name, **NARROW_DAC))


def assert_equal(codec: DacCodec, frames: int) -> None:
    model = codec.model
    x = 0.3 * torch.randn(2, 1, frames * codec.hop_length)
    with torch.no_grad():
        reference = model.encode(x)
        audio = model.decode(audio_codes=reference.audio_codes).audio_values[:, None]
    codes, scale = codec.encode(x)
    ours = codec.decode(codes)
    assert scale is None
    assert torch.equal(codes, reference.audio_codes)
    assert ours.shape == x.shape
    assert torch.equal(ours[..., : audio.shape[-1]], audio)
    assert not ours[..., audio.shape[-1] :].any()
    assert audio.abs().max() > 0.01


@pytest.mark.parametrize("name", DAC)
def test_codes_and_audio_are_those_of_transformers(name: str) -> None:
    assert_equal(narrow(name), 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", DAC)
def test_full_width_codes_and_audio_are_those_of_transformers(name: str) -> None:
    codec = DacCodec(random_dac(name))
    assert_equal(codec, 20)
    codes = torch.randint(0, 1024, (1, codec.total_codebooks, 30))
    decoder = codec.streaming_decoder()
    streamed = torch.cat([*(decoder.push(part) for part in codes.split(7, -1)), decoder.flush()], -1)
    assert (streamed - codec.decode(codes)).abs().max() <= 1e-5


@pytest.mark.parametrize("name", DAC)
@settings(max_examples=10)
@given(chunks=st.lists(st.integers(0, 12), min_size=1, max_size=6).filter(any))
def test_streamed_decode_equals_full_decode_for_any_chunking(name: str, chunks: list[int]) -> None:
    codec, total = narrow(name), sum(chunks)
    codes = torch.randint(0, 1024, (2, codec.total_codebooks, total))
    decoder, position, pieces = codec.streaming_decoder(), 0, []
    for n in chunks:
        pieces.append(decoder.push(codes[..., position : position + n]))
        position += n
        state = decoder.snapshot()
        decoder.push(codes[..., :2])
        decoder.restore(state)
        given_out = sum(piece.shape[-1] for piece in pieces) // codec.hop_length
        assert given_out == max(0, position - decoder.lookahead_frames)
    pieces.append(decoder.flush())
    streamed, whole = torch.cat(pieces, -1), codec.decode(codes)
    assert streamed.shape == whole.shape == (2, 1, total * codec.hop_length)
    assert (streamed - whole).abs().max() <= 1e-5


@pytest.mark.parametrize("name", DAC)
def test_lookahead_is_the_reach_of_the_convolutions(name: str) -> None:
    codec, frames = narrow(name), 40
    latents = codec.decode_latent(torch.randint(0, 1024, (1, 4, frames))).requires_grad_()
    start = 20 * codec.hop_length
    codec.model.decoder(latents)[..., start : start + codec.hop_length].square().sum().backward()
    assert latents.grad is not None
    reached = latents.grad.abs().sum(1)[0].nonzero()
    assert int(reached.max()) - 20 == codec.streaming_decoder().lookahead_frames


def test_fewer_codebooks_are_the_first_ones() -> None:
    codec = DacCodec(random_dac("16 kHz", **NARROW_DAC))
    x = torch.randn(1, 1, 3200)
    every, _ = codec.encode(x)
    codec.set_num_codebooks(3)
    few, _ = codec.encode(x)
    assert torch.equal(few, every[:, :3])
    with pytest.raises(ConfigError, match=r"1\.\.12"):
        codec.set_num_codebooks(13)


def test_a_started_frame_is_encoded_too() -> None:
    codes, _ = narrow("44.1 kHz").encode(torch.randn(1, 1, 513))
    assert codes.shape == (1, 9, 2)


def test_a_scale_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not renormalise"):
        narrow("44.1 kHz").decode(torch.zeros(1, 9, 2, dtype=torch.long), torch.ones(1, 1))
