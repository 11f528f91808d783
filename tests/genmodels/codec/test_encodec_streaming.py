"""Incremental decode of EnCodec equals the full decode, with weights whose LSTM remembers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genmodels.codec.encodec import EncodecModel
from genmodels.codec.seanet import ResidualLstm, SEANetConfig
from genmodels.codec.streaming import PadMode
from genmodels.codec.weight_norm import WeightNormConv1d

TOLERANCE = 1e-5
FRAMES = 60
Decode = Callable[[EncodecModel, Tensor, list[int]], Tensor]


@lru_cache
def trained_like(pad_mode: PadMode, lstm: int = 2, causal: bool = False) -> EncodecModel:
    """The published 32 kHz geometry, narrow; as in trained codecs the LSTM keeps its state over many frames
    and matters, and the audio is about as loud as music."""
    torch.manual_seed(1)
    config = SEANetConfig(n_filters=4, dimension=16, lstm=lstm, causal=causal, pad_mode=pad_mode)
    model = EncodecModel(config, n_q=4, bins=64).eval()
    with torch.no_grad():
        for book in model.quantizer.vq.codebooks():
            book.embed.normal_()
        for name, weight in model.decoder.named_parameters():
            if ".lstm.weight" in name:
                weight.mul_(3)
            if ".lstm.bias_ih" in name:
                hidden = len(weight) // 4
                weight[hidden : 2 * hidden].fill_(4.0)
        loudness = model.decode(codes_of(1, FRAMES)).std()
        last = model.decoder.model[-1].conv.conv
        last.weight_g.mul_(0.1 / loudness)
        last.bias.mul_(0.1 / loudness)
    return model


def codes_of(batch: int, frames: int) -> Tensor:
    return torch.randint(0, 64, (batch, 4, frames), generator=torch.Generator().manual_seed(frames))


def carried(model: EncodecModel, codes: Tensor, chunks: list[int]) -> Tensor:
    """Decodes by the streaming decoder."""
    decoder, position, pieces = model.streaming_decoder(), 0, []
    for n in chunks:
        pieces.append(decoder.push(codes[..., position : position + n]))
        position += n
    return torch.cat([*pieces, decoder.flush()], -1)


def windowed(model: EncodecModel, codes: Tensor, chunks: list[int], context: int = 4) -> Tensor:
    """Decodes each chunk by itself with the frames around it that the convolutions reach, but no state."""
    position, pieces = 0, []
    for n in chunks:
        start = max(0, position - context)
        audio = model.decode(codes[..., start : position + n + context])
        pieces.append(audio[..., (position - start) * model.hop_length :][..., : n * model.hop_length])
        position += n
    return torch.cat(pieces, -1)


@torch.no_grad()
def error(decode: Decode, model: EncodecModel, chunks: list[int]) -> float:
    codes = codes_of(2, sum(chunks))
    whole, other = model.decode(codes), decode(model, codes, chunks)
    assert other.shape == whole.shape
    return (other - whole).abs().max().item()


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@pytest.mark.parametrize("causal", [False, True])
@settings(max_examples=20)
@given(chunks=st.lists(st.integers(0, 12), min_size=1, max_size=10).filter(any))
def test_any_chunking_equals_the_full_decode(pad_mode: PadMode, causal: bool, chunks: list[int]) -> None:
    assert error(carried, trained_like(pad_mode, causal=causal), chunks) <= TOLERANCE


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
def test_a_window_without_state_is_told_apart(pad_mode: PadMode) -> None:
    chunks = [10] * 6
    assert error(windowed, trained_like(pad_mode), chunks) > 1000 * TOLERANCE
    # without an LSTM the same window is exact: it is the state that is missing, not context
    assert error(windowed, trained_like("constant", lstm=0), chunks) <= TOLERANCE
    assert error(carried, trained_like(pad_mode), chunks) <= TOLERANCE


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@settings(max_examples=20)
@given(
    moves=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=8)
)
def test_rolling_back_leaves_no_trace(pad_mode: PadMode, moves: list[tuple[int, int, int]]) -> None:
    model, (kept, dropped) = trained_like(pad_mode), (codes_of(1, 80), codes_of(1, 81))
    decoder, pieces, position = model.streaming_decoder(), [], 0
    for n, astray, pushes in moves:
        pieces.append(decoder.push(kept[..., position : position + n]))
        position += n
        state = decoder.snapshot()
        for _ in range(pushes):
            decoder.push(dropped[..., :astray])
        decoder.restore(state)
    pieces.append(decoder.flush())
    if position:
        with torch.no_grad():
            whole = model.decode(kept[..., :position])
        assert (torch.cat(pieces, -1) - whole).abs().max() <= TOLERANCE


def test_a_snapshot_keeps_only_what_the_stream_still_needs() -> None:
    model = trained_like("reflect")
    decoder = model.streaming_decoder()
    decoder.push(codes_of(1, 50))

    def bytes_held(state: object) -> int:
        if isinstance(state, Tensor):
            return state.untyped_storage().nbytes()
        if hasattr(state, "__dict__"):
            return bytes_held(tuple(vars(state).values()))
        return sum(map(bytes_held, state)) if isinstance(state, tuple) else 0

    audio = 50 * model.hop_length * 4
    assert 0 < bytes_held(decoder.snapshot()) < audio


def test_folded_weights_decode_the_same() -> None:
    model = trained_like("reflect")
    folded = EncodecModel(model.config, n_q=4, bins=64).eval()
    folded.load_state_dict(model.state_dict())
    folded.fold_weights()
    folded.fold_weights()
    codes = codes_of(1, 20)
    with torch.no_grad():
        assert (folded.decode(codes) - model.decode(codes)).abs().max() <= 1e-6
    assert not any(name.endswith(("_g", "_v")) for name in folded.state_dict())


def test_flushing_a_stream_that_never_began_gives_nothing() -> None:
    assert trained_like("reflect").streaming_decoder().flush().shape == (1, 1, 0)


@pytest.mark.parametrize("frames", [1, 7, 16])
def test_short_inputs_take_a_faster_way_to_the_same_result(frames: int) -> None:
    torch.manual_seed(1)
    lstm, upsampling = ResidualLstm(64, 2), WeightNormConv1d(64, 32, 16, 8, transposed=True)
    x = torch.randn(2, 64, frames)
    with torch.no_grad():
        assert (lstm.stream(x, None, True)[0] - lstm(x)).abs().max() <= 1e-6
        weight = upsampling.effective_weight()
        expected = torch.nn.functional.conv_transpose1d(x, weight, upsampling.bias, upsampling.stride)
        assert (upsampling(x) - expected).abs().max() <= 1e-6
