"""Clients of a JACK server, through JACK-Client (optional)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from typing import Any

from daw_bridge.errors import DeviceError

EXTRA = "JACK transport needs JACK-Client: pip install -e '.[jack]'"

log = logging.getLogger(__name__)

_lost = threading.Event()


def server_lost(*_: object) -> None:
    """Remember, for the life of this process, that a JACK server has ended under one of its clients."""
    _lost.set()


def server_was_lost() -> bool:
    """Whether `server_lost` was called."""
    return _lost.is_set()


def refuse_after_loss() -> None:
    """To be called before a client is opened in a process that may have had others: one that is opened beside
    what a server that ended has left behind can crash the process.

    Raises:
        DeviceError: `server_lost` was called.
    """
    if server_was_lost():
        raise DeviceError(
            "JACK: the server that this instrument was connected to has ended, and nothing can safely be "
            "opened on another: restart the instrument to use JACK again"
        )


def open_client(name: str, server: str | None = None) -> Any:
    """A JACK client, not activated.

    Raises:
        DeviceError: JACK-Client or its library is missing, or no server runs.
    """
    try:
        jack = import_module("jack")
    except (ImportError, OSError) as error:
        raise DeviceError(f"{EXTRA} ({error})") from error
    # what it says goes to standard error otherwise, several lines each time that no server is found
    jack.set_error_function(log.debug)
    try:
        return jack.Client(name, servername=server, no_start_server=True)
    except jack.JackError as error:
        which = f"server {server}" if server else "server"
        raise DeviceError(f"JACK transport: no JACK {which} can be reached: {error}") from error


def activate_client(name: str, prepare: Callable[[Any], None], server: str | None = None) -> Any:
    """A JACK client that is activated; where that fails it is closed.

    Args:
        prepare: called with the client before, to set its callbacks.

    Raises:
        DeviceError: see `open_client`; or the server ended meanwhile, or refused; or `prepare` raised it.
    """
    client = open_client(name, server)
    try:
        prepare(client)
        client.activate()
    except Exception as error:
        client.close()
        if isinstance(error, import_module("jack").JackError):
            raise DeviceError(
                f"JACK: the server ended while {name} was opened, or refused it: {error}"
            ) from error
        raise
    return client


def jack_period_s(server: str | None = None) -> float:
    """Length of the JACK server's period, seconds: the grain of MIDI that rtmidi takes from it.

    Raises:
        DeviceError: see `open_client`.
    """
    with closing(open_client("daw_bridge_probe", server)) as client:
        return float(client.blocksize / client.samplerate)
