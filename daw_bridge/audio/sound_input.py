"""A sound input: PortAudio's callback runs in C (rtmixer) and fills a ring buffer."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.devices import (
    MAX_LATENCY_S,
    close_stream,
    find_input,
    portaudio,
    stated_latency,
)
from daw_bridge.audio.rtmixer_output import Drift
from daw_bridge.errors import DeviceError

RING_SAMPLES = 1 << 16
SILENT_DEVICE_S = 1.0


class SoundInput:
    """One channel of an input device, opened by name. Not for several threads.

    Args:
        device: see `daw_bridge.audio.devices.find_input`.
        channel: of the device, from 1.

    Raises:
        DeviceError: there is no such device or channel.
    """

    def __init__(self, device: str = "", channel: int = 1) -> None:
        found = find_input(device)
        if not 1 <= channel <= found.channels:
            raise DeviceError(
                f"sound input {found.name} has channels 1..{found.channels}, {channel} is none of them"
            )
        self.name = f"{found.name} ({found.host})"
        self.sample_rate = found.sample_rate
        self.channel = channel
        self._index, self._host = found.index, found.host
        self._recorder: Any = None
        self._ring: Any = None
        self._action: Any = None
        self._drift = Drift(self.sample_rate)
        self._shift = 0.0
        self._last_done = 0
        self._last_progress = 0.0

    @property
    def alive(self) -> bool:
        """Whether the stream runs and the callback has brought samples during the last second."""
        if self._recorder is None or not self._recorder.active:
            return False
        return time.monotonic() - self._last_progress < SILENT_DEVICE_S

    @property
    def latency_s(self) -> float:
        """Seconds from the sound to its sample, as PortAudio says; 0 where it does not know."""
        return stated_latency(self._recorder)

    def start(self) -> None:
        """Open the device.

        Raises:
            DeviceError: it refuses, or is busy.
        """
        portaudio()
        import rtmixer

        try:
            self._recorder = rtmixer.Recorder(
                device=self._index, samplerate=self.sample_rate, channels=self.channel, latency="low"
            )
            self._ring = rtmixer.RingBuffer(4, RING_SAMPLES)
            self._recorder.start()
            self._action = self._recorder.record_ringbuffer(self._ring, channels=[self.channel])
        except Exception as error:
            self.stop()
            raise DeviceError(
                f"sound input {self.name} does not open at {self.sample_rate} Hz, channel {self.channel}:"
                f" {error}"
            ) from error
        self._last_progress = time.monotonic()

    def read(self) -> NDArray[np.float32] | None:
        """The samples [n] that have come since the last call; None where some were lost in between, because
        nobody read for a second: then it begins anew at sample 0."""
        if self._recorder is None:
            return np.zeros(0, np.float32)
        if self._action not in self._recorder.actions:
            self._ring.flush()
            self._action = self._recorder.record_ringbuffer(self._ring, channels=[self.channel])
            self._drift, self._last_done = Drift(self.sample_rate), 0
            return None
        samples = np.frombuffer(bytes(self._ring.read()), np.float32)
        done = int(self._action.done_frames)
        if done != self._last_done:
            if not self._last_done:
                self._shift = self._nonsense(done)
            self._last_done, self._last_progress = done, time.monotonic()
            self._drift.observe(done - self._elapsed())
        return samples

    def time_of(self, sample: int) -> float:
        """When a sample sounded at the input, seconds of `time.monotonic`, by the device's own account of its
        latency."""
        ago = self._elapsed() - (sample - self._drift.correction)
        return time.monotonic() - ago / self.sample_rate

    def stop(self) -> None:
        """Close the device."""
        recorder, self._recorder, self._action = self._recorder, None, None
        if recorder is not None:
            close_stream(recorder, self._host)

    def _elapsed(self) -> float:
        """Samples of the stream's clock since the first one sounded."""
        elapsed: float = (self._recorder.time - self._action.actual_time) * self.sample_rate
        return elapsed - self._shift

    def _nonsense(self, done: int) -> float:
        """Samples by which the first ``done`` claim to have sounded earlier than can be."""
        self._shift = 0.0
        late = self._elapsed() - done
        return late if not -MAX_LATENCY_S <= late / self.sample_rate <= MAX_LATENCY_S else 0.0
