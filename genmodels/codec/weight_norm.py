"""Weight-normalised convolutions (arXiv 1602.07868), and their folding for inference."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# inputs up to this size torch convolves transposed by a kernel that is ten times slower than a matrix product
SMALL = 20480


def _transposed_by_product(x: Tensor, weight: Tensor, bias: Tensor, stride: int) -> Tensor:
    """F.conv_transpose1d for a kernel of 2 * stride: each output block is met by two inputs only."""
    batch, _, length = x.shape
    products = (x.transpose(1, 2) @ weight.flatten(1)).view(batch, length, -1, 2, stride)
    blocks = F.pad(products[..., 0, :], (0, 0, 0, 0, 0, 1)) + F.pad(products[..., 1, :], (0, 0, 0, 0, 1, 0))
    return blocks.transpose(1, 2).flatten(2) + bias[:, None]


class WeightNormConv1d(nn.Module):
    """A convolution whose weight is `weight_g * weight_v / |weight_v|`, the norm taken over all dimensions
    but the first. `transposed` stores the weight as [in, out, kernel], so that its g is [in, 1, 1]."""

    weight_g: nn.Parameter | None
    weight_v: nn.Parameter | None
    weight: nn.Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        transposed: bool = False,
    ) -> None:
        super().__init__()
        self.stride, self.dilation, self.transposed = stride, dilation, transposed
        shape = (in_channels, out_channels, kernel) if transposed else (out_channels, in_channels, kernel)
        bound = 1 / math.sqrt((out_channels if transposed else in_channels) * kernel)
        weight = torch.empty(shape).uniform_(-bound, bound)
        self.weight_v = nn.Parameter(weight)
        self.weight_g = nn.Parameter(weight.norm(dim=(1, 2), keepdim=True).detach().clone())
        self.weight = None
        self.bias = nn.Parameter(torch.empty(out_channels).uniform_(-bound, bound))

    def effective_weight(self) -> Tensor:
        """What the input is convolved with."""
        if self.weight_g is None or self.weight_v is None:
            assert self.weight is not None
            return self.weight
        # the fused operator, as torch's own parametrization calls it: the same rounding as in Transformers
        weight: Tensor = torch._weight_norm(self.weight_v, self.weight_g, 0)
        return weight

    @torch.no_grad()
    def fold(self) -> None:
        """Puts the product, `weight`, in the place of `weight_g` and `weight_v`, for good."""
        if self.weight_g is not None:
            self.weight = nn.Parameter(self.effective_weight(), requires_grad=False)
            self.weight_g = self.weight_v = None

    def forward(self, x: Tensor) -> Tensor:
        """x [B, in, n] without padding, as torch's conv1d or conv_transpose1d."""
        weight, bias = self.effective_weight(), self.bias
        if self.transposed:
            if x.device.type == "cpu" and x.numel() <= SMALL and weight.shape[2] == 2 * self.stride:
                return _transposed_by_product(x, weight, bias, self.stride)
            return F.conv_transpose1d(x, weight, bias, self.stride)
        return F.conv1d(x, weight, bias, self.stride, dilation=self.dilation)


class Named(nn.Module):
    """Holds a convolution under the name that the state dict needs (`conv.conv`, `convtr.convtr`)."""

    def __init__(self, name: str, convolution: WeightNormConv1d) -> None:
        super().__init__()
        setattr(self, name, convolution)


def fold_weight_norm(module: nn.Module) -> None:
    """Folds every `WeightNormConv1d` within `module` (see `WeightNormConv1d.fold`)."""
    for part in module.modules():
        if isinstance(part, WeightNormConv1d):
            part.fold()
