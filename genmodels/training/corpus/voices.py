"""Synthesized voices of our own: band-limited wave tables through a resonant filter and envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from genmodels.training.corpus.soundfont import SAMPLE_RATE

Samples = npt.NDArray[np.float32]
Sounding = tuple[float, float, int, int]
"""A note: seconds of its beginning and end, MIDI pitch, velocity."""

_TABLE = 2048
_LEVELS = 12
_TOP_HZ = 14000.0


@dataclass(frozen=True)
class Voice:
    """How a voice sounds.

    Attributes:
        wave: 'saw', 'square', 'pulse', 'triangle' or 'sine'.
        detune: cents of each oscillator.
        cutoff_hz: where the filter rests, 0 is open; `sweep_octaves` how far above it a note begins, falling
            with `sweep_s`; `resonance` its quality.
        attack_s, decay_s, sustain, release_s: amplitude envelope; decay to `sustain`.
        drop: semitones that a note begins above its pitch, falling within 40 ms.
        vibrato: cents at 5.5 Hz, after a quarter of a second.
    """

    wave: str
    detune: tuple[float, ...] = (0.0,)
    cutoff_hz: float = 0.0
    sweep_octaves: float = 0.0
    sweep_s: float = 0.15
    resonance: float = 0.8
    attack_s: float = 0.003
    decay_s: float = float("inf")
    sustain: float = 0.0
    release_s: float = 0.04
    drop: float = 0.0
    vibrato: float = 0.0


VOICES: dict[str, Voice] = {
    "pulse lead": Voice("pulse", vibrato=12.0, release_s=0.01),
    "pulse arp": Voice("square", decay_s=0.25, sustain=0.3, release_s=0.01),
    "triangle bass": Voice("triangle", release_s=0.01),
    "acid bass": Voice("saw", (0.0,), 260.0, 3.2, 0.11, 5.0, decay_s=0.5),
    "reese bass": Voice("saw", (-18.0, 0.0, 17.0), 420.0, 0.6, 0.4, 1.2, attack_s=0.01, release_s=0.06),
    "sub bass": Voice("sine", decay_s=0.9, drop=14.0, release_s=0.06),
    "saw bass": Voice("saw", (-7.0, 7.0), 500.0, 1.8, 0.12, 1.6, release_s=0.03),
    "supersaw": Voice(
        "saw", (-24.0, -13.0, 0.0, 12.0, 25.0), 5200.0, attack_s=0.008, release_s=0.12
    ),
    "analog poly": Voice("saw", (-8.0, 8.0), 900.0, 1.4, 0.5, 1.1, attack_s=0.01, release_s=0.15),
    "analog lead": Voice("saw", (-6.0, 6.0), 1600.0, 1.0, 0.3, 1.4, vibrato=14.0, release_s=0.08),
    "pluck": Voice("saw", (-6.0, 6.0), 500.0, 3.0, 0.09, 1.3, decay_s=0.3, release_s=0.1),
    "stab": Voice("square", (-9.0, 9.0), 700.0, 2.4, 0.16, 1.5, decay_s=0.35, release_s=0.06),
}  # fmt: skip
"""The voices, by the names of `INSTRUMENTS`."""


def play(name: str, notes: Sequence[Sounding], samples: int) -> Samples:
    """The notes of a voice of `VOICES` as float32 [samples], cut at its end."""
    voice = VOICES[name]
    sound = np.zeros(samples, np.float32)
    for number, (start_s, end_s, pitch, velocity) in enumerate(notes):
        first = round(start_s * SAMPLE_RATE)
        if first >= samples:
            continue
        held = max(1, round((end_s - start_s) * SAMPLE_RATE))
        note = _note(voice, pitch, held, number) * np.float32((velocity / 127.0) ** 1.5)
        last = min(samples, first + len(note))
        sound[first:last] += note[: last - first]
    return sound


def _note(voice: Voice, pitch: int, held: int, number: int) -> Samples:
    """One note of full velocity that is held for `held` samples; oscillators of note `number` start apart."""
    length = held + round(voice.release_s * SAMPLE_RATE)
    seconds = np.asarray(np.arange(length, dtype=np.float32) / SAMPLE_RATE, np.float32)
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12)
    bend = voice.drop * np.exp(-seconds / 0.012)
    if voice.vibrato:
        depth = np.clip((seconds - 0.25) / 0.2, 0, 1) * voice.vibrato / 100
        bend = bend + depth * np.sin(2 * np.pi * 5.5 * seconds)
    pace = np.exp2(bend / 12) if voice.drop or voice.vibrato else np.ones_like(seconds)
    cycles = np.cumsum(pace, dtype=np.float64) * (frequency / SAMPLE_RATE)
    tables = _tables(voice, pitch)
    level = _filter_level(voice, seconds)
    total = np.zeros(len(seconds), np.float32)
    for i, cents in enumerate(voice.detune):
        start = (0.37 * i + 0.61 * number) % 1 if len(voice.detune) > 1 else 0.0
        at = (np.mod(cycles * 2 ** (cents / 1200) + start, 1) * _TABLE).astype(np.int32)
        if len(tables) == 1:
            total += tables[0][at]
        else:
            low = np.minimum(level.astype(np.int32), _LEVELS - 2)
            share = level - low
            total += tables[low, at] * (1 - share) + tables[low + 1, at] * share
    gain = 0.3 / len(voice.detune) ** 0.5
    return np.asarray(total * _amplitude(voice, seconds, held) * gain, np.float32)


def _amplitude(voice: Voice, seconds: Samples, held: int) -> Samples:
    envelope = np.clip(seconds / voice.attack_s, 0, 1)
    if np.isfinite(voice.decay_s):
        envelope = envelope * (voice.sustain + (1 - voice.sustain) * np.exp(-seconds / voice.decay_s))
    release = np.clip(1 - (seconds - held / SAMPLE_RATE) / voice.release_s, 0, 1)
    return np.asarray(envelope * release, np.float32)


def _filter_level(voice: Voice, seconds: Samples) -> Samples:
    """Which of the tables sounds at each moment: the last one is the most open."""
    if not voice.sweep_octaves:
        return np.zeros_like(seconds)
    return np.asarray(np.exp(-seconds / voice.sweep_s) * (_LEVELS - 1), np.float32)


@lru_cache(maxsize=1024)
def _tables(voice: Voice, pitch: int) -> Samples:
    """One period of the wave [levels, 2048] for each opening of the filter, without partials above 14 kHz."""
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12)
    partial = np.arange(1, max(2, int(min(_TOP_HZ / frequency, _TABLE // 2 - 1)) + 1))
    amplitude = {
        "saw": 1 / partial,
        "square": (partial % 2) / partial,
        "pulse": np.sin(np.pi * partial * 0.25) / partial,
        "triangle": np.where(partial % 2, np.where(partial % 4 == 1, 1, -1), 0) / partial**2,
        "sine": np.where(partial == 1, 1.0, np.where(partial == 2, 0.08, 0.0)),
    }[voice.wave]
    count = _LEVELS if voice.sweep_octaves else 1
    tables = np.zeros((count, _TABLE), np.float32)
    for level in range(count):
        shaped = amplitude
        if voice.cutoff_hz:
            opened = voice.sweep_octaves * level / max(1, count - 1)
            ratio = partial * frequency / (max(voice.cutoff_hz, frequency) * 2**opened)
            shaped = amplitude / np.sqrt((1 - ratio**2) ** 2 + (ratio / voice.resonance) ** 2)
        spectrum = np.zeros(_TABLE // 2 + 1, np.complex128)
        spectrum[partial] = -1j * shaped * _TABLE / 2
        tables[level] = np.fft.irfft(spectrum, _TABLE)
    return tables
