"""Our language model against Transformers' independent implementation of MusicGen, on the same random
weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import MusicgenForCausalLM, MusicgenForConditionalGeneration

from genmodels.conditioning.attributes import ConditioningAttributes
from tests.genmodels.lm.musicgen_twin import (
    SMALL,
    TINY,
    TINY_STEREO,
    Geometry,
    GivenTensors,
    SharedT5,
    conditional,
    enliven,
    ours,
    tokens,
)

UNEQUAL = ["warm piano", "a very long description of loud drums and an electric bass", "strings"]


def asked(texts: list[str]) -> list[ConditioningAttributes]:
    return [ConditioningAttributes({"description": text}) for text in texts]


def their_codes(
    model: MusicgenForConditionalGeneration, texts: list[str], frames: int, guidance: float | None
) -> Tensor:
    """Codes [B, K, T] of their greedy generation, taken from what is handed to the codec."""
    heard: list[Tensor] = []
    stereo = model.decoder.config.audio_channels == 2

    class Silent:
        def __init__(self) -> None:
            self.audio_values = torch.zeros(len(texts), 1, 1)

    def decode(codes: Tensor, audio_scales: object) -> Silent:
        heard.append(codes[0])
        return Silent()

    steps = frames + model.decoder.num_codebooks // (2 if stereo else 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.audio_encoder, "decode", decode)
        model.generate(**tokens(texts), do_sample=False, guidance_scale=guidance, max_length=steps)
    return torch.stack(heard, 2).flatten(1, 2) if stereo else heard[0]


@pytest.mark.parametrize("geometry", [TINY, TINY_STEREO], ids=["mono", "stereo"])
def test_logits_equal_those_of_transformers(geometry: Geometry) -> None:
    theirs = conditional(geometry)
    lm = ours(geometry, theirs.decoder, SharedT5(theirs))
    count = len(geometry.delays)
    generator = torch.Generator().manual_seed(0)
    sequence = torch.randint(0, geometry.card + 1, (3, count, 40), generator=generator)
    with torch.no_grad():
        expected = theirs(**tokens(UNEQUAL), decoder_input_ids=sequence.reshape(3 * count, 40)).logits
        got = lm(sequence, asked(UNEQUAL))
    assert got.std() > 0.5
    torch.testing.assert_close(got, expected.view(got.shape), atol=1e-4, rtol=0)


@pytest.mark.parametrize("geometry", [TINY, TINY_STEREO], ids=["mono", "stereo"])
@pytest.mark.parametrize("texts", [UNEQUAL[:1], UNEQUAL], ids=["one", "unequal"])
@pytest.mark.parametrize("guidance", [None, 3.0])
def test_greedy_tokens_are_those_of_transformers_over_a_whole_generation(
    geometry: Geometry, texts: list[str], guidance: float | None
) -> None:
    theirs = conditional(geometry)
    lm = ours(geometry, theirs.decoder, SharedT5(theirs))
    got = lm.generate(None, asked(texts), max_gen_len=150, use_sampling=False, cfg_coef=guidance or 1.0)
    assert torch.equal(got, their_codes(theirs, texts, 150, guidance))
    assert len(got.unique()) > geometry.card // 4


def test_padding_is_attended_as_where_transformers_is_given_no_mask() -> None:
    torch.manual_seed(0)
    theirs = MusicgenForCausalLM(TINY.decoder_config()).eval()
    enliven(theirs)
    theirs.generation_config.update(pad_token_id=TINY.card, decoder_start_token_id=TINY.card)
    lengths = {"short": 2, "longest": 9}
    known = {text: torch.randn(length, TINY.dim) for text, length in lengths.items()}
    padded = torch.zeros(4, 9, TINY.dim)
    for row, text in enumerate(lengths):
        padded[row, : lengths[text]] = known[text]
    start = torch.full((2 * 4, 1), TINY.card)
    with torch.no_grad():
        expected = theirs.generate(
            start,
            encoder_hidden_states=padded,
            do_sample=False,
            guidance_scale=3.0,
            max_length=64,
            num_return_sequences=1,
            use_cache=False,
            attention_mask=torch.ones(2, 1),
        )

    def generated(attend_padding: bool, *texts: str) -> Tensor:
        lm = ours(TINY, theirs, GivenTensors(known), attend_padding)
        return lm.generate(None, asked(list(texts)), max_gen_len=60, use_sampling=False)

    assert torch.equal(generated(True, "short", "longest"), expected)
    alone = generated(False, "short")
    assert torch.equal(generated(False, "short", "longest")[:1], alone)
    assert not torch.equal(expected[:1], alone)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_real_geometry_gives_the_logits_and_the_greedy_tokens_of_transformers() -> None:
    theirs = conditional(SMALL)
    assert sum(weight.numel() for weight in theirs.decoder.parameters()) > 400e6
    lm = ours(SMALL, theirs.decoder, SharedT5(theirs))
    generator = torch.Generator().manual_seed(0)
    sequence = torch.randint(0, SMALL.card + 1, (1, 4, 64), generator=generator)
    with torch.no_grad():
        expected = theirs(**tokens(UNEQUAL[:1]), decoder_input_ids=sequence[0]).logits
        got = lm(sequence, asked(UNEQUAL[:1]))
    assert got.std() > 0.5
    torch.testing.assert_close(got, expected.view(got.shape), atol=1e-4, rtol=0)
    codes = lm.generate(None, asked(UNEQUAL[:1]), max_gen_len=30, use_sampling=False)
    assert torch.equal(codes, their_codes(theirs, UNEQUAL[:1], 30, 3.0))
