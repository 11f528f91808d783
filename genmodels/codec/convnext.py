"""ConvNeXt blocks in one dimension (arXiv 2201.03545), channels last and without padding of their own."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KERNEL = 7
# chunks up to this many frames are convolved by hand: the library's set-up costs more than the arithmetic
SHORT = 16


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, layer norm, two-layer perceptron, scaled residual; channels last [B, T, dim]."""

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, KERNEL, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.gamma = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor, padded: Tensor) -> Tensor:
        """x [B, T, dim] and the same with its convolution context, padded [B, T + KERNEL - 1, dim]."""
        if self.training or x.shape[1] > SHORT:
            y = self.depthwise(padded.transpose(1, 2)).transpose(1, 2)
        else:
            windows = padded.unfold(1, KERNEL, 1)
            assert self.depthwise.bias is not None
            y = (windows * self.depthwise.weight[:, 0]).sum(-1) + self.depthwise.bias
        y = self.contract(F.gelu(self.expand(self.norm(y))))
        out: Tensor = x + self.gamma * y
        return out
