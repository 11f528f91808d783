"""Loudness as broadcasters measure it (ITU-R BS.1770), gentle compression and a look-ahead limiter."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from genmodels.training.corpus.soundfont import SAMPLE_RATE

Samples = npt.NDArray[np.float32]

TARGET_LUFS = -16.0
PEAK_LIMIT = 10.0 ** (-1.0 / 20.0)
_BLOCK = 32
_THRESHOLD_DB, _RATIO = -20.0, 2.0
_ATTACK_S, _RELEASE_S = 0.02, 0.16


def fast_length(samples: int) -> int:
    """The least length of the form 2^n, 5/4 2^n, 3/2 2^n or 15/8 2^n that holds `samples`: quick to
    transform."""
    power = 1 << max(3, samples.bit_length() - 1)
    return next(
        n for n in (power, power * 5 // 4, power * 3 // 2, power * 15 // 8, power * 2) if n >= samples
    )


def loudness(sound: Samples) -> float:
    """Integrated loudness in LUFS of mono float32 at 32 kHz; -inf for silence.

    Blocks of 400 ms, gated at -70 LUFS and then 10 LU under what is left, as BS.1770-4 says; the weighting
    has the standard's magnitude without its phase."""
    size = fast_length(len(sound))
    spectrum = np.fft.rfft(sound, size) * _k_weighting(size)
    squares = np.square(np.fft.irfft(spectrum, size)[: len(sound)], dtype=np.float64)
    hop = SAMPLE_RATE // 10
    tenths = squares[: len(squares) // hop * hop].reshape(-1, hop).mean(1)
    if len(tenths) < 4:
        tenths = np.full(4, squares.mean())
    power = np.convolve(tenths, np.full(4, 0.25), mode="valid")
    heard = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(heard):
        return float("-inf")
    gated = heard[heard > heard.mean() * 0.1]
    return float(-0.691 + 10 * np.log10(gated.mean()))


def master(sound: Samples, heard: int) -> Samples:
    """Compressed gently and brought to the target loudness under the peak limit.

    Args:
        sound: float32 mono.
        heard: the first samples, of which the loudness is taken; what follows is the tail of the room.
    """
    at = loudness(sound[:heard])
    if not np.isfinite(at):
        return sound
    sound = compressed(sound * np.float32(10 ** ((TARGET_LUFS - at) / 20)))
    gain = 1.0
    for _ in range(2):
        result = limited(sound * np.float32(gain))
        gain *= 10 ** ((TARGET_LUFS - loudness(result[:heard])) / 20)
    return limited(sound * np.float32(gain))


def compressed(sound: Samples) -> Samples:
    """Gain reduction of 2:1 above -20 dBFS (RMS of 10 ms), 20 ms attack, 160 ms release."""
    hop = SAMPLE_RATE // 100
    count = -(-len(sound) // hop)
    power = np.square(np.pad(sound, (0, count * hop - len(sound)))).reshape(-1, hop).mean(1)
    over = np.maximum(0.0, 10 * np.log10(np.maximum(power, 1e-12)) - _THRESHOLD_DB) * (1 - 1 / _RATIO)
    attack, release = (1 - np.exp(-0.01 / time) for time in (_ATTACK_S, _RELEASE_S))
    reduction, present = np.empty(count), 0.0
    for i, wanted in enumerate(over.tolist()):
        present += (wanted - present) * (attack if wanted > present else release)
        reduction[i] = present
    gain = np.interp(np.arange(len(sound)), np.arange(count) * hop + hop / 2, 10 ** (-reduction / 20))
    return sound * gain.astype(np.float32)


def limited(sound: Samples) -> Samples:
    """Peaks kept under -1 dBFS by a gain that moves before them, within 3 ms."""
    count = -(-len(sound) // _BLOCK)
    peaks = np.abs(np.pad(sound, (0, count * _BLOCK - len(sound)))).reshape(-1, _BLOCK).max(1)
    if peaks.max() <= PEAK_LIMIT:
        return sound
    needed = np.minimum(1.0, PEAK_LIMIT / np.maximum(peaks, 1e-9))
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(needed, 3, mode="edge"), 7).min(1)
    smooth = np.lib.stride_tricks.sliding_window_view(np.pad(lowest, 2, mode="edge"), 5).mean(1)
    gain = np.interp(np.arange(len(sound)), np.arange(count) * _BLOCK + _BLOCK / 2, smooth)
    return np.asarray(np.clip(sound * gain, -PEAK_LIMIT, PEAK_LIMIT), np.float32)


@lru_cache(maxsize=8)
def _k_weighting(size: int) -> npt.NDArray[np.float32]:
    """Magnitude of the standard's two filters, from their coefficients at 48 kHz."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / SAMPLE_RATE) / 48000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - z) ** 2 / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high_pass), np.float32)
