"""Residual vector quantizer: codes and latents agree, codebooks learn, dead entries come alive."""

from __future__ import annotations

import torch

from genmodels.codec.quantize import EuclideanCodebook, ResidualVectorQuantizer, kmeans


def test_kmeans_finds_separated_clusters() -> None:
    torch.manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    samples = centres.repeat(50, 1) + 0.1 * torch.randn(150, 2)
    best = min(torch.cdist(centres, kmeans(samples, 3, 20)[0]).min(1).values.max().item() for _ in range(10))
    assert best < 0.2


def test_decoded_codes_equal_the_quantized_latents() -> None:
    torch.manual_seed(0)
    quantizer = ResidualVectorQuantizer(8, 3, 16)
    quantizer.train()
    quantizer(torch.randn(2, 8, 50))
    quantizer.eval()
    x = torch.randn(2, 8, 20)
    result = quantizer(x)
    assert torch.equal(result.codes, quantizer.encode(x))
    assert torch.allclose(result.x, quantizer.decode(result.codes), atol=1e-6)


def test_each_further_codebook_lowers_the_error_on_trained_data() -> None:
    torch.manual_seed(0)
    quantizer = ResidualVectorQuantizer(4, 4, 32).train()
    x = torch.randn(4, 4, 200)
    for _ in range(20):
        quantizer(x)
    quantizer.eval()
    codes = quantizer.encode(x)
    errors = [(quantizer.decode(codes[:, :k]) - x).square().mean().item() for k in range(1, 5)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.3 * errors[0]


def test_dead_entries_are_replaced_and_stay_replaced() -> None:
    torch.manual_seed(0)
    book = EuclideanCodebook(2, 8, decay=0.9).train()
    x = torch.randn(256, 2)
    book(x)
    with torch.no_grad():
        book.embed[:6] = 1000.0
        book.embed_avg[:6] = 1000.0
        book.cluster_size[:6] = 0.01
    for _ in range(5):
        book(x)
    assert book.embed.abs().max() < 10
    assert torch.bincount(book.encode(x), minlength=8).min() > 0


def test_entries_survive_batches_smaller_than_the_codebook() -> None:
    torch.manual_seed(0)
    book = EuclideanCodebook(4, 256).train()
    for _ in range(50):
        book(torch.randn(64, 4))
    kept = book.embed.clone()
    for _ in range(3):
        book(torch.randn(64, 4))
    moved = (book.embed - kept).norm(dim=1) > 0.5
    assert moved.float().mean() < 0.1


def test_gradient_passes_straight_through() -> None:
    torch.manual_seed(0)
    quantizer = ResidualVectorQuantizer(4, 2, 8).train()
    x = torch.randn(1, 4, 30, requires_grad=True)
    quantizer(x).x.sum().backward()
    assert torch.allclose(x.grad, torch.ones_like(x))  # type: ignore[arg-type]


def test_dropout_uses_varying_numbers_of_codebooks_in_training_only() -> None:
    torch.manual_seed(0)
    quantizer = ResidualVectorQuantizer(4, 4, 8, q_dropout=True).train()
    x = torch.randn(1, 4, 40)
    assert {quantizer(x).codes.shape[1] for _ in range(40)} == {1, 2, 3, 4}
    quantizer.eval()
    assert quantizer(x).codes.shape[1] == 4
