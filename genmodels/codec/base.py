"""The interface of every audio codec of this package: audio to tokens and back, whole or streamed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.codec.weight_norm import fold_weight_norm
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

    @property
    def batch_key(self) -> object:
        """Streams with the same key (not None) can be pushed in one batch; None where this one cannot."""
        return None

    def push_batch(self, others: Sequence[StreamingDecoder], codes: Tensor) -> list[Tensor]:
        """Pushes chunks of the same length into this stream and others, reading the weights once if it can.

        Args:
            others: of this `batch_key`.
            codes: [1 + number of others, K, n], one chunk a stream.
        Returns:
            what `push` returns for each [1, C, m * hop], to rounding.
        """
        return [stream.push(chunk[None]) for stream, chunk in zip((self, *others), codes, strict=True)]

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

    def begin(self, frame: int) -> None:
        """Starts a new stream whose first frame is number `frame` of a longer one: of a codec whose sound
        depends on the place, it sounds as it does there."""
        self.reset()


class CompressionModel(nn.Module, ABC):
    """Audio to discrete codes and back (the interface of AudioCraft's `CompressionModel`).

    Shapes: audio [B, channels, samples], nominally within -1..1; codes int64 [B, K, T] with values in
    [0, cardinality). Codecs are used in evaluation mode, and under `torch.no_grad` unless they are trained.

    Args:
        channels: audio channels.
        sample_rate: samples per second.
        hop_length: samples per frame of codes.
        cardinality: entries per codebook.
        total_codebooks: codebooks that exist; all are in use until `set_num_codebooks`.
    """

    def __init__(
        self, *, channels: int, sample_rate: int, hop_length: int, cardinality: int, total_codebooks: int
    ) -> None:
        super().__init__()
        self._channels, self._sample_rate, self._hop = channels, sample_rate, hop_length
        self._cardinality = cardinality
        self._total_codebooks = self._num_codebooks = total_codebooks

    @property
    def channels(self) -> int:
        """Audio channels."""
        return self._channels

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return self._sample_rate

    @property
    def hop_length(self) -> int:
        """Samples per frame of codes."""
        return self._hop

    @property
    def frame_rate(self) -> float:
        """Frames of codes per second."""
        return self.sample_rate / self.hop_length

    @property
    def cardinality(self) -> int:
        """Entries per codebook."""
        return self._cardinality

    @property
    def num_codebooks(self) -> int:
        """Codebooks in use: what `encode` returns."""
        return self._num_codebooks

    @property
    def total_codebooks(self) -> int:
        """Codebooks that exist."""
        return self._total_codebooks

    def set_num_codebooks(self, n: int) -> None:
        """Uses the first n codebooks from now on: fewer bits, less detail.

        `decode` takes any number of codebooks from 1 to `total_codebooks` at any time.

        Raises:
            ConfigError: n is outside 1..total_codebooks.
        """
        if not 1 <= n <= self.total_codebooks:
            raise ConfigError(f"number of codebooks: {n} is outside 1..{self.total_codebooks}")
        self._num_codebooks = n

    @abstractmethod
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Audio [B, C, N >= 1] to (codes [B, num_codebooks, ceil(N / hop)], scale).

        The scale is None unless the codec renormalises; then it is the loudness [B, 1] that was divided out.

        Raises:
            ConfigError: x is not of this shape.
        """

    @abstractmethod
    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        """Codes [B, K, T >= 1] to audio [B, C, T * hop], multiplied by `scale` if given.

        Raises:
            ConfigError: codes or scale are of another shape.
        """

    @abstractmethod
    def decode_latent(self, codes: Tensor) -> Tensor:
        """Codes [B, K, T] to the quantized latents [B, D, T] that the decoder hears.

        Raises:
            ConfigError: codes are of another shape.
        """

    @abstractmethod
    def streaming_decoder(self) -> StreamingDecoder:
        """A new incremental decoder over this model's weights (no gradient, no scale).

        Raises:
            ConfigError: the architecture cannot be decoded incrementally without changing its result.
        """

    def fold_weights(self) -> None:
        """Computes weight normalisation once instead of at every call, for inference only.

        Results stay, to rounding. Afterwards the model cannot be trained, and its state dict has `weight` in
        the place of `weight_g` and `weight_v`.
        """
        fold_weight_norm(self)

    def _check_audio(self, x: Tensor) -> None:
        if x.dim() != 3 or x.shape[1] != self.channels:
            raise ConfigError(
                f"audio of shape {tuple(x.shape)}: this codec takes [batch, {self.channels}, samples]"
            )
        if not x.numel():
            raise ConfigError(f"audio of shape {tuple(x.shape)}: give at least one sample")

    def _check_codes(self, codes: Tensor) -> None:
        if codes.dim() != 3 or not 1 <= codes.shape[1] <= self.total_codebooks:
            raise ConfigError(
                f"codes of shape {tuple(codes.shape)}: expected [batch, 1..{self.total_codebooks}, frames]"
            )
        if codes.is_floating_point():
            raise ConfigError(f"codes are {codes.dtype}: expected integers")

    def _check_frames(self, codes: Tensor) -> None:
        """As `_check_codes`, for those who cannot do with no frames."""
        self._check_codes(codes)
        if not codes.numel():
            raise ConfigError(f"codes of shape {tuple(codes.shape)}: give at least one frame")


def pad_to_frames(x: Tensor, hop: int) -> Tensor:
    """Pads audio [B, C, N] with zeros at the end to a whole number of frames of `hop` samples."""
    extra = -x.shape[-1] % hop
    return torch.nn.functional.pad(x, (0, extra)) if extra else x


def rescale(audio: Tensor, scale: Tensor | None) -> Tensor:
    """Audio [B, C, N] times scale [B, 1] (None: as it is).

    Raises:
        ConfigError: the scale does not have one value per item.
    """
    if scale is None:
        return audio
    if scale.numel() != len(audio):
        raise ConfigError(
            f"scale of shape {tuple(scale.shape)}: expected [{len(audio)}, 1], a value per item of the batch"
        )
    return audio * scale.view(-1, 1, 1)
