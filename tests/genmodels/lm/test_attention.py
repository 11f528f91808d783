"""The attentions of a training on a CPU equal the ordinary one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.lm import attention


@pytest.mark.parametrize("length", [1, 7, 8, 9, 30])
def test_blockwise_attention_and_its_gradient_equal_the_ordinary_ones(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "BLOCK", 8)
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, length, 4, requires_grad=True) for _ in range(3))
    ours = attention.blockwise_causal_attention(q, k, v)
    theirs = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert torch.allclose(ours, theirs, atol=1e-6)
    assert_same_gradients(ours, theirs, (q, k, v))


@pytest.mark.parametrize("masked", [True, False])
def test_attention_over_few_keys_and_its_gradient_equal_the_ordinary_ones(masked: bool) -> None:
    torch.manual_seed(0)
    q = torch.randn(2, 3, 20, 4, requires_grad=True)
    k, v = (torch.randn(2, 3, 5, 4, requires_grad=True) for _ in range(2))
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])[:, None, None] if masked else None
    ours = attention.masked_attention(q, k, v, mask)
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert torch.allclose(ours, theirs, atol=1e-6)
    assert_same_gradients(ours, theirs, (q, k, v))


def assert_same_gradients(ours: Tensor, theirs: Tensor, inputs: tuple[Tensor, ...]) -> None:
    weight = torch.randn_like(ours)
    mine = torch.autograd.grad((ours * weight).sum(), inputs)
    other = torch.autograd.grad((theirs * weight).sum(), inputs)
    for a, b in zip(mine, other, strict=True):
        assert torch.allclose(a, b, atol=1e-5)
