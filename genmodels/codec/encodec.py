"""EnCodec (arXiv 2210.13438): SEANet around a residual vector quantizer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder, pad_to_frames
from genmodels.codec.quantize import QuantizedResult, ResidualVectorQuantizer
from genmodels.codec.seanet import SEANetConfig, SEANetDecoder, SEANetEncoder
from genmodels.codec.streaming import stream_stack


class EncodecModel(CompressionModel):
    """SEANet encoder, quantizer, SEANet decoder; parameter names are AudioCraft's.

    Args:
        seanet: geometry, see `SEANetConfig`; the product of its ratios is the hop.
        sample_rate: samples per second.
        n_q, bins: codebooks and entries per codebook.
        q_dropout: see `ResidualVectorQuantizer`.
        renormalize: divide by the loudness before encoding and return it as scale [B, 1].
    """

    def __init__(
        self,
        seanet: SEANetConfig,
        sample_rate: int = 32000,
        n_q: int = 4,
        bins: int = 2048,
        q_dropout: bool = False,
        renormalize: bool = False,
    ) -> None:
        super().__init__()
        self.config = seanet
        self.renormalize = renormalize
        self._sample_rate = sample_rate
        self._hop = math.prod(seanet.ratios)
        self.encoder = SEANetEncoder(seanet)
        self.decoder = SEANetDecoder(seanet)
        self.quantizer = ResidualVectorQuantizer(seanet.dimension, n_q, bins, q_dropout)
        self._lookahead: int | None = None

    @property
    def channels(self) -> int:
        return self.config.channels

    @property
    def sample_rate(self) -> int:
        return self._sample_rate

    @property
    def hop_length(self) -> int:
        return self._hop

    @property
    def cardinality(self) -> int:
        return self.quantizer.bins

    @property
    def num_codebooks(self) -> int:
        return self.quantizer.n_q

    @property
    def total_codebooks(self) -> int:
        return self.quantizer.total_codebooks

    def set_num_codebooks(self, n: int) -> None:
        self.quantizer.set_num_codebooks(n)

    def _normalized(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        if not self.renormalize:
            return x, None
        volume = x.mean(1, keepdim=True).square().mean(2, keepdim=True).sqrt() + 1e-8
        return x / volume, volume.view(-1, 1)

    def forward(self, x: Tensor, bypass: Tensor | None = None) -> tuple[Tensor, QuantizedResult]:
        """For training: audio [B, C, n] to (decoded audio of the same length, quantizer's result).

        Items where `bypass` [B] is true are decoded from their latents as they are (as in `SpectralCodec`).
        """
        self._check_audio(x)
        normal, scale = self._normalized(pad_to_frames(x, self._hop))
        latents = self.encoder(normal)
        quantized = self.quantizer(latents)
        chosen = quantized.x if bypass is None else torch.where(bypass[:, None, None], latents, quantized.x)
        y = self.decoder(chosen)
        y = y if scale is None else y * scale.view(-1, 1, 1)
        return y[..., : x.shape[-1]], quantized

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        self._check_audio(x)
        normal, scale = self._normalized(x)
        return self.quantizer.encode(self.encoder(normal)), scale

    def decode_latent(self, codes: Tensor) -> Tensor:
        self._check_codes(codes)
        return self.quantizer.decode(codes)

    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        y: Tensor = self.decoder(self.decode_latent(codes))
        return y if scale is None else y * scale.view(-1, 1, 1)

    @torch.no_grad()
    def lookahead_frames(self) -> int:
        """How many frames ahead the exact PCM of a frame depends on, found by feeding a stream."""
        if self._lookahead is None:
            zeros = next(self.parameters()).new_zeros(1, self.config.dimension, 1)
            states, samples, pushed = None, 0, 0
            while samples < self._hop:
                y, states = stream_stack(self.decoder.layers(), zeros, states, False)
                samples, pushed = samples + y.shape[-1], pushed + 1
            self._lookahead = pushed - 1
        return self._lookahead

    def streaming_decoder(self) -> StreamingDecoder:
        return EncodecStreamingDecoder(self)


@dataclass(frozen=True)
class _StreamState:
    """Layer states, samples decoded beyond the frames given out, and the batch size."""

    layers: tuple[Any, ...] | None
    pending: Tensor | None


class EncodecStreamingDecoder(StreamingDecoder):
    """Incremental decode of `EncodecModel`: carries the LSTM's state and the convolutions' context, so that a
    non-causal codec too streams exactly."""

    def __init__(self, codec: EncodecModel) -> None:
        self._codec = codec
        self.lookahead_frames = codec.lookahead_frames()
        self._state = _StreamState(None, None)

    def reset(self) -> None:
        self._state = _StreamState(None, None)

    def snapshot(self) -> _StreamState:
        return self._state

    def restore(self, state: _StreamState) -> None:
        self._state = state

    @torch.no_grad()
    def _feed(self, latents: Tensor, last: bool) -> Tensor:
        """Latents [B, D, n] in, all samples that are exact by now and not given out [B, C, m]."""
        y, layers = stream_stack(self._codec.decoder.layers(), latents, self._state.layers, last)
        pending = y if self._state.pending is None else torch.cat([self._state.pending, y], -1)
        self._state = _StreamState(layers, pending)
        return pending

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        latents = self._codec.decode_latent(codes)
        pending = self._feed(latents, False)
        whole = pending.shape[-1] // self._codec.hop_length * self._codec.hop_length
        self._state = _StreamState(self._state.layers, pending[..., whole:])
        return pending[..., :whole]

    @torch.no_grad()
    def flush(self) -> Tensor:
        batch = 1 if self._state.pending is None else self._state.pending.shape[0]
        empty = next(self._codec.parameters()).new_zeros(batch, self._codec.config.dimension, 0)
        return self._feed(empty, True)
