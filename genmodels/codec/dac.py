"""The Descript audio codec (arXiv 2306.06546) through Transformers, with an exact incremental decode."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder, pad_to_frames
from genmodels.codec.layer_decoder import LayerStreamingDecoder, measure_lookahead
from genmodels.codec.streaming import ConvStream, StreamLayer, TransposeStream, stream_residual
from genmodels.codec.transformers_config import codec_model
from genmodels.errors import ConfigError


class DacCodec(CompressionModel):
    """Wraps a Transformers DacModel (44.1, 24 or 16 kHz, mono); results are its own.

    Where a ratio is odd (24 and 16 kHz), DAC's decoder makes a few samples less than a hop for each frame;
    `decode` fills them with zeros at the end, so that T frames are T * hop samples here as for every codec.

    Args:
        model: Transformers' DacModel; it is put in evaluation mode.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        super().__init__(
            channels=1,
            sample_rate=config.sampling_rate,
            # the configuration may state another hop than its ratios make
            hop_length=math.prod(config.downsampling_ratios),
            cardinality=config.codebook_size,
            total_codebooks=config.n_codebooks,
        )
        self.model = model.eval()
        self._lookahead: int | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DacCodec:
        """With random weights, from the fields of Transformers' DacConfig.

        Raises:
            ConfigError: a field has an impossible value.
        """
        return cls(codec_model("Dac", config))

    @torch.no_grad()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Audio [B, 1, N], with zeros at the end to whole frames, to (codes [B, num_codebooks, T], None)."""
        self._check_audio(x)
        padded = pad_to_frames(x, self.hop_length)
        codes: Tensor = self.model.encode(padded, self.num_codebooks, return_dict=False)[2]
        return codes, None

    @torch.no_grad()
    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        """Codes [B, K, T] to audio [B, 1, T * hop]; DAC has no scale."""
        if scale is not None:
            raise ConfigError("scale: DAC does not renormalise, give None")
        self._check_frames(codes)
        audio: Tensor = self.model.decoder(self.decode_latent(codes))
        return F.pad(audio, (0, codes.shape[2] * self.hop_length - audio.shape[-1]))

    @torch.no_grad()
    def decode_latent(self, codes: Tensor) -> Tensor:
        self._check_codes(codes)
        if not codes.shape[2]:
            return next(self.parameters()).new_zeros(len(codes), self.model.config.hidden_size, 0)
        latents: Tensor = self.model.quantizer.from_codes(codes)[0]
        return latents

    def streaming_decoder(self) -> StreamingDecoder:
        layers = decoder_layers(self.model.decoder)
        silence = next(self.parameters()).new_zeros(1, self.model.config.hidden_size, 1)
        if self._lookahead is None:
            self._lookahead = measure_lookahead(layers, silence, self.hop_length)
        return LayerStreamingDecoder(self, layers, silence, self._lookahead)


@dataclass(frozen=True)
class Pointwise:
    """A map of single samples as a `StreamLayer`."""

    function: Callable[[Tensor], Tensor]

    def stream(self, x: Tensor, state: None, last: bool) -> tuple[Tensor, None]:
        """See `StreamLayer`."""
        return (self.function(x) if x.shape[-1] else x), None


@dataclass(frozen=True)
class ResidualUnit:
    """DAC's residual unit as a `StreamLayer`."""

    layers: tuple[StreamLayer, ...]

    def stream(self, x: Tensor, state: Any, last: bool) -> tuple[Tensor, Any]:
        """See `StreamLayer`."""
        return stream_residual(self.layers, lambda part: part, x, state, last)


def decoder_layers(decoder: Any) -> list[StreamLayer]:
    """The layers of a Transformers DacDecoder in the order in which it applies them.

    It is made of convolutions and maps of single samples only, so that carrying each convolution's context
    makes the stream exact.
    """
    layers: list[StreamLayer] = [_convolution(decoder.conv1)]
    for block in decoder.block:
        layers += [Pointwise(block.snake1), _transposed(block.conv_t1)]
        layers += [_residual(unit) for unit in (block.res_unit1, block.res_unit2, block.res_unit3)]
    return [*layers, Pointwise(decoder.snake1), _convolution(decoder.conv2), Pointwise(torch.tanh)]


def _convolution(conv: torch.nn.Conv1d) -> ConvStream:
    left = int(conv.padding[0])
    right = conv.dilation[0] * (conv.kernel_size[0] - 1) - left

    def convolve(x: Tensor) -> Tensor:
        return F.conv1d(x, conv.weight, conv.bias, dilation=conv.dilation)

    return ConvStream(convolve, conv.out_channels, left, right)


def _transposed(conv: torch.nn.ConvTranspose1d) -> TransposeStream:
    stride, cut = conv.stride[0], int(conv.padding[0])
    assert conv.bias is not None

    def convolve(x: Tensor) -> Tensor:
        return F.conv_transpose1d(x, conv.weight, conv.bias, stride)

    return TransposeStream(convolve, conv.bias, stride, conv.kernel_size[0] - stride, cut, cut)


def _residual(unit: Any) -> ResidualUnit:
    first, second = _convolution(unit.conv1), _convolution(unit.conv2)
    return ResidualUnit((Pointwise(unit.snake1), first, Pointwise(unit.snake2), second))
