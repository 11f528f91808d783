"""The spectral codec: log-STFT -> ConvNeXt -> RVQ -> ConvNeXt -> magnitude and phase -> inverse STFT.

Decoding by an inverse STFT follows Vocos (arXiv 2306.00814); the blocks are ConvNeXt's (arXiv 2201.03545)
in one dimension. The decoder looks one frame ahead in its first convolution and one in the overlap of the
inverse STFT; everything else is causal, so that it streams exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.base import CompressionModel, StreamingDecoder, pad_to_frames
from genmodels.codec.quantize import QuantizedResult, ResidualVectorQuantizer
from genmodels.errors import ConfigError

KERNEL = 7


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, layer norm, two-layer perceptron, scaled residual; channels last [B, T, dim]."""

    def __init__(self, dim: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, KERNEL, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.gamma = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor, padded: Tensor) -> Tensor:
        """x [B, T, dim] and the same with its convolution context, padded [B, T + KERNEL - 1, dim]."""
        y = self.depthwise(padded.transpose(1, 2)).transpose(1, 2)
        y = self.contract(F.gelu(self.expand(self.norm(y))))
        return x + self.gamma * y


class SpectralEncoder(nn.Module):
    """Audio [B, 1, T * hop] to latents [B, D, T]: a long and a short log-magnitude STFT, stacked per frame.

    Not causal: it is used for prompts and for training, never while streaming.
    """

    window_long: Tensor
    window_short: Tensor

    def __init__(
        self, hop: int, n_fft: int, splits: int, short_fft: int, dim: int, blocks: int, latent: int
    ) -> None:
        super().__init__()
        self.hop, self.n_fft, self.splits, self.short_fft = hop, n_fft, splits, short_fft
        self.register_buffer("window_long", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("window_short", torch.hann_window(short_fft), persistent=False)
        features = splits * (n_fft // 2 + 1) + 2 * splits * (short_fft // 2 + 1)
        self.input = nn.Linear(features, dim)
        self.input_norm = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim, 3 * dim, 1 / blocks) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, latent)

    def _log_spectrum(self, x: Tensor, n_fft: int, hop: int, window: Tensor) -> Tensor:
        """Log magnitudes stacked per frame: audio [B, N] to [B, N / self.hop, features]."""
        left = (n_fft - hop) // 2
        padded = F.pad(x, (left, n_fft - hop - left))
        spectrum = torch.fft.rfft(padded.unfold(1, n_fft, hop) * window).abs()
        frames = x.shape[1] // self.hop
        return torch.log(spectrum + 1e-3).reshape(x.shape[0], frames, -1)

    def forward(self, x: Tensor) -> Tensor:
        """Audio [B, 1, T * hop] to latents [B, D, T]."""
        mono = x[:, 0].float()
        features = torch.cat(
            [
                self._log_spectrum(mono, self.n_fft, self.hop // self.splits, self.window_long),
                self._log_spectrum(mono, self.short_fft, self.hop // (2 * self.splits), self.window_short),
            ],
            -1,
        )
        y = self.input_norm(self.input(features))
        side = KERNEL // 2
        for block in self.blocks:
            y = block(y, F.pad(y, (0, 0, side, side)))
        latents: Tensor = self.output(self.norm(y))
        return latents.float().transpose(1, 2)


@dataclass(frozen=True)
class DecoderState:
    """What the decoder carries between chunks; tensors in it are never written to.

    Attributes:
        latents: the last latents [B, KERNEL - 1, D] (channels last).
        contexts: for each block, its last inputs [B, KERNEL - 1, dim].
        overlap: the tail of the overlap-add that later frames still add to [B, n_fft - step].
        envelope: the window energy summed under that tail [n_fft - step].
    """

    latents: Tensor
    contexts: tuple[Tensor, ...]
    overlap: Tensor
    envelope: Tensor


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
        y = self.input_norm(self.input(padded.transpose(1, 2)).transpose(1, 2))
        contexts = []
        for block, context in zip(self.blocks, state.contexts, strict=True):
            wide = torch.cat([context.to(y.dtype), y], 1)
            contexts.append(wide[:, wide.shape[1] - KERNEL + 1 :])
            y = block(y, wide)
        pieces = self._pieces(self.output(self.norm(y)))
        audio, overlap, envelope = self._overlap_add(pieces, state)
        tail = padded[:, padded.shape[1] - KERNEL + 1 :]
        return audio, DecoderState(tail, tuple(contexts), overlap, envelope)

    def _pieces(self, y: Tensor) -> Tensor:
        """Head outputs [B, n, splits * (n_fft + 2)] to windowed time pieces [B, n * splits, n_fft]."""
        y = y.float().reshape(y.shape[0], -1, self.n_fft + 2)
        log_magnitude, phase = y.chunk(2, -1)
        spectrum = torch.polar(torch.exp(log_magnitude.clamp(max=7.0)), phase)
        return torch.fft.irfft(spectrum, self.n_fft) * self.window

    def _overlap_add(self, pieces: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, Tensor]:
        batch, count, _ = pieces.shape
        length = count * self.step_length
        total = length + self.n_fft - self.step_length
        audio = F.fold(
            pieces.transpose(1, 2), (1, total), kernel_size=(1, self.n_fft), stride=(1, self.step_length)
        ).view(batch, total)
        energy = self.window.pow(2)[None, :, None].expand(1, -1, count)
        envelope = F.fold(
            energy, (1, total), kernel_size=(1, self.n_fft), stride=(1, self.step_length)
        ).view(total)
        tail = self.n_fft - self.step_length
        audio = audio + F.pad(state.overlap, (0, total - tail))
        envelope = envelope + F.pad(state.envelope, (0, total - tail))
        return audio[:, :length] / envelope[:length].clamp(min=1e-2), audio[:, length:], envelope[length:]

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
        audio, state = self._drop_first(rows, state)
        tail = state.overlap / state.envelope.clamp(min=1e-2)
        whole = torch.cat([audio, tail], 1)
        length = latents.shape[2] * self.hop
        return whole[:, None, self.window_delay : self.window_delay + length]

    def _drop_first(self, rows: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Feeds rows whose first output frame belongs to before the start and must not sound."""
        first, rest = rows[:, :1], rows[:, 1:]
        primed = torch.cat([state.latents, first], 1)[:, 1:]
        return self.step(rest, DecoderState(primed, state.contexts, state.overlap, state.envelope))


class SpectralCodec(CompressionModel):
    """Mono codec of the bundled model.

    Args:
        sample_rate: samples per second.
        hop: samples per frame of codes.
        n_fft: length of the decoder's STFT (and the encoder's long one) in samples.
        splits: STFT steps per frame.
        short_fft: length of the encoder's short STFT, which sharpens attacks.
        encoder_dim, encoder_blocks, decoder_dim, decoder_hidden, decoder_blocks: sizes.
        latent: channels that are quantized.
        n_q, bins: codebooks and entries per codebook.
        q_dropout: see `ResidualVectorQuantizer`.

    Raises:
        ConfigError: hop is not a multiple of splits * 2, or n_fft does not fit the one-frame overlap.
    """

    def __init__(
        self,
        sample_rate: int = 32000,
        hop: int = 640,
        n_fft: int = 1280,
        splits: int = 2,
        short_fft: int = 256,
        encoder_dim: int = 256,
        encoder_blocks: int = 4,
        decoder_dim: int = 384,
        decoder_hidden: int = 1024,
        decoder_blocks: int = 5,
        latent: int = 128,
        n_q: int = 4,
        bins: int = 1024,
        q_dropout: bool = True,
    ) -> None:
        super().__init__()
        if hop % (2 * splits):
            raise ConfigError(f"hop: {hop} is not a multiple of 2 * splits = {2 * splits}")
        if not hop // splits < n_fft <= 2 * hop + hop // splits:
            raise ConfigError(f"n_fft: {n_fft} is outside {hop // splits + 1}..{2 * hop + hop // splits}")
        self._sample_rate, self._hop = sample_rate, hop
        self.encoder = SpectralEncoder(hop, n_fft, splits, short_fft, encoder_dim, encoder_blocks, latent)
        self.decoder = SpectralDecoder(
            hop, n_fft, splits, decoder_dim, decoder_hidden, decoder_blocks, latent
        )
        self.quantizer = ResidualVectorQuantizer(latent, n_q, bins, q_dropout)

    @property
    def channels(self) -> int:
        return 1

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

    def forward(self, x: Tensor) -> tuple[Tensor, QuantizedResult]:
        """For training: audio [B, 1, T * hop] to (decoded audio of the same shape, quantizer's result)."""
        self._check_audio(x)
        quantized = self.quantizer(self.encoder(x))
        return self.decoder(quantized.x), quantized

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        self._check_audio(x)
        return self.quantizer.encode(self.encoder(pad_to_frames(x, self._hop))), None

    def decode_latent(self, codes: Tensor) -> Tensor:
        self._check_codes(codes)
        return self.quantizer.decode(codes)

    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        audio: Tensor = self.decoder(self.decode_latent(codes))
        return audio

    def streaming_decoder(self) -> StreamingDecoder:
        return SpectralStreamingDecoder(self)


@dataclass(frozen=True)
class _StreamState:
    """Where a stream stands: the decoder's state, frames pushed, and audio decoded but not yet exact."""

    decoder: DecoderState | None
    frames: int
    pending: Tensor | None


class SpectralStreamingDecoder(StreamingDecoder):
    """Incremental decode of `SpectralCodec` (see `StreamingDecoder`)."""

    lookahead_frames = 2

    def __init__(self, codec: SpectralCodec) -> None:
        self._codec = codec
        self._state = _StreamState(None, 0, None)

    def reset(self) -> None:
        self._state = _StreamState(None, 0, None)

    def snapshot(self) -> _StreamState:
        return self._state

    def restore(self, state: _StreamState) -> None:
        self._state = state

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        rows = self._codec.decode_latent(codes).transpose(1, 2)
        decoder, state = self._codec.decoder, self._state
        if not rows.shape[1]:
            return rows.new_zeros(codes.shape[0], 1, 0)
        if state.decoder is None:
            audio, carried = decoder._drop_first(rows, decoder.start(rows.shape[0])) if rows.shape[
                1
            ] > 1 else (rows.new_zeros(rows.shape[0], 0), self._primed(rows))
        else:
            audio, carried = decoder.step(rows, state.decoder)
        return self._give(audio, carried, state, state.frames + rows.shape[1])

    def _primed(self, rows: Tensor) -> DecoderState:
        """The state after a single first row, whose output is dropped."""
        start = self._codec.decoder.start(rows.shape[0])
        latents = torch.cat([start.latents, rows], 1)[:, 1:]
        return DecoderState(latents, start.contexts, start.overlap, start.envelope)

    def _give(self, audio: Tensor, carried: DecoderState, state: _StreamState, frames: int) -> Tensor:
        """Appends raw audio to what is pending and gives out whole frames."""
        skip = 0
        if state.pending is None:
            state = _StreamState(state.decoder, state.frames, audio.new_zeros(audio.shape[0], 0))
            skip = self._codec.decoder.window_delay
        assert state.pending is not None
        if skip and audio.shape[1] == 0:
            self._state = _StreamState(carried, frames, None)
            return audio[:, None]
        pending = torch.cat([state.pending, audio[:, skip:]], 1)
        whole = pending.shape[1] // self._codec.hop_length * self._codec.hop_length
        self._state = _StreamState(carried, frames, pending[:, whole:])
        return pending[:, None, :whole]

    @torch.no_grad()
    def flush(self) -> Tensor:
        state, decoder = self._state, self._codec.decoder
        if state.decoder is None:
            return decoder.window.new_zeros(1, 1, 0)
        batch = state.decoder.latents.shape[0]
        given = self._given(state)
        audio, carried = decoder.step(decoder.window.new_zeros(batch, 1, decoder.latent), state.decoder)
        tail = carried.overlap / carried.envelope.clamp(min=1e-2)
        skip = decoder.window_delay if state.pending is None else 0
        pending = audio if state.pending is None else torch.cat([state.pending, audio], 1)
        rest = torch.cat([pending, tail], 1)[:, skip:]
        return rest[:, None, : state.frames * self._codec.hop_length - given]

    def _given(self, state: _StreamState) -> int:
        """Samples already given out: whole frames of the raw audio less the window's delay."""
        if state.pending is None:
            return 0
        raw = (state.frames - 1) * self._codec.hop_length - self._codec.decoder.window_delay
        return raw - state.pending.shape[1]
