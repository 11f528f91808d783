"""What a spectral decoder's outputs become: windowed pieces of audio, to be added where they overlap.

Both kinds take `features` numbers a step, [B, n, features], of steps that follow `pieces` [B] earlier ones
of each stream, and give windowed pieces [B, n, length]; where these overlap, their sum is to be divided by
that of `energy` [length].
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.errors import ConfigError

LOWEST_HZ = 440.0 * 2 ** ((28 - 69) / 12)
"""The low E of a bass guitar, 41.2 Hz."""
SEMITONES = 88
QUIET = -7.0
"""Log amplitude at which oscillators and noise begin to learn."""
TURN = 2**32
"""A whole turn of an oscillator's phase."""
NOISE_PIECES = 1009
NOISE_SEED = 20_230_600
GOLDEN = (5**0.5 - 1) / 2


class InverseStft(nn.Module):
    """Magnitudes and phases by an inverse STFT, as Vocos does it (arXiv 2306.00814)."""

    window: Tensor
    energy: Tensor

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.n_fft, self.features = n_fft, n_fft + 2
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        # pieces were windowed before and after
        self.register_buffer("energy", torch.hann_window(n_fft).square(), persistent=False)

    def start(self, bias: Tensor) -> None:
        """The start of the last layer's bias [steps * features] stays as it is."""

    def forward(self, y: Tensor, pieces: Tensor) -> Tensor:
        log_magnitude, phase = y.chunk(2, -1)
        spectrum = torch.polar(torch.exp(log_magnitude.clamp(max=7.0)), phase)
        windowed: Tensor = torch.fft.irfft(spectrum, self.n_fft) * self.window
        return windowed


class TonesAndNoise(nn.Module):
    """Oscillators of fixed frequencies and filtered noise, whose amplitudes are given.

    A decoder that has to invent the phases of each frame cannot carry a tone from one to the next: its
    partials come to lie on multiples of the frame rate, or spread. An oscillator that never stops has its
    phase at every moment. Harmonics plus filtered noise follow DDSP (arXiv 2001.04643); instead of one
    fundamental, which could not play chords, there are `SEMITONES` semitones from `LOWEST_HZ`, with some
    oscillators in each.

    The noise is a table of random phases that is walked through: the same stream always sounds the same.

    Args:
        step: samples between pieces, a multiple of 4; pieces are twice as long, noise comes in two parts a
            step.
        tones: oscillators in a semitone.
        sample_rate: samples per second.

    Raises:
        ConfigError: the highest oscillator does not fit the sample rate.
    """

    advance: Tensor
    offsets: Tensor
    basis: Tensor
    phases: Tensor
    energy: Tensor
    sine: Tensor

    def __init__(self, step: int, tones: int, sample_rate: int) -> None:
        super().__init__()
        self.step = step
        self.tones = tones * SEMITONES
        self.bins = step // 2 + 1
        self.features = self.tones + 2 * self.bins
        place = torch.arange(self.tones, dtype=torch.float64)
        hertz = LOWEST_HZ * 2 ** (place / (12 * tones))
        highest = LOWEST_HZ * 2 ** ((self.tones - 1) / (12 * tones))
        if highest >= sample_rate / 2:
            raise ConfigError(
                f"sample_rate: {sample_rate} is too low for tones up to {highest:.0f} Hz, set tones to 0"
            )
        time = (torch.arange(2 * step, dtype=torch.float64) - step) / sample_rate
        angle = 2 * math.pi * hertz[:, None] * time
        window = torch.hann_window(2 * step)
        self.register_buffer("energy", window, persistent=False)
        basis = (torch.cat([torch.cos(angle), torch.sin(angle)]) * window).float()
        self.register_buffer("basis", basis, persistent=False)
        # in whole parts of a turn: exact for months, and on devices that have no doubles
        advance = torch.remainder(hertz * step / sample_rate, 1.0) * TURN
        self.register_buffer("advance", advance.round().to(torch.int64), persistent=False)
        # far from each other, so that many oscillators never peak together
        offsets = torch.remainder(place * GOLDEN, 1.0) * TURN
        self.register_buffer("offsets", offsets.round().to(torch.int64), persistent=False)
        turns = np.random.default_rng(NOISE_SEED).random((NOISE_PIECES, self.bins))
        turns[:, [0, -1]] = np.round(turns[:, [0, -1]]) / 2
        phases = torch.from_numpy(np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], -1))
        self.register_buffer("phases", (phases * step**0.5).float(), persistent=False)
        sine = torch.sin(math.pi * (torch.arange(step) + 0.5) / step)
        self.register_buffer("sine", sine, persistent=False)

    def start(self, bias: Tensor) -> None:
        """Lets all amplitudes begin quiet; bias [steps * features] of the last layer."""
        nn.init.constant_(bias, QUIET)

    def forward(self, y: Tensor, pieces: Tensor) -> Tensor:
        tones, noise = self.apart(y, pieces)
        return tones + noise

    def apart(self, y: Tensor, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, the oscillators' pieces and the noise's, each [B, n, length]."""
        amplitudes = torch.exp(y.clamp(max=1.0))
        place = pieces[:, None] + torch.arange(y.shape[1], device=y.device)
        return self._tones(amplitudes[..., : self.tones], place), self._noise(
            amplitudes[..., self.tones :], place
        )

    def _tones(self, amplitudes: Tensor, place: Tensor) -> Tensor:
        turns = torch.bitwise_and(place[..., None] * self.advance + self.offsets, TURN - 1)
        angle = turns.float() * (2 * math.pi / TURN)
        sines = torch.cat([amplitudes * torch.sin(angle), amplitudes * torch.cos(angle)], -1)
        with torch.autocast(sines.device.type, enabled=False):
            summed: Tensor = sines @ self.basis
        return summed

    def _noise(self, magnitudes: Tensor, place: Tensor) -> Tensor:
        """Magnitudes [B, n, 2 * bins] to pieces: two windows, half a step apart, in the middle of each."""
        order = torch.remainder(2 * place[..., None] + torch.arange(2, device=place.device), NOISE_PIECES)
        phases = torch.view_as_complex(self.phases[order])
        spectrum = magnitudes.reshape(*order.shape, self.bins) * phases
        first, second = (torch.fft.irfft(spectrum, self.step) * self.sine).unbind(2)
        quarter, half = self.step // 4, self.step // 2
        return F.pad(first, (quarter, quarter + half)) + F.pad(second, (quarter + half, quarter))
