"""Which pitch classes sound: constant sets, chord progressions, and the chroma of recorded sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError

Chroma = npt.NDArray[np.float32]

CHROMA_WINDOW = 8192
"""Samples of an analysis of sound."""

_ANALYSED_TOGETHER = 256


@runtime_checkable
class ChromaTrack(Protocol):
    """Pitch classes over time."""

    def at(self, frames: npt.NDArray[np.int64]) -> Chroma:
        """Chroma [n, 12] float32 in [0, 1] (0 = C) at the frames [n]."""
        ...


@dataclass(frozen=True)
class ConstantChroma:
    """The same pitch classes throughout.

    Args:
        values: 12 strengths (C, C#, ... B), finite and >= 0; scaled so that the largest is 1.
    Raises:
        ConditionError: not 12 such values.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        array = np.asarray(self.values, dtype=np.float64)
        if array.shape != (12,) or not np.isfinite(array).all() or (array < 0).any():
            raise ConditionError(
                f"chroma values are {self.values!r}, must be 12 finite numbers >= 0, from C to B"
            )

    def at(self, frames: npt.NDArray[np.int64]) -> Chroma:
        return np.repeat(normalise(np.asarray(self.values, dtype=np.float32)[None]), len(frames), axis=0)


@dataclass(frozen=True)
class ChordProgression:
    """One chord a bar, starting at the transport's beat 0 and cycling.

    Args:
        chords: names such as 'Am', 'F', 'G7', 'Dm7b5', 'Bbmaj7', 'C/E'.
        transport: lays the bars on frames.
    Raises:
        ConditionError: no chord, or a name that cannot be read.
    """

    chords: tuple[str, ...]
    transport: Transport

    def __post_init__(self) -> None:
        if not self.chords:
            raise ConditionError("chord progression is empty, give at least one chord such as 'Am'")
        for chord in self.chords:
            chord_pitches(chord)

    def at(self, frames: npt.NDArray[np.int64]) -> Chroma:
        table = np.zeros((len(self.chords), 12), dtype=np.float32)
        for row, chord in zip(table, self.chords, strict=True):
            row[list(chord_pitches(chord))] = 1.0
        # a whisker later, so that rounding cannot put a bar's first frame into the bar before
        bars = np.floor((self.transport.beats_at(frames) + 1e-6) / self.transport.beats_per_bar).astype(
            np.int64
        )
        return table[bars % len(self.chords)]


@dataclass(frozen=True, eq=False)
class RecordedChroma:
    """The chroma of a recording, repeated when it ends.

    Args:
        values: [T, 12] float32 at the stream's frame rate.
        start: the stream's frame at which the recording begins.
    """

    values: Chroma
    start: int = 0

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != 12 or not len(self.values):
            raise ConditionError(f"recorded chroma has shape {self.values.shape}, must be [T >= 1, 12]")

    def at(self, frames: npt.NDArray[np.int64]) -> Chroma:
        return self.values[(frames - self.start) % len(self.values)]


_ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1, "♯": 1, "♭": -1}
_QUALITIES = {
    "": (0, 4, 7), "maj": (0, 4, 7), "M": (0, 4, 7), "m": (0, 3, 7), "min": (0, 3, 7), "-": (0, 3, 7),
    "5": (0, 7), "dim": (0, 3, 6), "o": (0, 3, 6), "aug": (0, 4, 8), "+": (0, 4, 8),
    "sus2": (0, 2, 7), "sus4": (0, 5, 7), "sus": (0, 5, 7), "7sus4": (0, 5, 7, 10),
    "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9), "69": (0, 2, 4, 7, 9),
    "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "M7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "min7": (0, 3, 7,
    10), "mmaj7": (0, 3, 7, 11), "mM7": (0, 3, 7, 11), "dim7": (0, 3, 6, 9), "o7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10), "7b5": (0, 4, 6, 10), "7#5": (0, 4, 8, 10), "aug7": (0, 4, 8, 10),
    "7b9": (0, 1, 4, 7, 10), "7#9": (0, 3, 4, 7, 10),
    "add9": (0, 2, 4, 7), "madd9": (0, 2, 3, 7),
    "9": (0, 2, 4, 7, 10), "maj9": (0, 2, 4, 7, 11), "m9": (0, 2, 3, 7, 10),
    "11": (0, 2, 4, 5, 7, 10), "m11": (0, 2, 3, 5, 7, 10), "13": (0, 2, 4, 7, 9, 10),
}  # fmt: skip
_CHORD = re.compile(r"([A-G])([#b♯♭]?)(.*?)(?:/([A-G])([#b♯♭]?))?")


@lru_cache(maxsize=512)
def chord_pitches(name: str) -> tuple[int, ...]:
    """Pitch classes (0 = C), sorted, of a chord name.

    Raises:
        ConditionError: the name cannot be read.
    """
    match = _CHORD.fullmatch(name.strip())
    if match is None or match[3] not in _QUALITIES:
        raise ConditionError(
            f"chord {name!r} cannot be read: give a root from A to G, perhaps # or b, one of "
            f"{', '.join(q for q in _QUALITIES if q)} (or nothing for major), and perhaps a bass such as /E"
        )
    root = _ROOTS[match[1]] + _ACCIDENTALS[match[2]]
    pitches = {(root + interval) % 12 for interval in _QUALITIES[match[3]]}
    if match[4]:
        pitches.add((_ROOTS[match[4]] + _ACCIDENTALS[match[5]]) % 12)
    return tuple(sorted(pitches))


def normalise(chroma: Chroma) -> Chroma:
    """Scale each frame [n, 12] so that its largest value is 1; silent frames stay zero."""
    peak = chroma.max(axis=-1, keepdims=True)
    scaled: Chroma = np.divide(chroma, peak, out=np.zeros_like(chroma), where=peak > 0)
    return scaled


@lru_cache(maxsize=8)
def _chroma_filters(sample_rate: int, n_fft: int) -> npt.NDArray[np.float32]:
    """[n_fft / 2 + 1, 12]"""
    frequencies = np.arange(1, n_fft // 2 + 1) * sample_rate / n_fft
    pitch = 12 * np.log2(frequencies / 440.0) + 69
    distance = (pitch[:, None] - np.arange(12) + 6) % 12 - 6
    # a semitone wide, centred on the octaves where harmony lies (about middle C)
    weights = np.exp(-0.5 * (distance / 0.5) ** 2) * np.exp(-0.5 * ((pitch - 60) / 18) ** 2)[:, None]
    return np.pad(weights, ((1, 0), (0, 0))).astype(np.float32)


def chroma_of(wav: npt.ArrayLike, sample_rate: int, frame_rate: float, n_fft: int = CHROMA_WINDOW) -> Chroma:
    """Pitch-class strengths of sound.

    Args:
        wav: [C, T] or [T], float; an array, or a tensor on the CPU.
        sample_rate: in Hz.
        frame_rate: frames a second of the result.
        n_fft: analysis window in samples.
    Returns:
        [ceil(T / sample_rate * frame_rate), 12] float32 in [0, 1], each frame's largest value 1; silence is
        zero.
    Raises:
        ConditionError: the sound has no samples or is not finite, or the sample rate is not > 0.
    """
    if sample_rate <= 0:
        raise ConditionError(f"melody's sample rate is {sample_rate} Hz, must be > 0")
    sound = np.asarray(wav, dtype=np.float32)
    if not sound.size or not np.isfinite(sound).all():
        raise ConditionError(f"melody of shape {sound.shape} has no samples or values that are not finite")
    mono = sound.reshape(-1, sound.shape[-1]).mean(0)
    hop = sample_rate / frame_rate
    starts = np.rint(np.arange(int(np.ceil(mono.size / hop))) * hop).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(mono, (n_fft // 2, n_fft)), n_fft)
    blocks = np.array_split(starts, -(-len(starts) // _ANALYSED_TOGETHER))
    return np.concatenate([chroma_of_windows(windows[block], sample_rate) for block in blocks])


def chroma_of_windows(windows: Chroma, sample_rate: int) -> Chroma:
    """Pitch-class strengths [n, 12] of pieces of mono sound [n, n_fft], as of `chroma_of`, a piece each."""
    n_fft = windows.shape[1]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft).astype(np.float32)
    power = np.abs(np.fft.rfft(windows * hann)) ** 2
    audible = power.sum(-1, keepdims=True) > 1e-6 * n_fft
    return normalise((np.sqrt(power @ _chroma_filters(sample_rate, n_fft)) * audible).astype(np.float32))
