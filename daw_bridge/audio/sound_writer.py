"""A sound file that opens at any moment, also after the writing process was killed."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from daw_bridge.audio.wav_file import HEAD_BYTES, wav_form, wav_head, wav_size

FORMATS = {".flac": "FLAC", ".wav": "WAV"}

_FLAC_INFO = 8
_FLAC_TOTAL_BITS = (1 << 36) - 1


class SoundWriter:
    """Writes 24-bit FLAC or WAV, as the file's ending says. A WAV beyond 4 GB goes on as an RF64.

    libsndfile writes a header's length only when the file is closed, and opens neither a FLAC whose length is
    unknown nor, in full, a WAV whose length is 0. `keep` writes the present length into the header, so that
    the file holds everything up to the last `keep` whatever becomes of the process: for FLAC all whole
    blocks (4,096 samples each), for WAV all samples.

    Args:
        path: created; must not exist.

    Raises:
        ValueError: the ending is neither .flac nor .wav.
        OSError: the file exists, or its folder cannot be written.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        self.path = path
        self.frames = 0
        self._format = sound_format(path)
        self._sample_rate, self._channels = sample_rate, channels
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            self._file = soundfile.SoundFile(
                path, "w", samplerate=sample_rate, channels=channels, subtype="PCM_24",
                format="RF64" if self._format == "WAV" else self._format,
            )  # fmt: skip
        except soundfile.SoundFileError as error:
            os.close(self._descriptor)
            raise OSError(f"{path} cannot be written: {error}") from error

    def write(self, block: NDArray[np.float32]) -> None:
        """Append ``block`` [n, channels].

        Raises:
            OSError: the disk is full; what was written before stays.
        """
        try:
            self._file.write(block)
        except (soundfile.SoundFileError, AssertionError) as error:
            # libsndfile reports a short write by its count alone, which soundfile merely asserts
            raise OSError(str(error) or "the disk is full") from error
        self.frames += len(block)

    def keep(self) -> int:
        """Make the file hold what was written so far; returns the samples that it holds."""
        head = os.pread(self._descriptor, 128, 0)
        return self._keep_flac(head) if self._format == "FLAC" else self._keep_wav(head)

    def sync(self) -> None:
        """Have the disk take what the system holds: what is safe when the power fails."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Complete the file; on a full disk it ends at the last `keep`."""
        kept = os.pread(self._descriptor, 128, 0)
        try:
            self._file.close()
            if self._format == "WAV":
                self.keep()
        except soundfile.SoundFileError:
            os.pwrite(self._descriptor, kept, 0)
        finally:
            os.close(self._descriptor)

    def _keep_flac(self, head: bytes) -> int:
        if head[:4] != b"fLaC":
            return 0
        block = struct.unpack_from(">H", head, _FLAC_INFO)[0]
        # the encoder holds one sample back to see whether more follow
        held: int = max(0, self.frames - 1) // block * block
        word = int.from_bytes(head[_FLAC_INFO + 10 : _FLAC_INFO + 18], "big")
        word = word & ~_FLAC_TOTAL_BITS | held
        os.pwrite(self._descriptor, word.to_bytes(8, "big"), _FLAC_INFO + 10)
        return held

    def _keep_wav(self, head: bytes) -> int:
        place = head.find(b"data")
        if place < 0:
            return 0
        length = os.fstat(self._descriptor).st_size
        held = (length - place - 8) // (3 * self._channels)
        size = held * 3 * self._channels
        head = wav_head(length - HEAD_BYTES, size, held, grows=True)
        # libsndfile's is of the extensible form, which not every reader knows
        form = wav_form(self._channels, self._sample_rate, place - HEAD_BYTES)
        # in one go: whenever the process is killed, the sizes belong together
        os.pwrite(self._descriptor, head + form + b"data" + wav_size(size), 0)
        return held


def sound_format(path: Path) -> str:
    """``'FLAC'`` or ``'WAV'``, by the file's ending.

    Raises:
        ValueError: it is neither.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise ValueError(f"{path.name!r} ends in neither {' nor '.join(FORMATS)}") from None
