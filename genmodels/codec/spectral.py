"""The spectral codec: log-STFT -> ConvNeXt -> RVQ -> ConvNeXt -> synthesis.

It decodes to magnitude and phase of an inverse STFT, or to amplitudes of oscillators and noise. The decoder
looks one frame ahead in its first convolution and at most one in the overlap of its pieces; everything else
is causal, so that it streams exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder, pad_to_frames, rescale
from genmodels.codec.quantize import QuantizedResult, ResidualVectorQuantizer
from genmodels.codec.spectral_decoder import DecoderState, SpectralDecoder
from genmodels.codec.spectral_encoder import SpectralEncoder
from genmodels.codec.synthesis import InverseStft, TonesAndNoise
from genmodels.errors import ConfigError

MOST_TONES = 12


class SpectralCodec(CompressionModel):
    """Mono codec of the bundled model.

    Args:
        sample_rate: samples per second.
        hop: samples per frame of codes.
        n_fft: length of the encoder's long STFT in samples, and of the decoder's, if it has one.
        splits: STFT steps per frame.
        short_fft: length of the encoder's short STFT, which sharpens attacks.
        encoder_dim, encoder_blocks, decoder_dim, decoder_hidden, decoder_blocks: sizes.
        latent: channels that are quantized.
        n_q, bins: codebooks and entries per codebook.
        q_dropout: see `ResidualVectorQuantizer`.
        tones: oscillators in a semitone, with which the decoder plays tones and noise (`TonesAndNoise`); with
            0 it has an inverse STFT.
        pitch_fft: length of a still longer STFT in samples, of which the encoder sees what is below 5 kHz, to
            tell low notes apart; 0 is none.

    Raises:
        ConfigError: hop is not a multiple of splits * 2 (with tones of splits * 4), n_fft does not fit the
            one-frame overlap, or another number is out of range.
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
        tones: int = 0,
        pitch_fft: int = 0,
    ) -> None:
        super().__init__(
            channels=1, sample_rate=sample_rate, hop_length=hop, cardinality=bins, total_codebooks=n_q
        )
        _check_geometry(hop, n_fft, splits, tones, pitch_fft)
        self.encoder = SpectralEncoder(
            hop, n_fft, splits, short_fft, encoder_dim, encoder_blocks, latent, pitch_fft, sample_rate
        )
        step = hop // splits
        synthesis = TonesAndNoise(step, tones, sample_rate) if tones else InverseStft(n_fft)
        self.decoder = SpectralDecoder(
            hop, splits, decoder_dim, decoder_hidden, decoder_blocks, latent, synthesis
        )
        self.quantizer = ResidualVectorQuantizer(latent, n_q, bins, q_dropout)

    def forward(self, x: Tensor, bypass: Tensor | None = None) -> tuple[Tensor, QuantizedResult]:
        """For training: audio [B, 1, T * hop] to (decoded audio of the same shape, quantizer's result).

        Items where `bypass` [B] is true are decoded from their latents as they are, which keeps the encoder
        from collapsing onto the codebooks (as Mimi does, arXiv 2410.00037).
        """
        chosen, quantized = self._quantized(x, bypass)
        return self.decoder(chosen), quantized

    def apart(self, x: Tensor, bypass: Tensor | None = None) -> tuple[tuple[Tensor, Tensor], QuantizedResult]:
        """As `forward`, with the decoded tones and noise apart; only for a codec with tones."""
        chosen, quantized = self._quantized(x, bypass)
        return self.decoder.apart(chosen), quantized

    def _quantized(self, x: Tensor, bypass: Tensor | None) -> tuple[Tensor, QuantizedResult]:
        self._check_audio(x)
        latents = self.encoder(x)
        quantized = self.quantizer(latents, self.num_codebooks)
        if bypass is None:
            return quantized.x, quantized
        return torch.where(bypass[:, None, None], latents, quantized.x), quantized

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        self._check_audio(x)
        latents = self.encoder(pad_to_frames(x, self.hop_length))
        return self.quantizer.encode(latents, self.num_codebooks), None

    def decode_latent(self, codes: Tensor) -> Tensor:
        self._check_codes(codes)
        return self.quantizer.decode(codes)

    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        self._check_frames(codes)
        return rescale(self.decoder(self.decode_latent(codes)), scale)

    def streaming_decoder(self) -> StreamingDecoder:
        return SpectralStreamingDecoder(self)


def _check_geometry(hop: int, n_fft: int, splits: int, tones: int, pitch_fft: int) -> None:
    if splits < 1:
        raise ConfigError(f"splits: {splits} must be at least 1")
    if not 0 <= tones <= MOST_TONES:
        raise ConfigError(f"tones: {tones} is outside 0..{MOST_TONES}")
    parts = (4 if tones else 2) * splits
    if hop % parts:
        raise ConfigError(f"hop: {hop} is not a multiple of {parts}, {parts // splits} times splits")
    step = hop // splits
    if not step < n_fft < 2 * hop + step:
        raise ConfigError(f"n_fft: {n_fft} is outside {step + 1}..{2 * hop + step - 1}")
    if pitch_fft and pitch_fft <= n_fft:
        raise ConfigError(f"pitch_fft: {pitch_fft} must be 0 or longer than n_fft, {n_fft}")


@dataclass(frozen=True)
class _StreamState:
    """Where a stream stands.

    Attributes:
        decoder: None before the first frame.
        frames: frames pushed.
        cut: samples of raw audio still to be dropped, for the first window reaches back before the start.
        pending: audio [B, n < hop] that is exact but no whole frame yet.
        first: number of the first frame in a longer stream.
    """

    decoder: DecoderState | None
    frames: int
    cut: int
    pending: Tensor
    first: int


class SpectralStreamingDecoder(StreamingDecoder):
    """Incremental decode of `SpectralCodec` (see `StreamingDecoder`)."""

    lookahead_frames = 2

    def __init__(self, codec: SpectralCodec) -> None:
        self._codec = codec
        self.reset()

    def reset(self) -> None:
        self.begin(0)

    def begin(self, frame: int) -> None:
        decoder = self._codec.decoder
        pending = decoder.output.weight.new_zeros(1, 0)
        self._state = _StreamState(None, 0, decoder.window_delay, pending, frame)

    def snapshot(self) -> _StreamState:
        return self._state

    def restore(self, state: _StreamState) -> None:
        self._state = state

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        rows = self._codec.decode_latent(codes).transpose(1, 2)
        return self._give(rows.shape[1], *self._feed(rows))

    @property
    def batch_key(self) -> object:
        state = self._state.decoder
        return None if state is None or len(state.latents) != 1 else self._codec

    @torch.no_grad()
    def push_batch(self, others: Sequence[StreamingDecoder], codes: Tensor) -> list[Tensor]:
        streams = [self, *(other for other in others if isinstance(other, SpectralStreamingDecoder))]
        states = [stream._state.decoder for stream in streams]
        joined = DecoderState.joined([state for state in states if state is not None])
        rows = self._codec.decode_latent(codes).transpose(1, 2)
        audio, carried = self._codec.decoder.step(rows, joined)
        sound = []
        for stream, own, state in zip(streams, audio, carried.apart(), strict=True):
            exact = torch.cat([stream._state.pending, own[None, stream._state.cut :]], 1)
            sound.append(stream._give(rows.shape[1], exact, state))
        return sound

    def _give(self, frames: int, audio: Tensor, carried: DecoderState | None) -> Tensor:
        """Whole frames of the exact audio that came of `frames` more ones; the rest is kept."""
        state, hop = self._state, self._codec.hop_length
        frames += state.frames
        whole = audio.shape[1] // hop * hop
        cut = 0 if audio.shape[1] else state.cut
        self._state = _StreamState(carried, frames, cut, audio[:, whole:], state.first)
        return audio[:, None, :whole]

    @torch.no_grad()
    def flush(self) -> Tensor:
        state, decoder = self._state, self._codec.decoder
        if state.decoder is None:
            return state.pending[:, None]
        zeros = decoder.output.weight.new_zeros(state.decoder.latents.shape[0], 1, decoder.latent)
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
            carried = decoder.prime(rows[:, :1], decoder.start(rows.shape[0], state.first))
            rows = rows[:, 1:]
        if carried is None or not rows.shape[1]:
            return pending, carried
        audio, carried = decoder.step(rows, carried)
        return torch.cat([pending, audio[:, state.cut :]], 1), carried

    def _given(self, state: _StreamState) -> int:
        """Samples given out so far."""
        raw = max(0, (state.frames - 1) * self._codec.hop_length)
        return max(0, raw - self._codec.decoder.window_delay - state.pending.shape[1])
