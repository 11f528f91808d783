"""EncodecModel: shapes, state-dict names, and streamed decode equal to the full decode."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.codec.encodec import EncodecModel
from genmodels.codec.seanet import SEANetConfig
from genmodels.errors import ConfigError

GEOMETRIES = {
    "published 32 kHz, zeros": SEANetConfig(n_filters=4, dimension=16, ratios=(8, 5, 4, 4)),
    "published 32 kHz, reflect": SEANetConfig(
        n_filters=4, dimension=16, ratios=(8, 5, 4, 4), pad_mode="reflect"
    ),
    "causal 24 kHz": SEANetConfig(
        n_filters=4, dimension=16, ratios=(8, 5, 4, 2), causal=True, true_skip=False, pad_mode="reflect"
    ),
    "no LSTM": SEANetConfig(n_filters=4, dimension=16, ratios=(5, 4), lstm=0, n_residual_layers=2),
}


def make(name: str) -> EncodecModel:
    torch.manual_seed(1)
    model = EncodecModel(GEOMETRIES[name], n_q=4, bins=16).eval()
    for book in model.quantizer.vq.codebooks():
        book.embed.normal_()
    return model


@pytest.mark.parametrize("name", GEOMETRIES)
@settings(max_examples=15, deadline=None)
@given(chunks=st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_streamed_decode_equals_full_decode_for_any_chunking(name: str, chunks: list[int]) -> None:
    model = make(name)
    total = sum(chunks)
    if not total:
        return
    codes = torch.randint(0, 16, (2, 4, total))
    with torch.no_grad():
        whole = model.decode(codes)
    decoder = model.streaming_decoder()
    pieces, position = [], 0
    for n in chunks:
        pieces.append(decoder.push(codes[:, :, position : position + n]))
        position += n
        given_out = sum(p.shape[-1] for p in pieces) // model.hop_length
        if position > 4:
            assert given_out >= position - decoder.lookahead_frames
    pieces.append(decoder.flush())
    streamed = torch.cat(pieces, -1)
    assert streamed.shape == whole.shape
    assert (streamed - whole).abs().max() <= 1e-5


def test_restored_snapshot_continues_as_if_nothing_had_been_pushed_since() -> None:
    model = make("published 32 kHz, zeros")
    codes = torch.randint(0, 16, (1, 4, 30))
    decoder = model.streaming_decoder()
    decoder.push(codes[:, :, :10])
    state = decoder.snapshot()
    expected = decoder.push(codes[:, :, 10:20])
    decoder.push(codes[:, :, 20:])
    decoder.restore(state)
    assert torch.equal(decoder.push(codes[:, :, 10:20]), expected)


def test_state_dict_names_are_audiocraft_names() -> None:
    names = set(EncodecModel(SEANetConfig(), n_q=4).state_dict())
    for name in (
        "encoder.model.0.conv.conv.weight_g",
        "encoder.model.1.block.1.conv.conv.weight_v",
        "encoder.model.13.lstm.weight_ih_l1",
        "encoder.model.15.conv.conv.bias",
        "decoder.model.3.convtr.convtr.weight_g",
        "decoder.model.15.conv.conv.weight_v",
        "quantizer.vq.layers.3._codebook.embed_avg",
    ):
        assert name in names


def test_published_geometry_has_the_published_parameter_count() -> None:
    with torch.device("meta"):
        model = EncodecModel(SEANetConfig(), n_q=4, bins=2048)
    count = sum(p.numel() for p in model.parameters()) + sum(
        b.numel() for n, b in model.named_buffers() if n.endswith(("embed", "embed_avg"))
    )
    assert count == pytest.approx(58.99e6, rel=2e-3)


def test_encode_gives_a_code_for_every_started_frame() -> None:
    model = make("published 32 kHz, zeros")
    codes, scale = model.encode(torch.randn(1, 1, 640 * 3 + 1))
    assert codes.shape == (1, 4, 4)
    assert scale is None
    assert model.decode(codes).shape == (1, 1, 640 * 4)


def test_renormalized_scale_restores_loudness() -> None:
    torch.manual_seed(0)
    model = EncodecModel(GEOMETRIES["no LSTM"], bins=16, renormalize=True).eval()
    x = torch.randn(1, 1, 400)
    codes, scale = model.encode(x)
    loud, louder = model.encode(10 * x)
    assert torch.equal(codes, loud)
    assert scale is not None
    assert louder is not None
    assert torch.allclose(10 * scale, louder, rtol=1e-4)


@pytest.mark.parametrize("n", [0, 5])
def test_impossible_codebook_count_is_refused_with_the_range(n: int) -> None:
    with pytest.raises(ConfigError, match=r"1\.\.4"):
        make("no LSTM").set_num_codebooks(n)


def test_audio_of_wrong_shape_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\[batch, 1, samples\]"):
        make("no LSTM").encode(torch.zeros(1, 2, 400))
