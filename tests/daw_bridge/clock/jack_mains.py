"""What processes that watch a transport do in tests: see `transport_main`. They say who they are in place of
the transport's seconds."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

from daw_bridge.clock.jack_process import Absent, Look


def looks_once(connection: Connection, server: str | None) -> None:
    """Looks, and waits for the end."""
    connection.send(Look(time.monotonic(), False, os.getpid(), None))
    connection.poll(30.0)


def looks_and_dies(connection: Connection, server: str | None) -> None:
    """Looks once, and is gone soon."""
    connection.send(Look(time.monotonic(), False, os.getpid(), None))
    time.sleep(1.0)
    os._exit(1)


def finds_nothing(connection: Connection, server: str | None) -> None:
    """There is no server."""
    connection.send(Absent(f"JACK transport: no JACK server {server} can be reached"))
    connection.poll(30.0)
