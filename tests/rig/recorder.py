"""Records what a program sends to JACK, every block placed by the server's own frame counter."""

from __future__ import annotations

import time
from dataclasses import dataclass

import jack
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Recording:
    """Captured sound. `samples` is float32 [frames, channels]; `start` is the JACK frame of its first row.

    On a busy machine JACK may skip the recorder for a period. Such frames are false in `known` [frames] and
    zeros in `samples`; they say nothing about the daemon.
    """

    start: int
    rate: int
    samples: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]

    @property
    def lost(self) -> int:
        """How many frames the recorder missed."""
        return int(np.count_nonzero(~self.known))

    @property
    def mono(self) -> npt.NDArray[np.float32]:
        """The mean of the channels, [frames]."""
        mean: npt.NDArray[np.float32] = self.samples.mean(axis=1)
        return mean

    @property
    def marked(self) -> npt.NDArray[np.float32]:
        """As `mono`, with NaN where the recorder missed frames."""
        return np.where(self.known, self.mono, np.float32(np.nan))


class Recorder:
    """A JACK client that records all output ports of the other clients (the system's own ones excepted)."""

    def __init__(self, server: str, channels: int = 2) -> None:
        self._client = jack.Client("recorder", servername=server, no_start_server=True)
        self._inputs = [self._client.inports.register(f"in_{n}") for n in range(channels)]
        self._blocks: list[tuple[int, npt.NDArray[np.float32]]] = []
        self._client.set_process_callback(self._process)

    @property
    def rate(self) -> int:
        """Sample rate of the server."""
        return int(self._client.samplerate)

    def __enter__(self) -> Recorder:
        self._client.activate()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.deactivate()
        self._client.close()

    def connect(self, timeout: float = 5.0) -> None:
        """Connect the sounding program's ports; waits up to `timeout` seconds for them to appear."""
        deadline = time.monotonic() + timeout
        while True:
            ports = [
                port
                for port in self._client.get_ports(is_audio=True, is_output=True)
                if not port.name.startswith(("system:", "recorder:"))
            ]
            if ports:
                break
            if time.monotonic() > deadline:
                raise TimeoutError("no program offers audio ports on this JACK server")
            time.sleep(0.02)
        for source, target in zip(ports, self._inputs, strict=False):
            self._client.connect(source, target)

    def now(self) -> int:
        """The JACK frame that corresponds to this moment."""
        return int(self._client.frame_time)

    def frame_at(self, monotonic: float) -> int:
        """The JACK frame that corresponds to a reading of `time.monotonic()`."""
        return self.now() + round((monotonic - time.monotonic()) * self.rate)

    def clear(self) -> None:
        """Forget what was recorded so far."""
        self._blocks = []

    def forget(self, before: int) -> None:
        """Forget the blocks that end before a JACK frame."""
        old = sum(at + len(block) <= before for at, block in list(self._blocks))
        del self._blocks[:old]

    def record(self, seconds: float) -> Recording:
        """Record from now for so many seconds and return it."""
        start = self.now()
        time.sleep(seconds)
        return self.take(start, start + round(seconds * self.rate))

    def take(self, start: int | None = None, stop: int | None = None) -> Recording:
        """What was recorded between two JACK frames (by default everything since `clear`)."""
        blocks = list(self._blocks)
        if not blocks:
            nothing = np.zeros((0, len(self._inputs)), np.float32)
            return Recording(start or 0, self.rate, nothing, np.zeros(0, np.bool_))
        first = blocks[0][0] if start is None else start
        last = blocks[-1][0] + len(blocks[-1][1]) if stop is None else stop
        samples = np.zeros((max(last - first, 0), len(self._inputs)), np.float32)
        known = np.zeros(len(samples), np.bool_)
        for at, block in blocks:
            begin, end = max(at, first), min(at + len(block), last)
            if begin < end:
                samples[begin - first : end - first] = block[begin - at : end - at]
                known[begin - first : end - first] = True
        return Recording(first, self.rate, samples, known)

    def wait_for_sound(self, timeout: float, threshold: float = 1e-3) -> int:
        """Wait until something sounds and return the JACK frame of the first sample above `threshold`."""
        deadline = time.monotonic() + timeout
        seen = 0
        while time.monotonic() < deadline:
            blocks = self._blocks
            for at, block in blocks[seen:]:
                loud = np.flatnonzero(np.abs(block).max(axis=1) > threshold)
                if len(loud):
                    return int(at + loud[0])
            seen = len(blocks)
            time.sleep(0.01)
        raise TimeoutError(f"nothing sounded within {timeout} s")

    def _process(self, _frames: int) -> None:
        block = np.stack([port.get_array() for port in self._inputs], axis=1)
        self._blocks.append((int(self._client.last_frame_time), block))
