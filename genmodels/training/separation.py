"""Tones and the rest of a sound, apart: what oscillators are to learn, and what filtered noise."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

N_FFT = 4096
HOP = N_FFT // 4
FRAMES = 4
BINS = 31
STEEPNESS = 2.0
MARGIN = 1.0
ALWAYS_TONES_HZ = (100.0, 200.0)
NEVER_TONES_HZ = 6500.0


def tones_and_rest(x: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Parts audio [B, N] into [B, N] twice, which sum up to it.

    A bin belongs to a tone when it stays louder than its neighbours in frequency, for some frames before or
    after: the idea of harmonic-percussive separation (Fitzgerald 2010), with means of the logarithm in the
    place of medians, which are slow. Below 100 Hz all are tones, above 6.5 kHz none.
    """
    window = torch.hann_window(N_FFT, device=x.device)
    spectrum = torch.stft(x, N_FFT, HOP, window=window, return_complex=True)
    level = torch.log(spectrum.abs() + 1e-4)
    run = F.avg_pool1d(F.pad(level, (FRAMES - 1, FRAMES - 1), mode="replicate"), FRAMES, 1)
    lasting = torch.maximum(run[..., : level.shape[-1]], run[..., FRAMES - 1 :])
    side = BINS // 2
    around = F.avg_pool1d(F.pad(level.transpose(1, 2), (side, side), mode="replicate"), BINS, 1).transpose(
        1, 2
    )
    share = torch.sigmoid(STEEPNESS * (lasting - around - MARGIN))
    hertz = torch.linspace(0, sample_rate / 2, N_FFT // 2 + 1, device=x.device)[:, None]
    low, high = ALWAYS_TONES_HZ
    share = torch.maximum(share, ((high - hertz) / (high - low)).clamp(0, 1)) * (hertz < NEVER_TONES_HZ)
    tones = torch.istft(spectrum * share, N_FFT, HOP, window=window, length=x.shape[1])
    return tones, x - tones
