"""Stereo from a mono codec: left and right encoded separately, their codes interleaved (as MusicGen's stereo
models do, arXiv 2306.05284)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder
from genmodels.errors import ConfigError


class InterleaveStereoCodec(CompressionModel):
    """A stereo codec out of a mono one.

    The codes of both channels are interleaved, left first: by codebooks, [1L, 1R, 2L, 2R, ...] with twice as
    many codebooks, or by time, frames L, R, L, R, ... with twice the frame rate and half the hop.

    Numbers of codebooks count the interleaved ones everywhere (AudioCraft's setter and total count the inner
    ones, its getter the interleaved ones), and each channel has its own column in the scale (AudioCraft takes
    the first two items of the batch for them).

    Args:
        inner: mono codec.
        per_timestep: interleave by time instead of by codebooks.

    Raises:
        ConfigError: inner is not mono, or its hop is odd and per_timestep is asked for.
    """

    def __init__(self, inner: CompressionModel, per_timestep: bool = False) -> None:
        if inner.channels != 1:
            raise ConfigError(f"inner codec of a stereo codec has {inner.channels} channels, must have 1")
        if per_timestep and inner.hop_length % 2:
            raise ConfigError(f"per_timestep: the inner codec's hop of {inner.hop_length} cannot be halved")
        self._fold = 1 if per_timestep else 2
        super().__init__(
            channels=2,
            sample_rate=inner.sample_rate,
            hop_length=inner.hop_length // 2 if per_timestep else inner.hop_length,
            cardinality=inner.cardinality,
            total_codebooks=self._fold * inner.total_codebooks,
        )
        self.inner = inner
        self.per_timestep = per_timestep
        self._num_codebooks = self._fold * inner.num_codebooks

    def set_num_codebooks(self, n: int) -> None:
        """Uses the first n interleaved codebooks from now on.

        Raises:
            ConfigError: n is outside 1..total_codebooks, or odd where codebooks are interleaved.
        """
        if n % self._fold:
            raise ConfigError(
                f"number of codebooks: {n} is odd, but each belongs to a pair of left and right"
            )
        super().set_num_codebooks(n)
        self.inner.set_num_codebooks(n // self._fold)

    def interleave(self, left: Tensor, right: Tensor) -> Tensor:
        """Codes of either channel [B, k, t] to interleaved codes [B, K, T]."""
        if self.per_timestep:
            return torch.stack([left, right], 3).flatten(2)
        return torch.stack([left, right], 2).flatten(1, 2)

    def separate(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Interleaved codes [B, K, T] to those of left and right [B, k, t].

        Raises:
            ConfigError: codes of another shape, or half a pair at the end.
        """
        self._check_codes(codes)
        length = codes.shape[2] if self.per_timestep else codes.shape[1]
        if length % 2:
            raise ConfigError(
                f"interleaved codes of shape {tuple(codes.shape)}: {length} is odd, but they come in pairs"
            )
        if self.per_timestep:
            return codes[:, :, ::2], codes[:, :, 1::2]
        return codes[:, ::2], codes[:, 1::2]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Audio [B, 2, N] to (interleaved codes, scale); the scale, if the inner codec has one, is [B, 2]."""
        self._check_audio(x)
        left, left_scale = self.inner.encode(x[:, :1])
        right, right_scale = self.inner.encode(x[:, 1:])
        scale = None
        if left_scale is not None and right_scale is not None:
            scale = torch.cat([left_scale, right_scale], 1)
        return self.interleave(left, right), scale

    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        """Interleaved codes [B, K, T] and scale [B, 2] or None to audio [B, 2, T * hop]."""
        left, right = self.separate(codes)
        if scale is None:
            scales: tuple[Tensor | None, ...] = (None, None)
        elif scale.dim() == 2 and len(scale) == len(codes) and scale.shape[1] % 2 == 0:
            scales = scale.chunk(2, 1)
        else:
            raise ConfigError(
                f"scale of shape {tuple(scale.shape)}: expected [{len(codes)}, 2], left and right"
            )
        return torch.cat([self.inner.decode(left, scales[0]), self.inner.decode(right, scales[1])], 1)

    def decode_latent(self, codes: Tensor) -> Tensor:
        """Interleaved codes [B, K, T] to [B, 2 * D, T], left above right; interleaved by time, [B, D, T]."""
        left, right = (self.inner.decode_latent(part) for part in self.separate(codes))
        if self.per_timestep:
            return torch.stack([left, right], 3).flatten(2)
        return torch.cat([left, right], 1)

    def streaming_decoder(self) -> StreamingDecoder:
        return StereoStreamingDecoder(self)


@dataclass(frozen=True)
class _StreamState:
    """The inner decoder's state, and a left frame [B, K, 1] (or none) whose right one has not come yet."""

    inner: Any
    waiting: Tensor | None


class StereoStreamingDecoder(StreamingDecoder):
    """Incremental decode of `InterleaveStereoCodec`: both channels are one batch of the inner decoder."""

    def __init__(self, codec: InterleaveStereoCodec) -> None:
        self._codec = codec
        self._decoder = codec.inner.streaming_decoder()
        inner = self._decoder.lookahead_frames
        self.lookahead_frames = 2 * inner + 1 if codec.per_timestep else inner
        self._waiting: Tensor | None = None

    def reset(self) -> None:
        self._decoder.reset()
        self._waiting = None

    def snapshot(self) -> _StreamState:
        return _StreamState(self._decoder.snapshot(), self._waiting)

    def restore(self, state: _StreamState) -> None:
        self._decoder.restore(state.inner)
        self._waiting = state.waiting

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        if self._codec.per_timestep:
            if self._waiting is not None:
                codes = torch.cat([self._waiting, codes], 2)
            paired = codes.shape[2] // 2 * 2
            self._waiting = codes[:, :, paired:].clone()
            codes = codes[:, :, :paired]
        return self._stereo(self._decoder.push(torch.cat(self._codec.separate(codes))))

    @torch.no_grad()
    def flush(self) -> Tensor:
        """See `StreamingDecoder`. Raises ConfigError if the last frame lacks its right half."""
        if self._waiting is not None and self._waiting.shape[2]:
            raise ConfigError("stereo stream: it ends with a left frame whose right one is missing")
        owed = self._decoder.flush()
        # a stream that never began owes one empty row, not a pair
        return owed.new_zeros(1, 2, 0) if len(owed) % 2 else self._stereo(owed)

    @staticmethod
    def _stereo(audio: Tensor) -> Tensor:
        return torch.stack(audio[:, 0].chunk(2), 1)
