"""A MIDI input for the clock, through python-rtmidi: its timestamps, and ports that come and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from daw_bridge.clock.midi_clock import MidiClockSource
from daw_bridge.clock.source import Reading
from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import jack_period_s
from daw_bridge.midi.port import InputPort

LEAK = 1e-4
RESET_S = 0.25


class Timestamps:
    """Lays a stream's own timestamps on the host's time.

    A message reaches us late by a varying time, never early: the smallest lateness seen is the offset between
    the two clocks. It may grow again by 0.1 ms a second, as the clocks may drift apart.
    """

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._offset: float | None = None
        self._seen = 0.0

    def arrived(self, delta: float, now: float) -> float:
        """The host's time of a message that came ``delta`` seconds after the one before, taken at ``now``."""
        self._elapsed += max(0.0, delta)
        late = now - self._elapsed
        if self._offset is None or abs(late - self._offset) > RESET_S:
            self._offset = late
        else:
            self._offset = min(late, self._offset + LEAK * (now - self._seen))
        self._seen = now
        return self._elapsed + self._offset


class MidiClockPort:
    """A `MidiClockSource` with a port of its own.

    The port is opened by name (the first whose name contains it) and, as systems do not tell, looked for by
    each `watch`: it may appear later, disappear, and come back under another number.

    Args:
        port: part of the name of a port, or, with ``virtual``, the name of the port to make.
        virtual: make a port that others connect to; not on Windows.
        api: one of rtmidi's API numbers; 0 takes the system's usual one.
        grain_s: seconds; rtmidi stamps alike what comes in one period of JACK, so where the API turns out to
            be JACK's, 0 is the length of its period.
    """

    has_transport = True
    meter_owner = ""

    def __init__(
        self,
        port: str,
        virtual: bool = False,
        api: int = 0,
        beats_per_bar: int = 4,
        grain_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock_source = MidiClockSource(f"MIDI clock from {port}", beats_per_bar, grain_s)
        self.name = self.clock_source.name
        self._clock = clock
        self._grain_s = grain_s
        self._port = InputPort(port, self._received, virtual, api, "clock", opening=self._begin)
        self._timestamps = Timestamps()

    def start(self) -> None:
        """Open the port, or begin to look for it.

        Raises:
            DeviceError: the system's MIDI cannot be used, or makes no virtual ports.
        """
        self._port.start()
        if not self._grain_s and self._port.uses_jack:
            # without JACK-Client the period is not known, and taken for short
            with suppress(DeviceError):
                self.clock_source.set_grain(jack_period_s())

    def stop(self) -> None:
        """Close the port."""
        self._port.stop()
        self.clock_source.stop()

    @property
    def connected(self) -> bool:
        """Whether the port is there."""
        return self._port.connected

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`."""
        return self.clock_source.read(now)

    def watch(self) -> None:
        """Open the port where it has come, close it where it has gone."""
        self._port.watch()

    @property
    def tempo_owner(self) -> str:
        """See `MidiClockSource.tempo_owner`."""
        return self.clock_source.tempo_owner

    def set_tempo(self, bpm: float) -> None:
        """See `MidiClockSource.set_tempo`."""
        self.clock_source.set_tempo(bpm)

    def set_meter(self, beats_per_bar: int) -> None:
        """See `MidiClockSource.set_meter`."""
        self.clock_source.set_meter(beats_per_bar)

    def _begin(self) -> None:
        self._timestamps = Timestamps()

    def _received(self, data: bytes, delta: float) -> None:
        self.clock_source.receive(data, self._timestamps.arrived(delta, self._clock()))
