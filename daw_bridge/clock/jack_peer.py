"""TransportPeer: the process that watches JACK's transport, as the front knows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from daw_bridge.clock.jack_process import Absent, TransportEvent, transport_main
from daw_bridge.errors import DeviceError
from daw_bridge.side_process import end, spawn

NAME = "JACK transport"
START_S = 15.0
SILENT_S = 3.0

TransportMain = Callable[[Connection, str | None], None]


class TransportPeer:
    """Starts the process, hears what it says, and starts it anew when it dies or hangs.

    `newest` is for one thread and returns at once; `start`, `watch` and `stop` may take their time, and be
    called in others.

    Args:
        server: name of the JACK server; None for the usual one.
        main: what the process does; see `transport_main`.
    """

    def __init__(self, server: str | None = None, main: TransportMain = transport_main) -> None:
        self._server = server
        self._main = main
        self._lock = threading.Lock()
        self._wanted = False
        self._running: tuple[SpawnProcess, Connection] | None = None
        self._said: TransportEvent | None = None
        self._heard = 0.0
        self._fresh = True

    def start(self) -> None:
        """Start the process, and wait until it has looked.

        Raises:
            DeviceError: JACK-Client is missing, no server runs, or no process can be started.
        """
        self._wanted = True
        self._spawn()
        deadline = time.monotonic() + START_S
        while (said := self.newest()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if said is None or isinstance(said, Absent):
            self.stop()
            raise DeviceError(said.reason if said else f"{NAME}: its process is silent for {START_S:.0f} s")

    def stop(self) -> None:
        """End the process; may be called more than once."""
        with self._lock:
            self._wanted = False
            running, self._running = self._running, None
        if running is not None:
            end(*running)

    def watch(self) -> None:
        """Start the process anew where it has died or says nothing any more; a new one is given longer."""
        with self._lock:
            running = self._running
            ended = running is None or not running[0].is_alive()
            patience = START_S if self._fresh else SILENT_S
            if not self._wanted or not (ended or time.monotonic() - self._heard > patience):
                return
            self._running = None
            self._said = Absent(f"{NAME}: its process is started anew")
        if running is not None:
            end(*running)
        self._spawn()

    def newest(self) -> TransportEvent | None:
        """What it said last; None where it has said nothing yet."""
        with self._lock:
            if self._running is not None:
                self._listen(self._running[1])
            return self._said

    def _listen(self, connection: Connection) -> None:
        try:
            while connection.poll():
                self._said = connection.recv()
                self._heard, self._fresh = time.monotonic(), False
        except (EOFError, OSError):
            self._said = Absent(f"{NAME}: its process has ended")

    def _spawn(self) -> None:
        try:
            running = spawn(self._main, (self._server,), "jack-transport")
        except OSError as error:
            self._said = Absent(f"{NAME}: no process can be started: {error}")
            return
        with self._lock:
            wanted = self._wanted
            if wanted:
                self._heard, self._fresh = time.monotonic(), True
                self._running = running
        if not wanted:
            end(*running)
