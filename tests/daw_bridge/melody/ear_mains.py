"""What processes that listen do in tests: see `ear_main`."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

from daw_bridge.melody.ear_process import Deaf, Listening
from daw_bridge.melody.live_chroma import ChromaFrame

A = (*[0.0] * 9, 1.0, 0.0, 0.0)


def hears_an_a(connection: Connection, device: str, channel: int) -> None:
    """Opens, hears one frame, and waits for the end."""
    connection.send(Listening(f"{device} {channel}", 0.01))
    connection.send((ChromaFrame(time.monotonic(), A, -10.0),))
    connection.poll(30.0)


def dies(connection: Connection, device: str, channel: int) -> None:
    """Opens and is gone at once."""
    connection.send(Listening(device, 0.0))
    os._exit(1)


def finds_nothing(connection: Connection, device: str, channel: int) -> None:
    """There is no such input."""
    connection.send(Deaf(f"sound input {device!r} was not found", lost=False))
    connection.poll(30.0)
