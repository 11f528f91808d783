"""EnCodec as Transformers computes it, for what `EncodecModel` cannot be: the 48 kHz stereo model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder
from genmodels.codec.transformers_config import codec_model
from genmodels.errors import ConfigError


class TransformersCodec(CompressionModel):
    """Wraps a Transformers EncodecModel; results are its own.

    The 48 kHz model works on chunks of 1 s that overlap by 1 % and are normalised one by one. The frames of
    all chunks stand one after the other in the codes, chunk_frames (150) for each but the last, and the scale
    has a column for each chunk. Hence, for such models, T frames of codes are `samples(T)` samples of audio,
    a little less than T * hop, and `encode` returns some frames more than ceil(N / hop).

    Any number of codebooks may be used, not only those of the published bandwidths.

    Args:
        model: Transformers' EncodecModel; it is put in evaluation mode.

    Attributes:
        chunk_frames: frames of a whole chunk, or None for a model without chunks.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        super().__init__(
            channels=config.audio_channels,
            sample_rate=config.sampling_rate,
            hop_length=config.hop_length,
            cardinality=config.codebook_size,
            total_codebooks=config.num_quantizers,
        )
        self.model = model.eval()
        self._chunk, self._stride = config.chunk_length, config.chunk_stride
        self.chunk_frames = None if self._chunk is None else math.ceil(self._chunk / config.hop_length)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TransformersCodec:
        """With random weights, from the fields of Transformers' EncodecConfig.

        Raises:
            ConfigError: a field has an impossible value.
        """
        return cls(codec_model("Encodec", config))

    def samples(self, frames: int) -> int:
        """Samples per channel that `decode` makes of so many frames (> 0)."""
        if self.chunk_frames is None:
            return frames * self.hop_length
        chunks = self._chunk_lengths(frames)
        return int((len(chunks) - 1) * self._stride + chunks[-1] * self.hop_length)

    def _chunk_lengths(self, frames: int) -> list[int]:
        """Frames of each chunk that is decoded; a last one that lies within the overlap is not, because
        Transformers' overlap-add fails on it."""
        whole = self.chunk_frames or max(1, frames)
        rest = frames % whole
        lengths = [whole] * (frames // whole)
        if rest and (not lengths or rest * self.hop_length > self._chunk - self._stride):
            lengths.append(rest)
        return lengths

    def _padded(self, x: Tensor) -> Tensor:
        """Audio with zeros at the end to whole chunks, as Transformers' feature extractor pads."""
        if self._chunk is None:
            return x
        chunks = max(1, math.ceil(x.shape[-1] / self._stride))
        return F.pad(x, (0, (chunks - 1) * self._stride + self._chunk - x.shape[-1]))

    @torch.no_grad()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Audio [B, C, N] to (codes [B, num_codebooks, T], scale [B, chunks] or None)."""
        self._check_audio(x)
        codes, scales, surplus = self.model.encode(
            self._padded(x), bandwidth=self.model.config.target_bandwidths[-1], return_dict=False
        )
        joined = torch.cat(list(codes), -1)
        # the chunks were padded to a common length; the first codebooks do not depend on how many follow
        joined = joined[:, : self.num_codebooks, : joined.shape[-1] - surplus]
        return joined, None if scales[0] is None else torch.cat(list(scales), 1)

    @torch.no_grad()
    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        """Codes [B, K, T] to audio [B, C, samples(T)].

        Raises:
            ConfigError: codes of another shape, or a scale that is not [B, chunks].
        """
        self._check_frames(codes)
        lengths = self._chunk_lengths(codes.shape[2])
        chunks = torch.split(codes[..., : sum(lengths)], lengths, -1)
        scales: list[Tensor | None] = [None] * len(chunks)
        if scale is not None:
            if scale.shape != (len(codes), len(chunks)):
                raise ConfigError(
                    f"scale of shape {tuple(scale.shape)}: expected {(len(codes), len(chunks))}, by chunk"
                )
            scales = list(scale.unbind(1))
        audio: Tensor = self.model.decode(chunks, scales, return_dict=False)[0]
        return audio

    @torch.no_grad()
    def decode_latent(self, codes: Tensor) -> Tensor:
        self._check_codes(codes)
        latents: Tensor = self.model.quantizer.decode(codes.transpose(0, 1))
        return latents

    def streaming_decoder(self) -> StreamingDecoder:
        """Always raises ConfigError: see the message for why."""
        config = self.model.config
        if config.norm_type == "weight_norm" and config.chunk_length is None:
            raise ConfigError(
                "TransformersCodec decodes in one piece; encodec_from_transformers makes a codec of the same "
                "weights that streams"
            )
        raise ConfigError(
            f"EnCodec with norm_type {config.norm_type!r} and chunk_length_s {config.chunk_length_s} cannot "
            "be decoded frame by frame: every sample depends on its whole chunk. Use the 32 kHz or 24 kHz "
            "codec for streaming"
        )
