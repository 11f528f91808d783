"""The sound card: PortAudio's callback runs in C (rtmixer) and takes samples from a ring buffer."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.devices import close_stream, find_output, portaudio, stated_latency
from daw_bridge.audio.output import MAX_LEAD_S
from daw_bridge.errors import DeviceError

SILENT_DEVICE_S = 1.0
DRIFT_GAIN = 0.02
DRIFT_SETTLING = 64
DRIFT_JUMP_S = 0.05


class RtmixerOutput:
    """An output device, opened by name.

    Python never runs in the device's callback. When the ring runs empty rtmixer's playing action ends for
    good: `writable` notices, counts an underrun and starts a new one as soon as the lead has been filled
    again. What the device itself reports as an underflow (a sound server or a callback that came too late)
    counts as an xrun.

    Args:
        device: see `daw_bridge.audio.devices.find_output`.
        sample_rate: Hz; 0 takes the device's own.
        blocksize: frames of a callback; 0 lets the device choose.
        lead_s: seconds kept in the ring.
        first_sample: number of the first sample, where an output takes over from another.

    Raises:
        DeviceError: there is no such device.
    """

    def __init__(
        self,
        device: str = "",
        sample_rate: int = 0,
        channels: int = 2,
        blocksize: int = 0,
        lead_s: float = 0.05,
        first_sample: int = 0,
    ) -> None:
        found = find_output(device)
        self.name = f"{found.name} ({found.host})"
        self.sample_rate = sample_rate or found.sample_rate
        self.channels = min(channels, found.channels)
        self.blocksize = blocksize
        self.lead_s = lead_s
        self.underruns = 0
        self.silence_s = 0.0
        self.xruns = 0
        self._index, self._host = found.index, found.host
        self._written = first_sample
        self._mixer: Any = None
        self._ring: Any = None
        self._action: Any = None
        self._action_first = first_sample
        self._seen_xruns = 0
        self._ran_dry: float | None = None
        self._drift = Drift(self.sample_rate)
        self._last_done = 0
        self._last_progress = 0.0

    @property
    def latency_s(self) -> float:
        """The lead in the ring and what PortAudio says of the device."""
        return self.lead_s + stated_latency(self._mixer)

    @property
    def _lead(self) -> int:
        return round(self.lead_s * self.sample_rate)

    @property
    def written(self) -> int:
        """Number of the next sample."""
        return self._written

    @property
    def alive(self) -> bool:
        """Whether the stream runs and the callback has taken samples during the last second."""
        if self._mixer is None or not self._mixer.active:
            return False
        return self._action is None or time.monotonic() - self._last_progress < SILENT_DEVICE_S

    def start(self) -> None:
        """Open the device and let the callback run; sound begins when the lead has been written.

        Raises:
            DeviceError: the device refuses this rate, block size or channel count, or is busy.
        """
        portaudio()
        import rtmixer

        largest = round(max(MAX_LEAD_S, self.lead_s) * self.sample_rate)
        size = 1 << max(10, (2 * largest).bit_length())
        try:
            self._mixer = rtmixer.Mixer(
                device=self._index,
                samplerate=self.sample_rate,
                channels=self.channels,
                blocksize=self.blocksize,
                latency="low",
            )
            self._ring = rtmixer.RingBuffer(4 * self.channels, size)
            self._mixer.start()
        except Exception as error:
            self.stop()
            raise DeviceError(
                f"sound device {self.name!r} does not open at {self.sample_rate} Hz,"
                f" {self.channels} channels, blocks of {self.blocksize}: {error}"
            ) from error
        self._last_progress = time.monotonic()

    def stop(self) -> None:
        """Stop at once and close the device."""
        mixer, self._mixer, self._action = self._mixer, None, None
        if mixer is not None:
            close_stream(mixer, self._host)

    def writable(self) -> int:
        """Frames missing to the lead; also watches over the playing action."""
        if self._mixer is None:
            return 0
        self._watch()
        return max(0, self._lead - int(self._ring.read_available))

    def write(self, block: NDArray[np.float32]) -> None:
        """Append ``block`` [n, channels] to the ring and start playing once the lead is there."""
        if self._mixer is None:
            return
        self._written += int(self._ring.write(np.ascontiguousarray(block, np.float32)))
        if self._action is None and self._ring.read_available >= self._lead:
            self._action_first = self._written - int(self._ring.read_available)
            self._drift, self._last_done, self._seen_xruns = Drift(self.sample_rate), 0, 0
            self._action = self._mixer.play_ringbuffer(self._ring)
            self._last_progress = time.monotonic()

    def position(self) -> float:
        """Output sample being heard: from the stream's clock, corrected by what the callback has taken."""
        mixer, action = self._mixer, self._action
        if mixer is None or action is None or action.actual_time <= 0:
            return float(self._action_first)
        elapsed: float = (mixer.time - action.actual_time) * self.sample_rate
        return min(self._action_first + max(0.0, elapsed + self._drift.correction), float(self._written))

    def _watch(self) -> None:
        action = self._action
        if action is None:
            return
        if self._ran_dry is not None and action.actual_time > 0:
            self.silence_s += max(0.0, action.actual_time - self._ran_dry)
            self._ran_dry = None
        xruns = int(action.stats.output_underflows)
        self.xruns += xruns - self._seen_xruns
        self._seen_xruns = xruns
        if action not in self._mixer.actions:
            self.underruns += 1
            sounded = action.done_frames - self._drift.correction
            self._ran_dry = action.actual_time + sounded / self.sample_rate
            self._action = None
            self._action_first = self._written - int(self._ring.read_available)
            return
        done = int(action.done_frames)
        if done == self._last_done:
            return
        self._last_done, self._last_progress = done, time.monotonic()
        self._drift.observe(done - (self._mixer.time - action.actual_time) * self.sample_rate)


class Drift:
    """How far the device's sample count has left the stream's clock since the beginning.

    The two differ by a constant (the device's latency), by jitter (the moment of looking), by the drift of
    one clock against the other, and by jumps (samples that the device dropped).
    """

    def __init__(self, sample_rate: int) -> None:
        self._jump = DRIFT_JUMP_S * sample_rate
        self._seen = 0
        self._mean = 0.0
        self._base = 0.0
        self.correction = 0.0

    def observe(self, difference: float) -> None:
        """Take one difference between frames done and the clock, in samples."""
        self._seen += 1
        if self._seen <= DRIFT_SETTLING:
            self._base += (difference - self._base) / self._seen
            self._mean = self._base
        elif abs(difference - self._mean) > self._jump:
            self._mean = difference
        else:
            self._mean += DRIFT_GAIN * (difference - self._mean)
        self.correction = self._mean - self._base
