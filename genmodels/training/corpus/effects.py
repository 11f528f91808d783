"""What a mixing desk does to the parts of a piece: equaliser, levels, pumping, echo, filter sweep, room."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from genmodels.training.corpus.loudness import fast_length
from genmodels.training.corpus.piece import Mix, Piece, Role
from genmodels.training.corpus.soundfont import SAMPLE_RATE

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Room:
    """A room: seconds in which its sound falls by 60 dB, seconds before it answers, brightness in Hz."""

    decay_s: float
    delay_s: float
    bright_hz: float


ROOMS = {
    "booth": Room(0.25, 0.004, 6000.0),
    "room": Room(0.6, 0.008, 5500.0),
    "plate": Room(1.3, 0.012, 7000.0),
    "hall": Room(2.2, 0.02, 4500.0),
    "space": Room(4.5, 0.03, 3500.0),
}
_SEND: dict[Role, float] = {"drums": 0.5, "bass": 0.1, "chords": 1.0, "arp": 1.0, "lead": 1.1, "pad": 1.0}
_LOW_CUT: dict[Role, float] = {"drums": 30, "bass": 30, "chords": 110, "arp": 150, "lead": 150, "pad": 150}
_SWEEP_HZ = (250.0, 600.0, 1400.0, 3200.0, 7500.0)


def low_cut(sound: Samples, role: Role) -> Samples:
    """A part without the low end that belongs to others."""
    size = fast_length(len(sound))
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32)
    gain = 1 / np.sqrt(1 + (_LOW_CUT[role] / np.maximum(f, 1)) ** 4)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * gain, size)[: len(sound)], np.float32)


def levelled(sound: Samples, level_db: float) -> Samples:
    """Brought to `level_db` over -24 dBFS, RMS of the 50 ms that sound: within 20 dB of the loudest."""
    hop = SAMPLE_RATE // 20
    power = np.square(sound[: len(sound) // hop * hop]).reshape(-1, hop).mean(1)
    if not len(power) or power.max() <= 0:
        return sound
    rms = float(np.sqrt(power[power > 0.01 * power.max()].mean()))
    return np.asarray(sound * (10 ** ((level_db - 24) / 20) / rms), np.float32)


def pumped(sound: Samples, piece: Piece) -> Samples:
    """Ducked by 10 dB on each beat of the sections that have drums, back within half a beat."""
    beats = np.arange(len(sound)) / SAMPLE_RATE / piece.seconds_per_beat
    shape = np.interp(beats % 1, [0, 0.05, 0.5, 0.97, 1], [0.6, 0.32, 1, 1, 0.6])
    drums = np.zeros(piece.bars + 1)
    for section in piece.sections:
        drums[section.start_bar : section.end_bar] = "drums" in section.roles
    there = drums[np.minimum((beats / piece.beats_per_bar).astype(int), piece.bars)]
    return np.asarray(sound * (1 - there * (1 - shape)), np.float32)


def echoed(sound: Samples, delay_s: float, feedback: float = 0.42) -> Samples:
    """With three repeats, each softer by `feedback`."""
    result: Samples = sound.copy()
    for repeat in range(1, 4):
        shift = round(repeat * delay_s * SAMPLE_RATE)
        if 0 < shift < len(sound):
            result[shift:] += np.float32(feedback**repeat) * sound[:-shift]
    return result


def swept(sound: Samples, piece: Piece) -> Samples:
    """Through a low-pass filter that opens over intros, builds and breaks and is open elsewhere."""
    points = [(0.0, 1.0)]
    for section in piece.sections:
        start, end = section.start_bar * piece.bar_s, section.end_bar * piece.bar_s
        closed = section.name in ("intro", "build", "break")
        points += [(start, 0.25 if closed else 1.0), (end - 0.01, 1.0)]
    times, values = zip(*points, strict=True)
    opening = np.interp(np.arange(len(sound)) / SAMPLE_RATE, times, values) * len(_SWEEP_HZ)
    size = fast_length(len(sound))
    spectrum = np.fft.rfft(sound, size)
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32)
    result = np.zeros_like(sound)
    for step, cutoff in enumerate((*_SWEEP_HZ, 0.0)):
        share = np.clip(1 - np.abs(opening - step), 0, 1).astype(np.float32)
        if share.any():
            gain = 1 / np.sqrt(1 + (f / cutoff) ** 4) if cutoff else np.ones_like(f)
            result += np.fft.irfft(spectrum * gain, size)[: len(sound)].astype(np.float32) * share
    return result


def mixed_down(parts: dict[Role, Samples], mix: Mix, seed: int) -> Samples:
    """The sum of the parts in their room, with the colour of the mix; as long as the parts."""
    length = len(next(iter(parts.values())))
    impulse = _impulse(mix.room)
    size = fast_length(length + len(impulse))
    dry = np.sum(list(parts.values()), axis=0, dtype=np.float32)
    send = np.sum([_SEND[role] * part for role, part in parts.items()], axis=0, dtype=np.float32)
    wet = np.fft.rfft(send, size) * np.fft.rfft(impulse, size) * np.float32(10 ** (mix.wet_db / 20))
    spectrum = np.fft.rfft(dry, size) + wet
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32)
    if mix.low_pass_hz:
        spectrum /= np.sqrt(1 + (f / np.float32(mix.low_pass_hz)) ** 4)
    if mix.high_pass_hz:
        spectrum /= np.sqrt(1 + (mix.high_pass_hz / np.maximum(f, 1)) ** 4)
    sound = np.fft.irfft(spectrum, size)[:length].astype(np.float32)
    if mix.drive:
        sound *= np.float32(0.12 / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-9))
        sound = np.tanh(sound * mix.drive * 2) / np.float32(mix.drive * 2)
    if np.isfinite(mix.noise_db):
        rms = float(np.sqrt(np.mean(np.square(sound))))
        sound = sound + _vinyl(length, seed) * np.float32(rms * 10 ** ((mix.noise_db + 16) / 20))
    return sound


@lru_cache(maxsize=8)
def _impulse(name: str) -> Samples:
    """Answer of a room to a click, of energy 1: noise whose highs fade faster than its lows."""
    room = ROOMS[name]
    length = round(room.decay_s * SAMPLE_RATE)
    t = np.arange(length) / SAMPLE_RATE
    white = np.random.default_rng(sorted(ROOMS).index(name)).standard_normal(length)
    f = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    below = 1 / np.sqrt(1 + (f / room.bright_hz) ** 4) / np.sqrt(1 + (180 / np.maximum(f, 1)) ** 4)
    dull = np.fft.irfft(np.fft.rfft(white) * below * (f < room.bright_hz / 3), length)
    bright = np.fft.irfft(np.fft.rfft(white) * below * (f >= room.bright_hz / 3), length)
    tail = dull * np.exp(-6.9 * t / room.decay_s) + bright * np.exp(-12 * t / room.decay_s)
    answer = np.concatenate([np.zeros(round(room.delay_s * SAMPLE_RATE)), tail])
    return np.asarray(answer / np.sqrt(np.sum(answer**2)), np.float32)


def _vinyl(length: int, seed: int) -> Samples:
    """Hiss and the crackle of a record, RMS near 1."""
    generator = np.random.default_rng(seed)
    hiss = generator.standard_normal(length).astype(np.float32)
    hiss[1:] = 0.6 * (hiss[1:] + hiss[:-1])
    clicks = np.zeros(length, np.float32)
    at = generator.integers(0, length, max(1, length * 9 // SAMPLE_RATE))
    clicks[at] = generator.standard_normal(len(at)) * 18
    return (hiss + np.convolve(clicks, [0.5, 1.0, -0.6, -0.4], mode="same")).astype(np.float32)
