"""Blockwise causal attention equals the ordinary one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

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
    weight = torch.randn_like(ours)
    mine = torch.autograd.grad((ours * weight).sum(), (q, k, v))
    other = torch.autograd.grad((theirs * weight).sum(), (q, k, v))
    for a, b in zip(mine, other, strict=True):
        assert torch.allclose(a, b, atol=1e-5)
