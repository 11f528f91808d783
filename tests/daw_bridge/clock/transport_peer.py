"""A JACK server's transport that a test moves, in place of the process that watches one."""

from __future__ import annotations

import time

from daw_bridge.clock.jack_peer import TransportPeer
from daw_bridge.clock.jack_process import Absent, Bars, Look, TransportEvent


class FakePeer(TransportPeer):
    """Attributes:
    absent: there is no server.
    bpm, size: those of a timebase master, or 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.absent = False
        self.bpm, self.size = 0.0, 4
        self._began: float | None = None
        self._place = 0.0

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def watch(self) -> None:
        pass

    def roll(self) -> None:
        """Start the transport, now."""
        self._began = time.monotonic()

    def halt(self) -> None:
        """Stop it where it is."""
        self._place, self._began = self._seconds(), None

    def end(self) -> None:
        """The server ends; its successor's transport stands at frame 0, without a master."""
        self.absent, self.bpm = True, 0.0
        self._place, self._began = 0.0, None

    def newest(self) -> TransportEvent | None:
        if self.absent:
            return Absent("there is no server")
        now, seconds = time.monotonic(), self._seconds()
        bars = Bars(seconds * self.bpm / 60.0, self.bpm, self.size) if self.bpm else None
        return Look(now, self._began is not None, seconds, bars)

    def _seconds(self) -> float:
        return self._place + (time.monotonic() - self._began if self._began is not None else 0.0)
