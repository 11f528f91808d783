"""Random crops of the audio files of a corpus folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from genmodels.errors import ConfigError


@dataclass(frozen=True)
class AudioFile:
    """A file and its length in samples."""

    path: Path
    frames: int


class AudioCrops:
    """Draws crops of equal length from all FLAC files of a folder, the same for the same key.

    Args:
        folder: holds *.flac, mono, all at `sample_rate`.
        sample_rate: samples per second that the files must have.
        length: samples per crop; shorter files are left out.
        entry_share: share of crops that begin with silence, up to half of them.

    Raises:
        ConfigError: the folder has no usable file, or a file has another rate or channel count.
    """

    def __init__(self, folder: Path, sample_rate: int, length: int, entry_share: float = 0.05) -> None:
        self.length, self.entry_share = length, entry_share
        self.files = []
        for path in sorted(folder.glob("*.flac")):
            info = soundfile.info(path)
            if info.samplerate != sample_rate or info.channels != 1:
                raise ConfigError(
                    f"{path}: {info.samplerate} Hz with {info.channels} channels; "
                    f"needed are {sample_rate} Hz and 1 channel"
                )
            if info.frames >= length:
                self.files.append(AudioFile(path, info.frames))
        if not self.files:
            raise ConfigError(f"{folder}: no FLAC file of at least {length} samples; compose a corpus first")

    def batch(self, size: int, key: tuple[int, ...]) -> Tensor:
        """Crops [size, 1, length] drawn by a generator that depends on `key` alone."""
        generator = np.random.default_rng(key)
        return torch.stack([self._crop(generator) for _ in range(size)])[:, None]

    def _crop(self, generator: np.random.Generator) -> Tensor:
        file = self.files[int(generator.integers(len(self.files)))]
        start = int(generator.integers(file.frames - self.length + 1))
        samples, _ = soundfile.read(file.path, frames=self.length, start=start, dtype="float32")
        if generator.random() < self.entry_share:
            samples[: int(generator.integers(self.length // 2))] = 0
        # a random gain and polarity keep the codec from leaning on the corpus's loudness
        gain = 10 ** (generator.uniform(-14, 1) / 20) * (1 if generator.random() < 0.5 else -1)
        return torch.from_numpy(np.clip(samples * gain, -1, 1))
