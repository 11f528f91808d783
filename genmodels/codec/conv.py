"""Convolutions of the SEANet codecs: padded like AudioCraft's, weight-normalised, and streamable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PadMode = Literal["constant", "reflect"]


class WeightNormConv1d(nn.Module):
    """A convolution whose weight is `weight_g * weight_v / |weight_v|` (arXiv 1602.07868), norm over all
    dimensions but the first. `transposed` stores the weight as [in, out, kernel]."""

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
        self.bias = nn.Parameter(torch.empty(out_channels).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, in, n] without padding, as torch's conv1d or conv_transpose1d."""
        weight = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(1, 2), keepdim=True))
        if self.transposed:
            return F.conv_transpose1d(x, weight, self.bias, self.stride)
        return F.conv1d(x, weight, self.bias, self.stride, dilation=self.dilation)


class Named(nn.Module):
    """Holds a convolution under the name that the state dict needs (`conv.conv`, `convtr.convtr`)."""

    def __init__(self, name: str, convolution: WeightNormConv1d) -> None:
        super().__init__()
        setattr(self, name, convolution)


def pad1d(x: Tensor, left: int, right: int, mode: PadMode) -> Tensor:
    """Pads the time of x [B, C, n]; 'reflect' also works on inputs shorter than the padding, which are then
    extended by zeros first, as AudioCraft does."""
    if mode == "constant":
        return F.pad(x, (left, right))
    extra = max(0, max(left, right) - x.shape[-1] + 1)
    padded = F.pad(F.pad(x, (0, extra)), (left, right), mode="reflect")
    return padded[..., : padded.shape[-1] - extra] if extra else padded


@dataclass(frozen=True)
class ConvState:
    """Inputs that later outputs still need; `raw` while the reflected start cannot be formed yet."""

    buffer: Tensor
    raw: bool


class StreamableConv1d(nn.Module):
    """Convolution that keeps the length (or divides it by stride, rounding up).

    Args:
        causal: all padding on the left; otherwise the right half of it (rounded down) on the right.
        pad_mode: 'constant' (zeros) or 'reflect'.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        causal: bool = False,
        pad_mode: PadMode = "constant",
    ) -> None:
        super().__init__()
        self.conv = Named("conv", WeightNormConv1d(in_channels, out_channels, kernel, stride, dilation))
        self.stride, self.pad_mode = stride, pad_mode
        self.out_channels = out_channels
        self.reach = (kernel - 1) * dilation + 1
        total = self.reach - stride
        self.right = 0 if causal else total // 2
        self.left = total - self.right

    def _convolve(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv.conv(x)  # type: ignore[operator]
        return y

    def forward(self, x: Tensor) -> Tensor:
        """x [B, in, n] to [B, out, ceil(n / stride)]."""
        extra = -x.shape[-1] % self.stride
        return self._convolve(pad1d(x, self.left, self.right + extra, self.pad_mode))

    def stream(self, x: Tensor, state: ConvState | None, last: bool) -> tuple[Tensor, ConvState | None]:
        """See `StreamLayer`; only for stride 1."""
        if state is None:
            state = ConvState(x.new_zeros(*x.shape[:2], 0), True)
        joined = torch.cat([state.buffer, x], -1)
        if state.raw:
            if last:
                return (self.forward(joined) if joined.shape[-1] else self._nothing(joined)), None
            if joined.shape[-1] < (self.left + 1 if self.pad_mode == "reflect" else 1):
                return self._nothing(joined), ConvState(joined, True)
            joined = pad1d(joined, self.left, 0, self.pad_mode)
        if last and self.right:
            mirrored = joined[..., -self.right - 1 : -1].flip(-1)
            end = torch.zeros_like(mirrored) if self.pad_mode == "constant" else mirrored
            joined = torch.cat([joined, end], -1)
        if joined.shape[-1] < self.reach:
            return self._nothing(joined), ConvState(joined, False)
        return self._convolve(joined), ConvState(joined[..., joined.shape[-1] - self.reach + 1 :], False)

    def _nothing(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape[0], self.out_channels, 0)


@dataclass(frozen=True)
class TransposeState:
    """The tail that the next inputs add to (without bias), and how much of the start is still to be cut."""

    tail: Tensor
    cut: int


class StreamableConvTranspose1d(nn.Module):
    """Transposed convolution that multiplies the length by stride exactly.

    Args:
        causal: cut the surplus on the right as `trim_right_ratio` says; otherwise half on either side.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int,
        causal: bool = False,
        trim_right_ratio: float = 1.0,
    ) -> None:
        super().__init__()
        convolution = WeightNormConv1d(in_channels, out_channels, kernel, stride, transposed=True)
        self.convtr = Named("convtr", convolution)
        self.stride = stride
        self.surplus = kernel - stride
        self.right = math.ceil(self.surplus * trim_right_ratio) if causal else self.surplus // 2
        self.left = self.surplus - self.right

    def _convolve(self, x: Tensor) -> Tensor:
        y: Tensor = self.convtr.convtr(x)  # type: ignore[operator]
        return y

    def forward(self, x: Tensor) -> Tensor:
        """x [B, in, n] to [B, out, n * stride]."""
        y = self._convolve(x)
        return y[..., self.left : y.shape[-1] - self.right]

    def stream(self, x: Tensor, state: TransposeState | None, last: bool) -> tuple[Tensor, TransposeState]:
        """See `StreamLayer`."""
        bias: Tensor = self.convtr.convtr.bias  # type: ignore[union-attr,assignment]
        if state is None:
            state = TransposeState(x.new_zeros(x.shape[0], bias.shape[0], self.surplus), self.left)
        length = x.shape[-1] * self.stride
        y = state.tail
        if length:
            y = self._convolve(x) - bias[:, None]
            y = torch.cat([y[..., : self.surplus] + state.tail, y[..., self.surplus :]], -1)
        tail = y[..., length:]
        y = y if last else y[..., :length]
        cut = min(state.cut, y.shape[-1])
        y = y[..., cut : y.shape[-1] - (self.right if last else 0)] + bias[:, None]
        return y, TransposeState(tail, state.cut - cut)
