"""InterleaveStereoCodec: order of codes, streaming, scale, and codebook counts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genmodels.codec.encodec import EncodecModel
from genmodels.codec.seanet import SEANetConfig
from genmodels.codec.stereo import InterleaveStereoCodec
from genmodels.errors import ConfigError

SMALL = SEANetConfig(n_filters=4, dimension=8, ratios=(5, 4), lstm=1)


def mono(renormalize: bool = False) -> EncodecModel:
    torch.manual_seed(1)
    model = EncodecModel(SMALL, sample_rate=1000, n_q=3, bins=16, renormalize=renormalize).eval()
    for book in model.quantizer.vq.codebooks():
        book.embed.normal_()
    return model


def test_codebooks_alternate_between_left_and_right() -> None:
    codec = InterleaveStereoCodec(mono())
    x = torch.randn(2, 2, 100)
    codes, scale = codec.encode(x)
    left, right = codec.inner.encode(x[:, :1])[0], codec.inner.encode(x[:, 1:])[0]
    assert scale is None
    assert codes.shape == (2, 6, 5)
    for k in range(3):
        assert torch.equal(codes[:, 2 * k], left[:, k])
        assert torch.equal(codes[:, 2 * k + 1], right[:, k])
    assert (codec.channels, codec.num_codebooks, codec.frame_rate) == (2, 6, 50)


def test_frames_alternate_between_left_and_right_per_timestep() -> None:
    codec = InterleaveStereoCodec(mono(), per_timestep=True)
    x = torch.randn(2, 2, 100)
    codes, _ = codec.encode(x)
    assert codes.shape == (2, 3, 10)
    assert torch.equal(codes[..., ::2], codec.inner.encode(x[:, :1])[0])
    assert torch.equal(codes[..., 1::2], codec.inner.encode(x[:, 1:])[0])
    assert (codec.num_codebooks, codec.frame_rate, codec.hop_length) == (3, 100, 10)


@pytest.mark.parametrize("per_timestep", [False, True])
def test_each_channel_is_decoded_from_its_own_codes(per_timestep: bool) -> None:
    codec = InterleaveStereoCodec(mono(), per_timestep)
    codes, _ = codec.encode(torch.randn(2, 2, 100))
    left, right = codec.separate(codes)
    audio = codec.decode(codes)
    assert audio.shape == (2, 2, codes.shape[2] * codec.hop_length)
    assert torch.equal(audio[:, :1], codec.inner.decode(left))
    assert torch.equal(audio[:, 1:], codec.inner.decode(right))
    assert codec.decode_latent(codes).shape == ((2, 8, 10) if per_timestep else (2, 16, 5))


@pytest.mark.parametrize("per_timestep", [False, True])
@given(chunks=st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_streamed_decode_equals_full_decode(per_timestep: bool, chunks: list[int]) -> None:
    codec = InterleaveStereoCodec(mono(), per_timestep)
    total = sum(chunks) // 2 * 2
    codes = torch.randint(0, 16, (2, codec.num_codebooks, total))
    decoder, position, pieces = codec.streaming_decoder(), 0, []
    for n in chunks:
        n = min(n, total - position)
        pieces.append(decoder.push(codes[..., position : position + n]))
        position += n
        state = decoder.snapshot()
        decoder.push(codes[..., :3])
        decoder.restore(state)
        given_out = sum(piece.shape[-1] for piece in pieces) / codec.hop_length
        assert given_out >= min(total, position) - decoder.lookahead_frames
    pieces.append(decoder.flush())
    streamed = torch.cat(pieces, -1)
    assert streamed.shape == (2, 2, total * codec.hop_length)
    if total:
        with torch.no_grad():
            assert (streamed - codec.decode(codes)).abs().max() <= 1e-5


def test_a_stream_that_ends_between_left_and_right_is_refused() -> None:
    decoder = InterleaveStereoCodec(mono(), per_timestep=True).streaming_decoder()
    decoder.push(torch.zeros(1, 3, 3, dtype=torch.long))
    with pytest.raises(ConfigError, match="right one is missing"):
        decoder.flush()
    decoder.reset()
    assert decoder.flush().shape == (1, 2, 0)


def test_each_channel_gets_its_own_loudness_back() -> None:
    codec = InterleaveStereoCodec(mono(renormalize=True))
    x = torch.randn(3, 2, 100) * torch.tensor([1.0, 5.0])[:, None]
    codes, scale = codec.encode(x)
    assert scale is not None
    assert scale.shape == (3, 2)
    assert torch.allclose(scale, x.square().mean(2).sqrt(), rtol=1e-4)
    plain = codec.decode(codes)
    assert torch.allclose(codec.decode(codes, scale), plain * scale[:, :, None], rtol=1e-4)


def test_scale_of_another_shape_is_refused() -> None:
    codec = InterleaveStereoCodec(mono(renormalize=True))
    codes, _ = codec.encode(torch.randn(3, 2, 100))
    with pytest.raises(ConfigError, match=r"scale of shape \(2, 3\)"):
        codec.decode(codes, torch.ones(2, 3))


def test_codebooks_are_counted_and_changed_in_pairs() -> None:
    codec = InterleaveStereoCodec(mono())
    codec.set_num_codebooks(4)
    assert (codec.num_codebooks, codec.total_codebooks, codec.inner.num_codebooks) == (4, 6, 2)
    assert codec.encode(torch.randn(1, 2, 100))[0].shape == (1, 4, 5)
    with pytest.raises(ConfigError, match="3 is odd"):
        codec.set_num_codebooks(3)
    with pytest.raises(ConfigError, match=r"1\.\.6"):
        codec.set_num_codebooks(8)


def test_odd_codes_and_foreign_inner_codecs_are_refused() -> None:
    codec = InterleaveStereoCodec(mono())
    with pytest.raises(ConfigError, match="in pairs"):
        codec.decode(torch.zeros(1, 3, 5, dtype=torch.long))
    with pytest.raises(ConfigError, match="2 channels"):
        InterleaveStereoCodec(codec)
    odd = EncodecModel(SEANetConfig(n_filters=2, dimension=2, ratios=(5, 3)), n_q=1, bins=2)
    with pytest.raises(ConfigError, match="hop of 15"):
        InterleaveStereoCodec(odd, per_timestep=True)
