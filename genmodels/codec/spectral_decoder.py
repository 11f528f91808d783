"""Decoder of the spectral codec: ConvNeXt blocks, magnitude and phase, inverse STFT; whole or in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.convnext import KERNEL, SHORT, ConvNeXtBlock


@dataclass(frozen=True)
class DecoderState:
    """What the decoder carries between chunks; tensors in it are never written to.

    Attributes:
        latents: the last latents [B, KERNEL - 1, D] (channels last).
        contexts: for each block, its last inputs [B, KERNEL - 1, dim].
        overlap: the tail of the overlap-add that later frames still add to [B, n_fft - step].
        envelope: the window energy summed under that tail [n_fft - step], or one a stream [B, n_fft - step].
    """

    latents: Tensor
    contexts: tuple[Tensor, ...]
    overlap: Tensor
    envelope: Tensor

    @staticmethod
    def joined(states: Sequence[DecoderState]) -> DecoderState:
        """Streams of batch 1 as one batch."""
        return DecoderState(
            torch.cat([state.latents for state in states]),
            tuple(torch.cat(blocks) for blocks in zip(*(state.contexts for state in states), strict=True)),
            torch.cat([state.overlap for state in states]),
            torch.stack([state.envelope for state in states]),
        )

    def apart(self) -> list[DecoderState]:
        """The streams of `joined`; copies, so that none keeps the others' memory."""
        return [
            DecoderState(
                self.latents[i : i + 1].clone(),
                tuple(context[i : i + 1].clone() for context in self.contexts),
                self.overlap[i : i + 1].clone(),
                self.envelope[i].clone(),
            )
            for i in range(len(self.latents))
        ]


class SpectralDecoder(nn.Module):
    """Latents to audio, whole (`forward`) or in chunks (`step`)."""

    window: Tensor

    def __init__(
        self, hop: int, n_fft: int, splits: int, dim: int, hidden: int, blocks: int, latent: int
    ) -> None:
        super().__init__()
        self.hop, self.n_fft, self.splits = hop, n_fft, splits
        self.step_length = hop // splits
        self.latent, self.dim = latent, dim
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.input = nn.Conv1d(latent, dim, KERNEL)
        self.input_norm = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim, hidden, 1 / blocks) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, splits * (n_fft + 2))

    def start(self, batch: int) -> DecoderState:
        """The state before the first frame."""
        weight = self.input.weight
        tail = self.n_fft - self.step_length
        return DecoderState(
            weight.new_zeros(batch, KERNEL - 1, self.latent),
            tuple(weight.new_zeros(batch, KERNEL - 1, self.dim) for _ in self.blocks),
            weight.new_zeros(batch, tail),
            weight.new_zeros(tail),
        )

    def step(self, latents: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Feeds latents [B, n, D] (channels last) and returns (raw audio [B, n * hop], next state).

        The audio is late by `delay` samples: see `forward`, which cuts them off.
        """
        padded = torch.cat([state.latents, latents], 1)
        y = self.input_norm(self._input(padded, latents.shape[1]))
        contexts = []
        for block, context in zip(self.blocks, state.contexts, strict=True):
            wide = torch.cat([context.to(y.dtype), y], 1)
            contexts.append(wide[:, wide.shape[1] - KERNEL + 1 :])
            y = block(y, wide)
        pieces = self._pieces(self.output(self.norm(y)))
        audio, overlap, envelope = self._overlap_add(pieces, state)
        tail = padded[:, padded.shape[1] - KERNEL + 1 :]
        return audio, DecoderState(tail, tuple(contexts), overlap, envelope)

    def _input(self, padded: Tensor, length: int) -> Tensor:
        """The first convolution, [B, length + KERNEL - 1, D] to [B, length, dim]."""
        if self.training or length > SHORT:
            y: Tensor = self.input(padded.transpose(1, 2))
            return y.transpose(1, 2)
        windows = padded.unfold(1, KERNEL, 1).flatten(2)
        return F.linear(windows, self.input.weight.flatten(1), self.input.bias)

    def _pieces(self, y: Tensor) -> Tensor:
        """Head outputs [B, n, splits * (n_fft + 2)] to windowed time pieces [B, n * splits, n_fft]."""
        y = y.float().reshape(y.shape[0], -1, self.n_fft + 2)
        log_magnitude, phase = y.chunk(2, -1)
        spectrum = torch.polar(torch.exp(log_magnitude.clamp(max=7.0)), phase)
        pieces: Tensor = torch.fft.irfft(spectrum, self.n_fft) * self.window
        return pieces

    def _overlap_add(self, pieces: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, Tensor]:
        batch, count, _ = pieces.shape
        length = count * self.step_length
        total = length + self.n_fft - self.step_length
        audio = F.fold(
            pieces.transpose(1, 2), (1, total), kernel_size=(1, self.n_fft), stride=(1, self.step_length)
        ).view(batch, total)
        energy = self.window.pow(2)[None, :, None].expand(1, -1, count)
        envelope = F.fold(energy, (1, total), kernel_size=(1, self.n_fft), stride=(1, self.step_length)).view(
            total
        )
        tail = self.n_fft - self.step_length
        audio = audio + F.pad(state.overlap, (0, total - tail))
        envelope = envelope + F.pad(state.envelope, (0, total - tail))
        exact = audio[:, :length] / envelope[..., :length].clamp(min=1e-2)
        return exact, audio[:, length:], envelope[..., length:]

    @property
    def window_delay(self) -> int:
        """Samples by which the first piece reaches back before its frame."""
        return (self.n_fft - self.step_length) // 2

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, D, T] to audio [B, 1, T * hop]."""
        rows = latents.transpose(1, 2)
        # one frame of zeros for the look-ahead of the first convolution, whose output is dropped below
        rows = F.pad(rows, (0, 0, 0, 1))
        state = self.start(rows.shape[0])
        audio, state = self.step(rows[:, 1:], self.prime(rows[:, :1], state))
        tail = state.overlap / state.envelope.clamp(min=1e-2)
        whole = torch.cat([audio, tail], 1)
        length = latents.shape[2] * self.hop
        return whole[:, None, self.window_delay : self.window_delay + length]

    def prime(self, first: Tensor, state: DecoderState) -> DecoderState:
        """Feeds the stream's first row [B, 1, D], whose output lies before the start and must not sound."""
        latents = torch.cat([state.latents, first], 1)[:, 1:]
        return DecoderState(latents, state.contexts, state.overlap, state.envelope)
