"""Streams that are advanced in one batch against each by itself."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.codec.spectral import SpectralCodec, SpectralStreamingDecoder
from genmodels.generate.continuation import Continuation
from genmodels.generate.group import SOUND_FRAMES, ContinuationGroup
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Call, Decoder, ModuleDecoder
from tests.genmodels.generate.test_continuation import CHOICES, HOP, asked, made
from tests.genmodels.tiny import CARD, tiny_lm, tiny_musicgen

FRAMES = 140


@pytest.fixture(scope="module", params=["int8", "native"])
def model(request: pytest.FixtureRequest) -> MusicGen:
    return made(request.param, request)


@pytest.fixture(scope="module")
def plain_model() -> MusicGen:
    return tiny_musicgen("fp32")


class Deck:
    """A stream in a group, and the same by itself, told everything but the batches."""

    def __init__(self, model: MusicGen, seed: int, prompt: torch.Tensor | None) -> None:
        self.stream, self.lone = (Continuation(model, CHOICES[0], seed, prompt) for _ in range(2))
        self.sound = np.zeros(FRAMES * HOP, dtype=np.float32)
        self.first = self.stream.pcm_frame

    def take(self, start: int, pcm: np.ndarray | None) -> None:
        assert pcm is not None
        self.sound[start * HOP : start * HOP + len(pcm)] = pcm
        assert self.stream.pcm_frame == start + len(pcm) // HOP


@settings(max_examples=8)
@given(data=st.data())
def test_streams_in_a_group_play_what_each_plays_alone(data: st.DataObject, model: MusicGen) -> None:
    group = ContinuationGroup()
    decks: list[Deck] = []
    closed: list[Deck] = []
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 3)))
    for _ in range(data.draw(st.integers(4, 14))):
        kind = data.draw(st.sampled_from(("open", "advance", "advance", "change", "back", "close")))
        if kind == "open" or not decks:
            length = data.draw(st.sampled_from((0, 0, 30, 100)))
            prompt = torch.randint(0, CARD, (4, length), generator=generator) if length else None
            decks.append(Deck(model, len(decks) + len(closed), prompt))
            continue
        deck = data.draw(st.sampled_from(decks))
        stream = deck.stream
        if kind == "advance":
            some = data.draw(st.lists(st.sampled_from(decks), min_size=1, unique=True))
            targets = {d.stream: data.draw(st.integers(d.stream.frame, FRAMES)) for d in some}
            starts = {d.stream: d.stream.pcm_frame for d in some}
            seconds = data.draw(st.sampled_from((float("inf"), 0.0, 0.02)))
            for got in (advanced := group.advance(targets, seconds)).values():
                assert got.error is None
            for d in some:
                d.take(starts[d.stream], advanced[d.stream].pcm)
                if seconds == float("inf"):
                    assert d.stream.frame >= targets[d.stream]
        elif kind == "change":
            conditions = data.draw(st.sampled_from(CHOICES))
            frame = data.draw(st.integers(stream.oldest_frame, min(FRAMES, stream.frame + 20)))
            stream.set_conditions(conditions, frame)
            deck.lone.advance(frame)
            deck.lone.set_conditions(conditions, frame)
        elif kind == "back":
            stream.roll_back(data.draw(st.integers(stream.oldest_frame, stream.frame)))
        else:
            decks.remove(deck)
            closed.append(deck)
    starts = {deck.stream: deck.stream.pcm_frame for deck in decks}
    advanced = group.advance({deck.stream: FRAMES for deck in decks})
    for deck in decks:
        deck.take(starts[deck.stream], advanced[deck.stream].pcm)
    for deck in decks + closed:
        deck.lone.advance(FRAMES)
        assert torch.equal(deck.stream.codes, deck.lone.codes[:, : deck.stream.frame])
        if deck.stream.frame < 2 * deck.stream.lookahead_frames:
            continue
        first, stop = deck.first * HOP, deck.stream.pcm_frame * HOP
        whole = model.generate_audio(deck.stream.codes[None])[0, 0].numpy()
        np.testing.assert_allclose(deck.sound[first:stop], whole[first:stop], atol=1e-5)


class CountedDecoder(ModuleDecoder):
    """Remembers what was run together."""

    def __init__(self, model: MusicGen) -> None:
        super().__init__(model.lm)
        self.batches: list[list[int]] = []
        """Positions of each stream of a batch."""

    def run_together(self, calls: list[Call]) -> list[torch.Tensor | None]:  # type: ignore[override]
        self.batches.append([call.tokens.shape[2] for call in calls])
        return super().run_together(calls)


def with_decoder(model: MusicGen, decoder: Decoder) -> MusicGen:
    model._decoder = decoder
    return model


def test_a_step_of_all_streams_that_lack_frames_is_one_batch() -> None:
    model = tiny_musicgen("fp32")
    decoder = CountedDecoder(model)
    with_decoder(model, decoder)
    streams = [Continuation(model, asked("drums"), seed) for seed in range(3)]
    ContinuationGroup().advance({streams[0]: 5, streams[1]: 10, streams[2]: 0})
    # three more steps complete the codebooks of the last frame
    assert decoder.batches == [[1, 1]] * 8 + [[1]] * 5
    assert [stream.frame for stream in streams] == [5, 10, 0]
    assert [stream.stats.step.count for stream in streams] == [8, 13, 0]


def test_a_stream_with_a_long_prompt_joins_when_ready_and_holds_nobody_up() -> None:
    model = tiny_musicgen("fp32")
    decoder = CountedDecoder(model)
    with_decoder(model, decoder)
    playing = Continuation(model, asked("drums"), 1)
    playing.advance(20)
    late = Continuation(model, asked("piano"), 2, torch.zeros(4, 79, dtype=torch.int64))
    group = ContinuationGroup()
    decoder.batches.clear()
    # 79 frames of sound in pieces of 25, the prompt in pieces of 32 positions
    group.advance({late: 85, playing: 40})
    pieces = [i for i, batch in enumerate(decoder.batches) if batch[0] > 1]
    assert [decoder.batches[i] for i in pieces[:3]] == [[32], [32], [15]]
    assert all(b - a == 2 for a, b in pairwise(pieces[:3]))
    assert decoder.batches[: pieces[0]] == [[1]] * pieces[0]
    assert decoder.batches[pieces[2] + 1] == [1, 1]
    assert (playing.frame, late.frame) == (40, 85)


def test_windows_that_move_on_at_once_take_their_prompts_in_by_turns() -> None:
    model = tiny_musicgen("fp32")
    decoder = CountedDecoder(model)
    with_decoder(model, decoder)
    streams = [Continuation(model, asked("drums"), seed) for seed in range(4)]
    ContinuationGroup().advance(dict.fromkeys(streams, 130))
    boundary = [i for i, batch in enumerate(decoder.batches) if batch == [1] * 4][82]
    kinds = [batch[0] > 1 for batch in decoder.batches[:boundary]]
    assert sum(kinds) == 3
    assert not any(a and b for a, b in pairwise(kinds))


def test_sound_of_several_streams_goes_through_the_codec_in_one_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    codec = SpectralCodec(
        encoder_dim=16, encoder_blocks=1, decoder_dim=24, decoder_hidden=32, decoder_blocks=2, latent=8,
        bins=CARD,
    )  # fmt: skip
    for book in codec.quantizer.vq.codebooks():
        book.embed.normal_()
    model = MusicGen("tiny", codec, tiny_lm(), 1.6, 0.9, "fp32")
    sizes: list[int] = []
    push_batch = SpectralStreamingDecoder.push_batch

    def counted(*given: Any) -> list[torch.Tensor]:
        sizes.append(len(given[2]))
        return push_batch(*given)

    monkeypatch.setattr(SpectralStreamingDecoder, "push_batch", counted)
    streams = [Continuation(model, asked("drums"), seed) for seed in range(3)]
    group, sound = ContinuationGroup(), [np.zeros(0, np.float32)] * 3
    for frame in (5, 10, 15, 40):
        if frame == 15:
            # one of them goes back, and its chunk is longer
            streams[2].roll_back(7)
            sound[2] = sound[2][: 5 * codec.hop_length]
        advanced = group.advance(dict.fromkeys(streams, frame))
        sound = [np.concatenate([part, advanced[s].pcm]) for part, s in zip(sound, streams, strict=True)]
    assert sizes == [3, 2, 3]
    for part, stream in zip(sound, streams, strict=True):
        whole = model.generate_audio(stream.codes[None])[0, 0].numpy()
        np.testing.assert_allclose(part, whole[: len(part)], atol=1e-5)


def test_time_that_is_up_ends_a_call_with_what_there_is(plain_model: MusicGen) -> None:
    streams = [Continuation(plain_model, asked("drums"), seed) for seed in range(2)]
    group = ContinuationGroup()
    began = time.perf_counter()
    advanced = group.advance(dict.fromkeys(streams, 20_000), 0.05)
    assert time.perf_counter() - began < 2.0
    assert 0 < streams[0].frame < 20_000
    for stream in streams:
        pcm = advanced[stream].pcm
        assert pcm is not None
        assert len(pcm) == stream.pcm_frame * HOP
        assert stream.frame - stream.lookahead_frames - stream.pcm_frame < SOUND_FRAMES
        assert 0 < advanced[stream].seconds < 2.0


def test_the_first_streams_come_first_where_not_all_fit(plain_model: MusicGen) -> None:
    streams = [Continuation(plain_model, asked("drums"), seed) for seed in range(3)]
    group = ContinuationGroup()
    group.advance(dict.fromkeys(streams, 5))
    advanced = group.advance({streams[2]: 50, streams[0]: 50, streams[1]: 50}, 1e-9)
    assert [stream.stats.step.count for stream in streams] == [8, 8, 9]
    assert [advanced[stream].seconds > 0 for stream in streams] == [False, False, True]


def test_an_error_in_one_stream_leaves_the_others_alone(
    plain_model: MusicGen, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = (Continuation(plain_model, asked("drums"), seed) for seed in range(2))
    alone = Continuation(plain_model, asked("drums"), 0)

    def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(bad, "end_step", broken)
    advanced = ContinuationGroup().advance({bad: 20, good: 20})
    alone.advance(20)
    assert str(advanced[bad].error) == "broken"
    assert advanced[bad].pcm is None
    assert advanced[good].error is None
    assert torch.equal(good.codes, alone.codes)


def test_a_batch_that_fails_fails_its_streams(plain_model: MusicGen, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Continuation(plain_model, asked("drums"), 0)

    def broken(calls: list[Call]) -> list[torch.Tensor | None]:
        raise MemoryError("all gone")

    monkeypatch.setattr(plain_model.decoder, "run_together", broken)
    assert isinstance(ContinuationGroup().advance({stream: 3})[stream].error, MemoryError)


def test_a_piece_and_a_step_that_do_not_fit_into_one_call_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny_musicgen("fp32")
    decoder = CountedDecoder(model)
    with_decoder(model, decoder)
    playing = Continuation(model, asked("drums"), 1)
    playing.advance(20)
    late = Continuation(model, asked("piano"), 2, torch.zeros(4, 79, dtype=torch.int64))
    group = ContinuationGroup()
    monkeypatch.setattr(group, "_next_s", lambda active: 2.0)
    decoder.batches.clear()
    while late.preparing:
        before = len(decoder.batches)
        group.advance({late: 80, playing: 80}, 1.0)
        assert len(decoder.batches) - before <= 1
    # four pieces of sound and three of the prompt, a step after each but the last
    assert decoder.batches == [[1]] * 4 + [[32], [1], [32], [1], [15]]


def test_a_call_that_runs_out_of_time_decodes_some_frames_at_once(
    plain_model: MusicGen, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = [Continuation(plain_model, asked("drums"), seed) for seed in range(2)]
    group = ContinuationGroup()
    # from the second step on, none fits beside the first
    monkeypatch.setattr(group, "_next_s", lambda active: 2.0)
    lengths = []
    for _ in range(3 + 12):
        advanced = group.advance(dict.fromkeys(streams, 12), 1.0)
        pcms = [advanced[stream].pcm for stream in streams]
        lengths.append([len(pcm) // HOP for pcm in pcms if pcm is not None])
    # three steps until the first frame is complete; the codec looks two frames ahead
    nothing = [[0, 0]]
    assert lengths == [*nothing * 7, [3, 3], *nothing * 4, [5, 5], *nothing, [2, 2]]
    assert streams[0].frame == 12
