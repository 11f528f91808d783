"""Streaming of layers: each gives out what its inputs so far determine, whatever the chunking.

A layer's state is an opaque immutable value (None at the start of a stream), so that a snapshot of a whole
stack is a tuple of references and costs nothing. States hold copies of the few samples that are needed, never
views, so that a kept snapshot does not keep the activations of its chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

PadMode = Literal["constant", "reflect"]


class StreamLayer(Protocol):
    """A layer that can be fed in chunks."""

    def stream(self, x: Tensor, state: Any, last: bool) -> tuple[Tensor, Any]:
        """Feeds x [B, C, n >= 0]; `last` ends the stream and brings out everything still owed.

        The outputs of all calls, joined, equal the layer applied to all inputs at once.
        """


def stream_stack(
    layers: Sequence[StreamLayer], x: Tensor, states: tuple[Any, ...] | None, last: bool
) -> tuple[Tensor, tuple[Any, ...]]:
    """Feeds x through `layers` one after the other; returns the output and the new states."""
    if states is None:
        states = (None,) * len(layers)
    following = []
    for layer, state in zip(layers, states, strict=True):
        x, state = layer.stream(x, state, last)
        following.append(state)
    return x, tuple(following)


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
    """Inputs that later outputs still need; `raw` while the padded start cannot be formed yet."""

    buffer: Tensor
    raw: bool


@dataclass(frozen=True)
class ConvStream:
    """A convolution of stride 1 that keeps the length, as a `StreamLayer`.

    Attributes:
        convolve: the convolution without padding, [B, in, n] to [B, out, n - left - right].
        out_channels: its output channels.
        left, right: padding; together, the convolution's reach less one.
        pad_mode: 'constant' (zeros) or 'reflect'.
    """

    convolve: Callable[[Tensor], Tensor]
    out_channels: int
    left: int
    right: int
    pad_mode: PadMode = "constant"

    def stream(self, x: Tensor, state: ConvState | None, last: bool) -> tuple[Tensor, ConvState | None]:
        """See `StreamLayer`."""
        if state is None:
            state = ConvState(x[..., :0], True)
        joined = torch.cat([state.buffer, x], -1)
        if state.raw:
            if last:
                # with both ends at hand, even an input shorter than the padding is treated as in one piece
                whole = pad1d(joined, self.left, self.right, self.pad_mode) if joined.shape[-1] else joined
                return self._convolve(whole), None
            if joined.shape[-1] < (self.left + 1 if self.pad_mode == "reflect" else 1):
                return self._nothing(joined), ConvState(joined.clone(), True)
            joined = pad1d(joined, self.left, 0, self.pad_mode)
        if last and self.right:
            mirrored = joined[..., -self.right - 1 : -1].flip(-1)
            end = torch.zeros_like(mirrored) if self.pad_mode == "constant" else mirrored
            joined = torch.cat([joined, end], -1)
        keep = max(0, joined.shape[-1] - self.left - self.right)
        return self._convolve(joined), ConvState(joined[..., keep:].clone(), False)

    def _convolve(self, x: Tensor) -> Tensor:
        return self.convolve(x) if x.shape[-1] > self.left + self.right else self._nothing(x)

    def _nothing(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape[0], self.out_channels, 0)


@dataclass(frozen=True)
class TransposeState:
    """The tail that the next inputs add to (without bias), and how much of the start is still to be cut."""

    tail: Tensor
    cut: int


@dataclass(frozen=True)
class TransposeStream:
    """A transposed convolution, of which the surplus is cut at either end, as a `StreamLayer`.

    Attributes:
        convolve: it without cut, [B, in, n >= 1] to [B, out, n * stride + surplus].
        bias: [out].
        stride: outputs per input.
        surplus: kernel length less stride; >= 0.
        left, right: samples cut off at the start and at the end.
    """

    convolve: Callable[[Tensor], Tensor]
    bias: Tensor
    stride: int
    surplus: int
    left: int
    right: int

    def stream(self, x: Tensor, state: TransposeState | None, last: bool) -> tuple[Tensor, TransposeState]:
        """See `StreamLayer`."""
        if state is None:
            state = TransposeState(x.new_zeros(x.shape[0], len(self.bias), self.surplus), self.left)
        length, bias = x.shape[-1] * self.stride, self.bias[:, None]
        if length:
            y = self.convolve(x)
            y[..., : self.surplus] += state.tail
        else:
            y = state.tail + bias
        tail = y[..., length:] - bias
        end = max(0, y.shape[-1] - self.right) if last else length
        cut = min(state.cut, end)
        return y[..., cut:end], TransposeState(tail, state.cut - cut)


def stream_residual(
    layers: Sequence[StreamLayer], skip: Callable[[Tensor], Tensor], x: Tensor, state: Any, last: bool
) -> tuple[Tensor, Any]:
    """Feeds x through `layers` and adds `skip(x)`, a map of single samples; see `StreamLayer`.

    Inputs wait until the layers' look-ahead has caught up with them.
    """
    waiting, inner = state or (x[..., :0], None)
    waiting = torch.cat([waiting, x], -1)
    y, inner = stream_stack(layers, x, inner, last)
    ready = y.shape[-1]
    y = skip(waiting[..., :ready]) + y if ready else y
    return y, (waiting[..., ready:].clone(), inner)
