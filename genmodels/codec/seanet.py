"""SEANet encoder and decoder (arXiv 2009.02095, as used by EnCodec, arXiv 2210.13438).

Module indices are AudioCraft's, so that its state dicts fit. Decoder layers can be streamed, causal or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.conv import StreamableConv1d, StreamableConvTranspose1d
from genmodels.codec.streaming import PadMode, StreamLayer, stream_residual

# up to this many frames torch's LSTM spends more time packing its weights than computing (on a CPU)
SHORT = 16


@dataclass(frozen=True)
class SEANetConfig:
    """Geometry shared by encoder and decoder; the defaults are those of the published 32 kHz codec.

    Attributes:
        channels: audio channels.
        dimension: latent channels.
        n_filters: channels next to the audio, doubled at each stage.
        ratios: upsampling ratio of each decoder stage, in order; their product is the hop.
        n_residual_layers: residual blocks per stage; the dilation of block j is dilation_base ** j.
        kernel_size, last_kernel_size, residual_kernel_size: odd kernel lengths.
        compress: the residual blocks' bottleneck.
        lstm: LSTM layers (0 = none).
        true_skip: residual blocks add their input itself instead of a 1x1 convolution of it.
        causal: all convolutions causal.
        pad_mode: 'constant' or 'reflect'.
        trim_right_ratio: see `StreamableConvTranspose1d`.
    """

    channels: int = 1
    dimension: int = 128
    n_filters: int = 64
    ratios: tuple[int, ...] = (8, 5, 4, 4)
    n_residual_layers: int = 1
    kernel_size: int = 7
    last_kernel_size: int = 7
    residual_kernel_size: int = 3
    dilation_base: int = 2
    compress: int = 2
    lstm: int = 2
    true_skip: bool = True
    causal: bool = False
    pad_mode: PadMode = "constant"
    trim_right_ratio: float = 1.0


class Elu(nn.Module):
    """ELU, streamable."""

    def forward(self, x: Tensor) -> Tensor:
        return F.elu(x)

    def stream(self, x: Tensor, state: Any, last: bool) -> tuple[Tensor, Any]:
        """See `StreamLayer`."""
        return F.elu(x), None


class ResidualLstm(nn.Module):
    """x + LSTM(x) over time; runs forward only, so its state can be carried."""

    def __init__(self, dim: int, layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(dim, dim, layers)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, dim, n] to the same shape."""
        # always torch's own, whose rounding is that of other implementations: codes are then identical
        return x + cast(Tensor, self.lstm(x.permute(2, 0, 1))[0]).permute(1, 2, 0)

    def stream(self, x: Tensor, state: Any, last: bool) -> tuple[Tensor, Any]:
        """See `StreamLayer`."""
        if not x.shape[-1]:
            return x, state
        short = x.device.type == "cpu" and x.shape[-1] <= SHORT and not torch.is_grad_enabled()
        y, state = (self._step_by_step if short else self.lstm)(x.permute(2, 0, 1), state)
        return x + y.permute(1, 2, 0), state

    def _step_by_step(self, y: Tensor, state: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """As `nn.LSTM` does it, y [n, B, dim]."""
        if state is None:
            zeros = y.new_zeros(self.lstm.num_layers, y.shape[1], y.shape[2])
            state = (zeros, zeros)
        hiddens, cells = [], []
        for layer in range(self.lstm.num_layers):
            w_in, w_hidden, b_in, b_hidden = self.lstm.all_weights[layer]
            hidden, cell = state[0][layer], state[1][layer]
            outputs = []
            for gates in F.linear(y, w_in, b_in + b_hidden):
                take, keep, new, give = torch.addmm(gates, hidden, w_hidden.t()).chunk(4, 1)
                cell = keep.sigmoid() * cell + take.sigmoid() * new.tanh()
                hidden = give.sigmoid() * cell.tanh()
                outputs.append(hidden)
            y = torch.stack(outputs)
            hiddens.append(hidden)
            cells.append(cell)
        return y, (torch.stack(hiddens), torch.stack(cells))


class ResidualBlock(nn.Module):
    """ELU, dilated convolution to dim / compress, ELU, 1x1 back; plus the input or its 1x1 convolution."""

    def __init__(self, dim: int, dilation: int, config: SEANetConfig) -> None:
        super().__init__()
        hidden = dim // config.compress

        def conv(inside: int, outside: int, kernel: int, dilated: int = 1) -> StreamableConv1d:
            return StreamableConv1d(
                inside, outside, kernel, dilation=dilated, causal=config.causal, pad_mode=config.pad_mode
            )

        self.block = nn.Sequential(
            Elu(), conv(dim, hidden, config.residual_kernel_size, dilation), Elu(), conv(hidden, dim, 1)
        )
        self.shortcut = None if config.true_skip else conv(dim, dim, 1)

    def _skip(self, x: Tensor) -> Tensor:
        return x if self.shortcut is None else cast(Tensor, self.shortcut(x))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, dim, n] to the same shape."""
        return self._skip(x) + cast(Tensor, self.block(x))

    def stream(self, x: Tensor, state: Any, last: bool) -> tuple[Tensor, Any]:
        """See `StreamLayer`."""
        layers = [cast(StreamLayer, layer) for layer in self.block]
        return stream_residual(layers, self._skip, x, state, last)


def _residual_blocks(width: int, config: SEANetConfig) -> list[ResidualBlock]:
    return [ResidualBlock(width, config.dilation_base**j, config) for j in range(config.n_residual_layers)]


class SEANetEncoder(nn.Module):
    """Audio [B, channels, n] to latents [B, dimension, ceil(n / hop)]."""

    def __init__(self, config: SEANetConfig) -> None:
        super().__init__()
        causal, mode = config.causal, config.pad_mode
        width = config.n_filters
        layers: list[nn.Module] = [
            StreamableConv1d(config.channels, width, config.kernel_size, causal=causal, pad_mode=mode)
        ]
        for ratio in reversed(config.ratios):
            layers += _residual_blocks(width, config)
            layers += [
                Elu(),
                StreamableConv1d(width, 2 * width, 2 * ratio, ratio, causal=causal, pad_mode=mode),
            ]
            width *= 2
        if config.lstm:
            layers.append(ResidualLstm(width, config.lstm))
        layers += [
            Elu(),
            StreamableConv1d(width, config.dimension, config.last_kernel_size, causal=causal, pad_mode=mode),
        ]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.model(x))


class SEANetDecoder(nn.Module):
    """Latents [B, dimension, T] to audio [B, channels, T * hop]."""

    def __init__(self, config: SEANetConfig) -> None:
        super().__init__()
        causal, mode = config.causal, config.pad_mode
        width = config.n_filters * 2 ** len(config.ratios)
        layers: list[nn.Module] = [
            StreamableConv1d(config.dimension, width, config.kernel_size, causal=causal, pad_mode=mode)
        ]
        if config.lstm:
            layers.append(ResidualLstm(width, config.lstm))
        for ratio in config.ratios:
            layers += [
                Elu(),
                StreamableConvTranspose1d(
                    width, width // 2, 2 * ratio, ratio, causal, config.trim_right_ratio
                ),
            ]
            width //= 2
            layers += _residual_blocks(width, config)
        layers += [
            Elu(),
            StreamableConv1d(width, config.channels, config.last_kernel_size, causal=causal, pad_mode=mode),
        ]
        self.model = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.model(z))

    def layers(self) -> Sequence[StreamLayer]:
        """The layers in order, for `stream_stack`."""
        return [cast(StreamLayer, layer) for layer in self.model]
