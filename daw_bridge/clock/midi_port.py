"""A MIDI input for the clock, through python-rtmidi: its timestamps, and ports that come and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from daw_bridge.clock.midi_clock import MidiClockSource
from daw_bridge.clock.source import Reading
from daw_bridge.errors import DeviceError

WATCH_EVERY_S = 1.0
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

    The port is opened by name (the first whose name contains it) and, as systems do not tell, looked for
    every second: it may appear later, disappear, and come back under another number.

    Args:
        port: part of the name of a port, or, with ``virtual``, the name of the port to make.
        virtual: make a port that others connect to; not on Windows.
        api: one of rtmidi's API numbers; 0 takes the system's usual one.
        grain_s: seconds; the length of JACK's period where the API is JACK's (see `jack_period_s`), as rtmidi
            stamps what comes in one period alike.
    """

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
        self._port = port
        self._virtual = virtual
        self._api = api
        self._clock = clock
        self._midi: Any = None
        self._opened = ""
        self._timestamps = Timestamps()
        self._watch_due = 0.0

    def start(self) -> None:
        """Open the port, or begin to look for it.

        Raises:
            DeviceError: the system's MIDI cannot be used, or makes no virtual ports.
        """
        import rtmidi

        try:
            self._midi = rtmidi.MidiIn(self._api, "daw_bridge")
            # without this rtmidi leaves out the clock
            self._midi.ignore_types(sysex=True, timing=False, active_sense=True)
            self._midi.set_callback(self._received)
            if self._virtual:
                self._midi.open_virtual_port(self._port)
                self._opened = self._port
        except (rtmidi.RtMidiError, NotImplementedError) as error:
            self.stop()
            raise DeviceError(f"MIDI input {self._port!r} cannot be opened: {error}") from error
        self._watch()

    def stop(self) -> None:
        """Close the port."""
        midi, self._midi, self._opened = self._midi, None, ""
        if midi is not None:
            midi.cancel_callback()
            midi.close_port()
            midi.delete()
        self.clock_source.stop()

    @property
    def connected(self) -> bool:
        """Whether the port is there."""
        return bool(self._opened)

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`."""
        if self._midi is not None and not self._virtual and now >= self._watch_due:
            self._watch_due = now + WATCH_EVERY_S
            self._watch()
        return self.clock_source.read(now)

    def _watch(self) -> None:
        """Open the port where it has come, close it where it has gone."""
        if self._virtual:
            return
        names: list[str] = self._midi.get_ports()
        if self._opened and self._opened not in names:
            self._midi.close_port()
            self._opened = ""
        if self._opened:
            return
        number = next((n for n, name in enumerate(names) if self._port in name), None)
        if number is not None:
            self._timestamps = Timestamps()
            self._midi.open_port(number, "clock")
            self._opened = names[number]

    def _received(self, event: tuple[list[int], float], _data: object = None) -> None:
        message, delta = event
        self.clock_source.receive(bytes(message), self._timestamps.arrived(delta, self._clock()))
