"""Initial weights: from the codebooks, so that the untrained model's first guess is a token near the present
one; and from an encoder that has learned to read."""

from __future__ import annotations

import pytest
import torch

from genmodels.checkpoints.builders import build_lm
from genmodels.conditioning.text import WordTextEncoder
from genmodels.errors import CheckpointError
from genmodels.training.lm_start import start_from_codebooks, start_from_reader

LM = {"n_q": 2, "card": 32, "dim": 48, "num_heads": 2, "num_layers": 2, "hidden_scale": 2, "delays": [0, 1]}


def test_first_guess_resembles_the_last_token_in_the_codec() -> None:
    torch.manual_seed(0)
    lm = build_lm(LM).eval()
    books = [torch.randn(32, 8) for _ in range(2)]
    start_from_codebooks(lm, books)
    tokens = torch.randint(0, 32, (1, 2, 40))
    with torch.no_grad():
        logits = lm(tokens)
    for k in range(2):
        near = torch.cdist(books[k][tokens[0, k]], books[k])
        guessed = near.gather(1, logits[0, k].argmax(-1, keepdim=True)).mean()
        assert guessed < 0.5 * near.mean()


def test_tokens_alike_in_the_codec_have_alike_vectors() -> None:
    torch.manual_seed(0)
    lm = build_lm(LM)
    book = torch.randn(32, 8)
    book[1] = book[0] + 0.01
    start_from_codebooks(lm, [book, book])
    vectors = lm.emb[0].weight[:32]  # type: ignore[index,union-attr]
    distances = torch.cdist(vectors, vectors)
    assert distances[0, 1] < 0.3 * distances[0, 2:].min()


def test_start_is_the_same_for_the_same_seed() -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(0)
        lm = build_lm(LM)
        start_from_codebooks(lm, [torch.ones(32, 8) * torch.arange(32)[:, None]] * 2, seed=3)
        weights.append(lm.linears[1].weight)
    assert torch.equal(weights[0], weights[1])  # type: ignore[arg-type]


WORDS = {"kind": "words", "dim": 8, "num_heads": 2, "num_layers": 1, "vocabulary": 64}
READING_LM = {
    **LM,
    "conditioners": {"description": WORDS, "summary": {**WORDS, "pooled": True}},
    "fuser": {"cross": ["description"], "sum": ["summary"]},
}


def test_all_word_encoders_read_as_they_were_taught_and_keep_it() -> None:
    torch.manual_seed(0)
    lm = build_lm(READING_LM)
    taught = WordTextEncoder(output_dim=16, dim=8, num_heads=2, num_layers=1, vocabulary=64, pooled=True)
    start_from_reader(lm, taught.state_dict())
    for name in ("description", "summary"):
        encoder = lm.condition_provider.conditioners[name]
        assert isinstance(encoder, WordTextEncoder)
        assert torch.equal(encoder.embed.weight, taught.embed.weight)
        learning = {key for key, parameter in encoder.named_parameters() if parameter.requires_grad}
        assert learning == {"output_proj.weight", "output_proj.bias"}
    assert lm.emb[0].weight.requires_grad


@pytest.mark.parametrize(("changed", "value"), [("dim", 4), ("num_layers", 0), ("num_layers", 2)])
def test_a_taught_encoder_of_another_geometry_is_refused_by_the_condition_that_it_does_not_fit(
    changed: str, value: int
) -> None:
    geometry = {"dim": 8, "num_layers": 1, "num_heads": 2, "vocabulary": 64, changed: value}
    taught = WordTextEncoder(output_dim=16, **geometry)
    with pytest.raises(CheckpointError, match="does not fit condition 'description'"):
        start_from_reader(build_lm(READING_LM), taught.state_dict())
