"""SpectralCodec: streamed decode equal to the full decode, within its promised look-ahead."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.codec.spectral import SpectralCodec
from genmodels.errors import ConfigError

TONES = {"tones": 1, "pitch_fft": 2048}


def small(**more: int) -> SpectralCodec:
    torch.manual_seed(1)
    codec = SpectralCodec(
        encoder_dim=16,
        encoder_blocks=1,
        decoder_dim=24,
        decoder_hidden=32,
        decoder_blocks=2,
        latent=8,
        bins=16,
        **more,
    ).eval()
    for book in codec.quantizer.vq.codebooks():
        book.embed.normal_()
    return codec


KINDS = pytest.mark.parametrize("kind", [{}, TONES], ids=["inverse STFT", "tones and noise"])


@KINDS
@settings(max_examples=30, deadline=None)
@given(chunks=st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_streamed_decode_equals_full_decode_for_any_chunking(kind: dict[str, int], chunks: list[int]) -> None:
    codec, total = small(**kind), sum(chunks)
    if not total:
        return
    codes = torch.randint(0, 16, (2, 4, total))
    with torch.no_grad():
        whole = codec.decode(codes)
    decoder = codec.streaming_decoder()
    pieces, position = [], 0
    for n in chunks:
        pieces.append(decoder.push(codes[:, :, position : position + n]))
        position += n
        samples = sum(p.shape[-1] for p in pieces)
        assert samples == max(0, position - decoder.lookahead_frames) * codec.hop_length
    pieces.append(decoder.flush())
    streamed = torch.cat(pieces, -1)
    assert streamed.shape == whole.shape == (2, 1, total * 640)
    assert (streamed - whole).abs().max() <= 1e-5


@KINDS
def test_lookahead_is_at_most_40_ms(kind: dict[str, int]) -> None:
    codec = small(**kind)
    assert codec.streaming_decoder().lookahead_frames * codec.hop_length / codec.sample_rate <= 0.040


@KINDS
def test_audio_before_the_lookahead_does_not_depend_on_later_codes(kind: dict[str, int]) -> None:
    codec = small(**kind)
    codes = torch.randint(0, 16, (1, 4, 20))
    changed = codes.clone()
    changed[:, :, 10:] = (changed[:, :, 10:] + 1) % 16
    with torch.no_grad():
        a, b = codec.decode(codes), codec.decode(changed)
    exact = (10 - 2) * codec.hop_length
    assert torch.equal(a[..., :exact], b[..., :exact])
    assert not torch.equal(a[..., exact:], b[..., exact:])


@KINDS
def test_restored_snapshot_continues_as_if_nothing_had_been_pushed_since(kind: dict[str, int]) -> None:
    codec = small(**kind)
    codes = torch.randint(0, 16, (1, 4, 30))
    decoder = codec.streaming_decoder()
    decoder.push(codes[:, :, :10])
    state = decoder.snapshot()
    expected = decoder.push(codes[:, :, 10:20])
    decoder.push(codes[:, :, 20:])
    decoder.restore(state)
    assert torch.equal(decoder.push(codes[:, :, 10:20]), expected)


@KINDS
def test_a_stream_that_begins_late_sounds_as_the_whole_does_there(kind: dict[str, int]) -> None:
    codec = small(**kind)
    codes = torch.randint(0, 16, (1, 4, 60))
    with torch.no_grad():
        whole = codec.decode(codes)
    decoder = codec.streaming_decoder()
    decoder.begin(20)
    late = torch.cat([decoder.push(codes[:, :, 20:]), decoder.flush()], -1)
    # the convolutions have heard nothing of what was before
    settled = 20 * codec.hop_length
    assert (late[..., settled:] - whole[..., 40 * codec.hop_length :]).abs().max() <= 1e-5


def test_first_samples_are_not_faded_in_by_the_missing_overlap() -> None:
    codec = small()
    with torch.no_grad():
        audio = codec.decode(torch.randint(0, 16, (8, 4, 40)))
    head = audio[..., 4:160].square().mean()
    assert head > 0.1 * audio.square().mean()


def test_codebook_count_can_be_lowered_at_run_time() -> None:
    codec = small()
    codec.set_num_codebooks(2)
    codes, _ = codec.encode(torch.randn(1, 1, 6400))
    assert codes.shape == (1, 2, 10)
    assert codec.decode(codes).shape == (1, 1, 6400)


@pytest.mark.parametrize(
    ("geometry", "named"),
    [
        ({"hop": 644, "tones": 1}, "hop: 644 is not a multiple of 8"),
        ({"tones": -1}, r"tones: -1 is outside 0\.\.12"),
        ({"tones": 1, "sample_rate": 8000}, "sample_rate: 8000 is too low"),
        ({"pitch_fft": 100}, "pitch_fft: 100 must be 0 or longer"),
        ({"splits": 0}, "splits: 0"),
        ({"n_fft": 1600}, r"n_fft: 1600 is outside 321\.\.1599"),
    ],
)
def test_impossible_geometry_is_refused_by_name(geometry: dict[str, int], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        SpectralCodec(**geometry)


def test_codecs_with_other_pitch_windows_do_not_take_each_others_weights() -> None:
    with pytest.raises(RuntimeError, match=r"encoder\.input\.weight"):
        small(pitch_fft=4096).load_state_dict(small(pitch_fft=2048).state_dict())


@pytest.mark.parametrize(
    "kind", [{}, {"tones": 3, "pitch_fft": 4096}], ids=["inverse STFT", "tones and noise"]
)
def test_default_geometry_fits_the_bundle(kind: dict[str, int]) -> None:
    with torch.device("meta"):
        codec = SpectralCodec(**kind)
    assert sum(p.numel() for p in codec.parameters()) <= 8e6


def test_window_longer_than_the_lookahead_is_refused() -> None:
    with pytest.raises(ConfigError, match="n_fft"):
        SpectralCodec(n_fft=2048)


@KINDS
def test_training_step_reaches_every_parameter(kind: dict[str, int]) -> None:
    codec = small(**kind).train()
    y, quantized = codec(torch.randn(2, 1, 6400))
    (y.square().mean() + quantized.penalty).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in codec.parameters())


@KINDS
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_streams_in_a_batch_sound_as_each_does_alone(kind: dict[str, int], data: st.DataObject) -> None:
    codec = small(**kind)
    codes = torch.randint(0, 16, (3, 4, 60))
    with torch.no_grad():
        whole = codec.decode(codes)
    streams = [codec.streaming_decoder() for _ in range(3)]
    assert [stream.batch_key for stream in streams] == [None] * 3
    positions = [data.draw(st.integers(1, 9)) for _ in streams]
    parts = [[stream.push(codes[i : i + 1, :, : positions[i]])] for i, stream in enumerate(streams)]
    assert len({id(stream.batch_key) for stream in streams}) == 1
    for n in data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=4)):
        chunk = torch.stack([codes[i, :, p : p + n] for i, p in enumerate(positions)])
        state = streams[1].snapshot()
        for part, pcm in zip(parts, streams[0].push_batch(streams[1:], chunk), strict=True):
            part.append(pcm)
        if data.draw(st.booleans()):
            streams[1].restore(state)
            parts[1][-1] = streams[1].push(chunk[1:2])
        positions = [p + n for p in positions]
    for i, stream in enumerate(streams):
        parts[i].append(stream.push(codes[i : i + 1, :, positions[i] :]))
        parts[i].append(stream.flush())
        torch.testing.assert_close(torch.cat(parts[i], -1), whole[i : i + 1], rtol=0, atol=1e-5)
