"""Recording of everything that is written to an output, in a thread of its own."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.backlog import Backlog
from daw_bridge.audio.sound_writer import SoundWriter

PERIOD_S = 0.1
KEEP_EVERY_S = 0.25
SYNC_EVERY_S = 2.0
MAX_WAITING_S = 20.0
CLOSE_LIMIT_S = 0.5


class Recorder:
    """Writes blocks to a 24-bit WAV or FLAC without ever making the caller wait.

    Whatever happens to the process, the file opens and lacks at most the last half second. When the disk is
    full or too slow the recording ends and `error` says why; the music goes on.

    Args:
        path: WAV or FLAC by its ending; a number is added to the name where the file exists already.

    Raises:
        ValueError: the ending is neither .wav nor .flac.
        OSError: the file cannot be created.

    Attributes:
        path: where it really is.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        self.path = free_path(path)
        self.error = ""
        self._writer = SoundWriter(self.path, sample_rate, channels)
        self._blocks: Backlog[NDArray[np.float32]] = Backlog(round(MAX_WAITING_S * sample_rate))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="recorder")
        self._thread.start()

    def write(self, start: int, block: NDArray[np.float32]) -> None:
        """Queue ``block`` [n, channels]; the caller must not change it afterwards.

        Args:
            start: output sample of its first; a recording is gapless, so it is not needed here.
        """
        if not self.error and not self._blocks.put(block, len(block)):
            self.error = f"recording to {self.path} ended: the disk is too slow"

    def close(self) -> None:
        """Write what waits and close the file; at most half a second."""
        self._ended.set()
        self._thread.join(CLOSE_LIMIT_S)

    def _run(self) -> None:
        keeping = syncing = time.monotonic()
        try:
            last = False
            while not last and not self.error:
                last = self._ended.wait(PERIOD_S)
                for block in joined(self._blocks.take()):
                    self._writer.write(block)
                now = time.monotonic()
                if now - keeping >= KEEP_EVERY_S:
                    keeping = now
                    self._writer.keep()
                if now - syncing >= SYNC_EVERY_S:
                    syncing = now
                    self._writer.sync()
        except OSError as error:
            self.error = f"recording to {self.path} ended: {error}"
        finally:
            self._writer.close()


def joined(blocks: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Many small blocks as one, so that writing them takes one call; none for none."""
    return [np.concatenate(blocks)] if blocks else []


def free_path(path: Path) -> Path:
    """The path, or with the first number added under which no file exists: a recording overwrites nothing."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found
