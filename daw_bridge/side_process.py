"""Processes that serve the front: started with a pipe to it, ended without waiting long."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from daw_bridge.priority import given_up

ENDING_S = 0.4


def spawn(main: Callable[..., None], args: tuple[object, ...], name: str) -> tuple[SpawnProcess, Connection]:
    """Start ``main(connection, *args)`` in a process of its own, without our precedence; it should end when
    the connection closes. Returns the process and our end.

    Raises:
        OSError: no process can be started.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=True)
    process = context.Process(target=main, args=(theirs, *args), daemon=True, name=name)
    with given_up():
        process.start()
    theirs.close()
    return process, ours


def end(process: SpawnProcess, connection: Connection) -> None:
    """Close the connection, and see to it that the process has ended; takes 0.8 s at most."""
    connection.close()
    process.join(ENDING_S)
    if process.is_alive():
        process.kill()
        process.join(ENDING_S)
