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
# chunks up to this many frames are convolved by hand: the library's set-up costs more than the arithmetic
SHORT = 16


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
        if self.training or x.shape[1] > SHORT:
            y = self.depthwise(padded.transpose(1, 2)).transpose(1, 2)
        else:
            windows = padded.unfold(1, KERNEL, 1)
            assert self.depthwise.bias is not None
            y = (windows * self.depthwise.weight[:, 0]).sum(-1) + self.depthwise.bias
        y = self.contract(F.gelu(self.expand(self.norm(y))))
        out: Tensor = x + self.gamma * y
        return out


class LatentNorm(nn.Module):
    """Takes off the mean of each channel and divides by one deviation for all, by running statistics.

    Latents can so neither shrink towards the codebooks nor run away from them, and channels that matter more
    may still be larger.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dim: int, momentum: float = 0.02) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, T, dim]; uses, and learns from, the batch's own statistics in training."""
        if not self.training:
            return (x - self.mean) / self.deviation
        mean = x.mean((0, 1))
        centred = x - mean
        deviation = centred.square().mean().sqrt().clamp(min=1e-4)
        with torch.no_grad():
            self.mean.lerp_(mean, self.momentum)
            self.deviation.lerp_(deviation, self.momentum)
        return centred / deviation


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
        self.scale = LatentNorm(latent)

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
        latents: Tensor = self.scale(self.output(self.norm(y)).float())
        return latents.transpose(1, 2)


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
        audio, state = self.step(rows[:, 1:], self.prime(rows[:, :1], state))
        tail = state.overlap / state.envelope.clamp(min=1e-2)
        whole = torch.cat([audio, tail], 1)
        length = latents.shape[2] * self.hop
        return whole[:, None, self.window_delay : self.window_delay + length]

    def prime(self, first: Tensor, state: DecoderState) -> DecoderState:
        """Feeds the stream's first row [B, 1, D], whose output lies before the start and must not sound."""
        latents = torch.cat([state.latents, first], 1)[:, 1:]
        return DecoderState(latents, state.contexts, state.overlap, state.envelope)


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
        latent: int = 64,
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

    def forward(self, x: Tensor, bypass: Tensor | None = None) -> tuple[Tensor, QuantizedResult]:
        """For training: audio [B, 1, T * hop] to (decoded audio of the same shape, quantizer's result).

        Items where `bypass` [B] is true are decoded from their latents as they are, which keeps the encoder
        from collapsing onto the codebooks (as Mimi does, arXiv 2410.00037).
        """
        self._check_audio(x)
        latents = self.encoder(x)
        quantized = self.quantizer(latents)
        chosen = quantized.x if bypass is None else torch.where(bypass[:, None, None], latents, quantized.x)
        return self.decoder(chosen), quantized

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
    """Where a stream stands.

    Attributes:
        decoder: None before the first frame.
        frames: frames pushed.
        cut: samples of raw audio still to be dropped, for the first window reaches back before the start.
        pending: audio [B, n < hop] that is exact but no whole frame yet.
    """

    decoder: DecoderState | None
    frames: int
    cut: int
    pending: Tensor


class SpectralStreamingDecoder(StreamingDecoder):
    """Incremental decode of `SpectralCodec` (see `StreamingDecoder`)."""

    lookahead_frames = 2

    def __init__(self, codec: SpectralCodec) -> None:
        self._codec = codec
        self.reset()

    def reset(self) -> None:
        decoder = self._codec.decoder
        self._state = _StreamState(None, 0, decoder.window_delay, decoder.window.new_zeros(1, 0))

    def snapshot(self) -> _StreamState:
        return self._state

    def restore(self, state: _StreamState) -> None:
        self._state = state

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        rows = self._codec.decode_latent(codes).transpose(1, 2)
        state, hop = self._state, self._codec.hop_length
        frames = state.frames + rows.shape[1]
        audio, carried = self._feed(rows)
        whole = audio.shape[1] // hop * hop
        cut = 0 if audio.shape[1] else state.cut
        self._state = _StreamState(carried, frames, cut, audio[:, whole:])
        return audio[:, None, :whole]

    @torch.no_grad()
    def flush(self) -> Tensor:
        state, decoder = self._state, self._codec.decoder
        if state.decoder is None:
            return state.pending[:, None]
        zeros = decoder.window.new_zeros(state.decoder.latents.shape[0], 1, decoder.latent)
        audio, carried = self._feed(zeros)
        assert carried is not None
        tail = carried.overlap / carried.envelope.clamp(min=1e-2)
        given = self._given(state)
        return torch.cat([audio, tail], 1)[:, None, : state.frames * self._codec.hop_length - given]

    def _feed(self, rows: Tensor) -> tuple[Tensor, DecoderState | None]:
        """Latents [B, n, D] in; all exact audio not given out yet [B, m], and the decoder's next state."""
        state, decoder = self._state, self._codec.decoder
        pending, carried = state.pending.expand(rows.shape[0], -1), state.decoder
        if carried is None and rows.shape[1]:
            carried = decoder.prime(rows[:, :1], decoder.start(rows.shape[0]))
            rows = rows[:, 1:]
        if carried is None or not rows.shape[1]:
            return pending, carried
        audio, carried = decoder.step(rows, carried)
        return torch.cat([pending, audio[:, state.cut :]], 1), carried

    def _given(self, state: _StreamState) -> int:
        """Samples given out so far."""
        raw = max(0, (state.frames - 1) * self._codec.hop_length)
        return max(0, raw - self._codec.decoder.window_delay - state.pending.shape[1])
