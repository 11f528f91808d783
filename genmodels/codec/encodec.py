"""EnCodec (arXiv 2210.13438): SEANet around a residual vector quantizer."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder, pad_to_frames, rescale
from genmodels.codec.layer_decoder import LayerStreamingDecoder, measure_lookahead
from genmodels.codec.quantize import QuantizedResult, ResidualVectorQuantizer
from genmodels.codec.seanet import SEANetConfig, SEANetDecoder, SEANetEncoder


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
        super().__init__(
            channels=seanet.channels,
            sample_rate=sample_rate,
            hop_length=math.prod(seanet.ratios),
            cardinality=bins,
            total_codebooks=n_q,
        )
        self.config = seanet
        self.renormalize = renormalize
        self.encoder = SEANetEncoder(seanet)
        self.decoder = SEANetDecoder(seanet)
        self.quantizer = ResidualVectorQuantizer(seanet.dimension, n_q, bins, q_dropout)
        self._lookahead: int | None = None

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
        normal, scale = self._normalized(pad_to_frames(x, self.hop_length))
        latents = self.encoder(normal)
        quantized = self.quantizer(latents, self.num_codebooks)
        chosen = quantized.x if bypass is None else torch.where(bypass[:, None, None], latents, quantized.x)
        y = rescale(self.decoder(chosen), scale)
        return y[..., : x.shape[-1]], quantized

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        self._check_audio(x)
        normal, scale = self._normalized(x)
        return self.quantizer.encode(self.encoder(normal), self.num_codebooks), scale

    def decode_latent(self, codes: Tensor) -> Tensor:
        self._check_codes(codes)
        return self.quantizer.decode(codes)

    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        self._check_frames(codes)
        return rescale(self.decoder(self.decode_latent(codes)), scale)

    def streaming_decoder(self) -> StreamingDecoder:
        """A new incremental decoder, see `LayerStreamingDecoder`.

        The LSTM runs forward only, so that carrying its state and the convolutions' context makes non-causal
        codecs stream exactly too. Parameters are used as they are at each push; `fold_weights` makes it
        faster.
        """
        layers = self.decoder.layers()
        silence = next(self.parameters()).new_zeros(1, self.config.dimension, 1)
        if self._lookahead is None:
            self._lookahead = measure_lookahead(layers, silence, self.hop_length)
        return LayerStreamingDecoder(self, layers, silence, self._lookahead)
