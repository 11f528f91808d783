"""Recording of everything that is written to an output, in a thread of its own."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

MAX_WAITING_BLOCKS = 4000
MAX_BYTES = 2**32 - 2**20
SAMPLE_BYTES = 3


class Recorder:
    """Writes blocks to a 24-bit WAV without ever making the caller wait.

    When the disk is full or too slow, or the file as large as a WAV can be (4 GB, about 4 hours of stereo at
    48 kHz), the recording ends and `error` says why; the music goes on.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        self.path = path
        self.error = ""
        self._file = soundfile.SoundFile(
            path, "w", samplerate=sample_rate, channels=channels, subtype="PCM_24", format="WAV"
        )
        self._blocks: queue.SimpleQueue[NDArray[np.float32] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="recorder")
        self._thread.start()

    def write(self, block: NDArray[np.float32]) -> None:
        """Queue ``block`` [n, channels]; the caller must not change it afterwards."""
        if self.error:
            return
        if self._blocks.qsize() >= MAX_WAITING_BLOCKS:
            self.error = f"recording to {self.path} ended: the disk is too slow"
            return
        self._blocks.put(block)

    def close(self) -> None:
        """Write what waits and close the file; at most half a second."""
        self._blocks.put(None)
        self._thread.join(0.5)

    def _run(self) -> None:
        room = MAX_BYTES // SAMPLE_BYTES
        try:
            with self._file:
                while (block := self._blocks.get()) is not None:
                    room -= block.size
                    if room < 0:
                        self.error = f"recording to {self.path} ended: a WAV file holds no more than 4 GB"
                        return
                    self._file.write(block)
        except (OSError, soundfile.SoundFileError) as error:
            self.error = f"recording to {self.path} ended: {error}"
