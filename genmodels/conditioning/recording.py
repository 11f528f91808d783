"""Recorded sound as a condition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt

from genmodels.errors import ConditionError


@dataclass(frozen=True, eq=False)
class Recording:
    """What a waveform conditioner hears: a melody, or an excerpt whose style is to be met.

    Picklable; compares by value.

    Args:
        wav: [C, T] float, T >= 1; kept as float32, read-only.
        sample_rate: in Hz, > 0.
    Raises:
        ConditionError: the sound has another shape, no samples, or samples that are not finite; or the rate
            is out of range.
    """

    wav: npt.NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        wav = np.array(self.wav, dtype=np.float32)
        if wav.ndim != 2 or not wav.size:
            raise ConditionError(f"recording has shape {wav.shape}, must be [channels >= 1, samples >= 1]")
        if not np.isfinite(wav).all():
            raise ConditionError("recording has samples that are not finite")
        if self.sample_rate <= 0:
            raise ConditionError(f"recording's sample_rate is {self.sample_rate} Hz, must be > 0")
        wav.setflags(write=False)
        object.__setattr__(self, "wav", wav)

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.wav.shape[1] / self.sample_rate)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Recording)
            and self.sample_rate == other.sample_rate
            and np.array_equal(self.wav, other.wav)
        )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.sample_rate, self.wav.shape, crc32(self.wav.tobytes())))

    def __reduce__(self) -> tuple[type[Recording], tuple[npt.NDArray[np.float32], int]]:
        return Recording, (self.wav, self.sample_rate)
