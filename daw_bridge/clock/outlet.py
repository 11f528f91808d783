"""Outlets: ways to give the instrument's clock to others, opened and closed while it plays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from daw_bridge.clock.internal import Moment
from daw_bridge.clock.jack_timebase import JackTimebase
from daw_bridge.clock.midi_out import MidiClockOut
from daw_bridge.clock.source import BeatLine
from daw_bridge.midi.port import OutputPort


class Outlet(Protocol):
    """Takes our clock to others.

    Attributes:
        name: for people.
    """

    name: str

    @property
    def connected(self) -> bool:
        """Whether what it was opened for is there."""

    def start(self) -> None:
        """Open it. Raises `DeviceError`."""

    def stop(self) -> None:
        """Close it; may be called twice."""

    def watch(self) -> None:
        """Look after it, a few times a second; may take its time."""

    def play(self, beat: float) -> None:
        """Our music begins at a beat."""

    def halt(self) -> None:
        """Our music has ended."""


class MidiOutlet:
    """MIDI clock, sent to a port by a thread of its own.

    Args:
        port, virtual, api: see `MidiClockPort`. line: see `MidiClockOut`.
    """

    def __init__(self, port: str, virtual: bool, api: int, line: Callable[[float], BeatLine]) -> None:
        self.name = f"MIDI clock to {port}"
        self._port = OutputPort(port, virtual, api, "clock out")
        self._out = MidiClockOut(self._port.send, line)

    @property
    def connected(self) -> bool:
        """Whether the port is there."""
        return self._port.connected

    def start(self) -> None:
        """See `Outlet.start`."""
        self._port.start()
        self._out.run_in_thread()

    def stop(self) -> None:
        """See `Outlet.stop`."""
        self._out.close()
        self._port.stop()

    def watch(self) -> None:
        """Open the port where it has come, close it where it has gone."""
        self._port.watch()

    def play(self, beat: float) -> None:
        """Start the others; see `MidiClockOut.play`."""
        self._out.play(beat)

    def halt(self) -> None:
        """Stop the others."""
        self._out.halt()


class JackOutlet:
    """Bar, beat and tempo for JACK's clients; their transport stays their own.

    Args:
        where, beats_per_bar: see `JackTimebase`. line: see `MidiClockOut`.
    """

    def __init__(
        self,
        where: Callable[[float], Moment],
        line: Callable[[float], BeatLine],
        beats_per_bar: Callable[[float], int],
    ) -> None:
        self.name = "JACK timebase"
        self._where = where
        self._tempo = lambda: line(time.monotonic()).bpm
        self._size = beats_per_bar
        self._timebase: JackTimebase | None = None

    @property
    def connected(self) -> bool:
        """Whether JACK has us as its master."""
        return self._timebase is not None and self._timebase.connected

    def start(self) -> None:
        """See `Outlet.start`."""
        self._timebase = JackTimebase(self._where, self._tempo, self._size)

    def stop(self) -> None:
        """See `Outlet.stop`."""
        timebase, self._timebase = self._timebase, None
        if timebase is not None:
            timebase.close()

    def watch(self) -> None:
        """A server that has ended is not looked for: its clients are left in this process."""

    def play(self, beat: float) -> None:
        """The transport is not ours to start."""

    def halt(self) -> None:
        """The transport is not ours to stop."""
