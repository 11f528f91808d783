"""Convolutions of the SEANet codecs: padded like AudioCraft's, weight-normalised, and streamable."""

from __future__ import annotations

import math

from torch import Tensor, nn

from genmodels.codec.streaming import (
    ConvState,
    ConvStream,
    PadMode,
    TransposeState,
    TransposeStream,
    pad1d,
)
from genmodels.codec.weight_norm import Named, WeightNormConv1d


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
        total = (kernel - 1) * dilation + 1 - stride
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
        streamed = ConvStream(self._convolve, self.out_channels, self.left, self.right, self.pad_mode)
        return streamed.stream(x, state, last)


class StreamableConvTranspose1d(nn.Module):
    """Transposed convolution that multiplies the length by stride exactly.

    Args:
        causal: cut the surplus on the right as `trim_right_ratio` says; otherwise half on either side.
        trim_right_ratio: share of the surplus (kernel - stride) that is cut on the right, 0..1, rounded up;
            1 makes the layer causal.
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
        streamed = TransposeStream(self._convolve, bias, self.stride, self.surplus, self.left, self.right)
        return streamed.stream(x, state, last)
