"""Decoder of the spectral codec: ConvNeXt blocks, synthesis, overlap-add; whole or in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.convnext import KERNEL, SHORT, ConvNeXtBlock
from genmodels.codec.synthesis import InverseStft, TonesAndNoise

LONG = 360_000
"""Pieces of a stream that has lasted an hour, with two pieces a frame of 20 ms."""


@dataclass(frozen=True)
class DecoderState:
    """What the decoder carries between chunks; tensors in it are never written to.

    Attributes:
        latents: the last latents [B, KERNEL - 1, D] (channels last).
        contexts: for each block, its last inputs [B, KERNEL - 1, dim].
        overlap: the tail of the overlap-add that later frames still add to [B, length - step].
        envelope: the energy summed under that tail [length - step], or one a stream [B, length - step].
        pieces: how many pieces each stream has had [B], int64.
    """

    latents: Tensor
    contexts: tuple[Tensor, ...]
    overlap: Tensor
    envelope: Tensor
    pieces: Tensor

    @staticmethod
    def joined(states: Sequence[DecoderState]) -> DecoderState:
        """Streams of batch 1 as one batch."""
        return DecoderState(
            torch.cat([state.latents for state in states]),
            tuple(torch.cat(blocks) for blocks in zip(*(state.contexts for state in states), strict=True)),
            torch.cat([state.overlap for state in states]),
            torch.stack([state.envelope for state in states]),
            torch.cat([state.pieces for state in states]),
        )

    def apart(self) -> list[DecoderState]:
        """The streams of `joined`; copies, so that none keeps the others' memory."""
        return [
            DecoderState(
                self.latents[i : i + 1].clone(),
                tuple(context[i : i + 1].clone() for context in self.contexts),
                self.overlap[i : i + 1].clone(),
                self.envelope[i].clone(),
                self.pieces[i : i + 1].clone(),
            )
            for i in range(len(self.latents))
        ]


class SpectralDecoder(nn.Module):
    """Latents to audio, whole (`forward`) or in chunks (`step`)."""

    def __init__(
        self,
        hop: int,
        splits: int,
        dim: int,
        hidden: int,
        blocks: int,
        latent: int,
        synthesis: InverseStft | TonesAndNoise,
    ) -> None:
        super().__init__()
        self.hop, self.splits = hop, splits
        self.step_length = hop // splits
        self.latent, self.dim = latent, dim
        self.input = nn.Conv1d(latent, dim, KERNEL)
        self.input_norm = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim, hidden, 1 / blocks) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, splits * synthesis.features)
        self.synthesis = synthesis
        synthesis.start(self.output.bias)

    @property
    def tail(self) -> int:
        """Samples of a piece that the next one overlaps."""
        return len(self.synthesis.energy) - self.step_length

    def start(self, batch: int, frame: int = 0) -> DecoderState:
        """The state before the first frame, which is number `frame` of a longer stream.

        In training it is that of streams which have lasted for different times, so that nothing is learned
        from how the oscillators stand to each other in the first second.
        """
        weight = self.input.weight
        had = torch.full((batch,), frame * self.splits, dtype=torch.int64, device=weight.device)
        if self.training:
            had.random_(LONG)
        return DecoderState(
            weight.new_zeros(batch, KERNEL - 1, self.latent),
            tuple(weight.new_zeros(batch, KERNEL - 1, self.dim) for _ in self.blocks),
            weight.new_zeros(batch, self.tail),
            weight.new_zeros(self.tail),
            had,
        )

    def step(self, latents: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Feeds latents [B, n, D] (channels last) and returns (raw audio [B, n * hop], next state).

        The audio is late by `delay` samples: see `forward`, which cuts them off.
        """
        y, latents, contexts = self._features(latents, state)
        pieces = self.synthesis(y, state.pieces)
        audio, overlap, envelope = self._overlap_add(pieces, state)
        had = state.pieces + pieces.shape[1]
        return audio, DecoderState(latents, contexts, overlap, envelope, had)

    def _features(self, latents: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """What the synthesis makes pieces of [B, n * splits, features], and the contexts that the next chunk
        needs: latents, and inputs of the blocks."""
        padded = torch.cat([state.latents, latents], 1)
        y = self.input_norm(self._input(padded, latents.shape[1]))
        contexts = []
        for block, context in zip(self.blocks, state.contexts, strict=True):
            wide = torch.cat([context.to(y.dtype), y], 1)
            contexts.append(wide[:, wide.shape[1] - KERNEL + 1 :])
            y = block(y, wide)
        features = self.output(self.norm(y)).float().reshape(y.shape[0], -1, self.synthesis.features)
        return features, padded[:, padded.shape[1] - KERNEL + 1 :], tuple(contexts)

    def _input(self, padded: Tensor, length: int) -> Tensor:
        """The first convolution, [B, length + KERNEL - 1, D] to [B, length, dim]."""
        if self.training or length > SHORT:
            y: Tensor = self.input(padded.transpose(1, 2))
            return y.transpose(1, 2)
        windows = padded.unfold(1, KERNEL, 1).flatten(2)
        return F.linear(windows, self.input.weight.flatten(1), self.input.bias)

    def _overlap_add(self, pieces: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, Tensor]:
        batch, count, size = pieces.shape
        length = count * self.step_length
        total = length + self.tail
        stride = (1, self.step_length)
        audio = F.fold(pieces.transpose(1, 2), (1, total), kernel_size=(1, size), stride=stride)
        energy = self.synthesis.energy[None, :, None].expand(1, -1, count)
        envelope = F.fold(energy, (1, total), kernel_size=(1, size), stride=stride).view(total)
        audio = audio.view(batch, total) + F.pad(state.overlap, (0, total - self.tail))
        envelope = envelope + F.pad(state.envelope, (0, total - self.tail))
        exact = audio[:, :length] / envelope[..., :length].clamp(min=1e-2)
        return exact, audio[:, length:], envelope[..., length:]

    @property
    def window_delay(self) -> int:
        """Samples by which the first piece reaches back before its frame."""
        return self.tail // 2

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, D, T] to audio [B, 1, T * hop]."""
        rows, state = self._primed(latents)
        audio, state = self.step(rows, state)
        return self._whole(audio, state.overlap, state.envelope, latents.shape[2])

    def apart(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, the tones and the noise of a decoder that has them, each [B, 1, T * hop]."""
        assert isinstance(self.synthesis, TonesAndNoise)
        rows, state = self._primed(latents)
        features, _, _ = self._features(rows, state)
        tones, noise = (
            self._whole(*self._overlap_add(pieces, state), latents.shape[2])
            for pieces in self.synthesis.apart(features, state.pieces)
        )
        return tones, noise

    def _primed(self, latents: Tensor) -> tuple[Tensor, DecoderState]:
        """Latents [B, D, T] as rows after the first [B, T, D], and the state after that one."""
        # one frame of zeros for the look-ahead of the first convolution, whose output is dropped
        rows = F.pad(latents.transpose(1, 2), (0, 0, 0, 1))
        return rows[:, 1:], self.prime(rows[:, :1], self.start(rows.shape[0]))

    def _whole(self, audio: Tensor, overlap: Tensor, envelope: Tensor, frames: int) -> Tensor:
        """A whole sound and its tail, as `_overlap_add` gives them, without what lies before the start."""
        whole = torch.cat([audio, overlap / envelope.clamp(min=1e-2)], 1)
        return whole[:, None, self.window_delay : self.window_delay + frames * self.hop]

    def prime(self, first: Tensor, state: DecoderState) -> DecoderState:
        """Feeds the stream's first row [B, 1, D], whose output lies before the start and must not sound."""
        latents = torch.cat([state.latents, first], 1)[:, 1:]
        return replace(state, latents=latents)
