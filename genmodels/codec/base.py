"""The interface of every audio codec of this package: audio to tokens and back, whole or streamed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.errors import ConfigError


class StreamingDecoder(ABC):
    """Decodes frame by frame; all pushes joined, and the flush, equal one `CompressionModel.decode`.

    Attributes:
        lookahead_frames: PCM of frame f can be given out once frame f + lookahead_frames has been pushed.
    """

    lookahead_frames: int

    @abstractmethod
    def push(self, codes: Tensor) -> Tensor:
        """Takes codes [B, K, n] and returns the PCM [B, C, m * hop] that has become exact (m may be 0)."""

    @abstractmethod
    def flush(self) -> Tensor:
        """Ends the stream: returns the PCM still owed [B, C, m * hop]; `reset` or `restore` may follow."""

    @abstractmethod
    def snapshot(self) -> Any:
        """The whole stream state at this moment; later pushes do not change it."""

    @abstractmethod
    def restore(self, state: Any) -> None:
        """Goes back to a state that `snapshot` returned."""

    @abstractmethod
    def reset(self) -> None:
        """Starts a new stream."""


class CompressionModel(nn.Module, ABC):
    """Audio to discrete codes and back (the interface of AudioCraft's `CompressionModel`).

    Shapes: audio [B, channels, samples], codes int64 [B, K, T] with values in [0, cardinality).
    """

    @property
    @abstractmethod
    def channels(self) -> int:
        """Audio channels."""

    @property
    @abstractmethod
    def sample_rate(self) -> int:
        """Samples per second."""

    @property
    @abstractmethod
    def hop_length(self) -> int:
        """Samples per frame of codes."""

    @property
    def frame_rate(self) -> float:
        """Frames of codes per second."""
        return self.sample_rate / self.hop_length

    @property
    @abstractmethod
    def cardinality(self) -> int:
        """Entries per codebook."""

    @property
    @abstractmethod
    def num_codebooks(self) -> int:
        """Codebooks in use."""

    @property
    @abstractmethod
    def total_codebooks(self) -> int:
        """Codebooks that exist."""

    @abstractmethod
    def set_num_codebooks(self, n: int) -> None:
        """Uses the first n codebooks from now on. Raises ConfigError unless 1 <= n <= total_codebooks."""

    @abstractmethod
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Audio [B, C, N] to (codes [B, K, ceil(N / hop)], scale [B, 1] or None)."""

    @abstractmethod
    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        """Codes [B, K, T] to audio [B, C, T * hop], scaled back if the codec renormalises."""

    @abstractmethod
    def decode_latent(self, codes: Tensor) -> Tensor:
        """Codes [B, K, T] to the quantized latents [B, D, T]."""

    @abstractmethod
    def streaming_decoder(self) -> StreamingDecoder:
        """A new incremental decoder over this model's weights (no gradient)."""

    def _check_codebooks(self, n: int) -> None:
        if not 1 <= n <= self.total_codebooks:
            raise ConfigError(f"number of codebooks: {n} is outside 1..{self.total_codebooks}")

    def _check_audio(self, x: Tensor) -> None:
        if x.dim() != 3 or x.shape[1] != self.channels:
            raise ConfigError(
                f"audio of shape {tuple(x.shape)}: this codec takes [batch, {self.channels}, samples]"
            )

    def _check_codes(self, codes: Tensor) -> None:
        if codes.dim() != 3 or not 1 <= codes.shape[1] <= self.total_codebooks:
            raise ConfigError(
                f"codes of shape {tuple(codes.shape)}: expected [batch, 1..{self.total_codebooks}, frames]"
            )


def pad_to_frames(x: Tensor, hop: int) -> Tensor:
    """Pads audio [B, C, N] with zeros at the end to a whole number of frames of `hop` samples."""
    extra = -x.shape[-1] % hop
    return torch.nn.functional.pad(x, (0, extra)) if extra else x
