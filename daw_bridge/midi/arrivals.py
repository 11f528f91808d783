"""Arrivals: JACK ports that have come, so that one that was away for a moment is not taken for itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import activate_client, refuse_after_loss, server_lost

log = logging.getLogger(__name__)


class Arrivals:
    """Names of the JACK ports that have been registered, as the server tells them.

    Of a port that goes and comes back between two looks at the list the name is the same, but its connections
    are gone. `start` and `stop` are for one thread.
    """

    def __init__(self) -> None:
        self._client: Any = None
        self._names: set[str] = set()

    def start(self) -> None:
        """Begin to listen, unless that is done already; without JACK-Client, or a server, nothing is heard.
        To be called again, as a server may come."""
        if self._client is not None:
            return
        try:
            refuse_after_loss()
            self._client = activate_client("daw_bridge_arrivals", self._prepare)
        except DeviceError as error:
            log.debug("%s", error)

    def stop(self) -> None:
        """Listen no more; may be called more than once."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def keep(self, names: Iterable[str]) -> None:
        """Forget ports that are not there any more."""
        self._names -= self._names.difference(names)

    def replaced(self, name: str, ours: re.Pattern[str]) -> bool:
        """Whether a port of this name has come since the last time this was asked, and is not connected to
        one of ours."""
        if name not in self._names:
            return False
        self._names.discard(name)
        import jack

        try:
            others = self._client.get_all_connections(name)
        except jack.JackError:
            # it has gone again
            return True
        # the server may tell of a port after it has been found and connected
        return not any(ours.fullmatch(port.name) for port in others)

    def _prepare(self, client: Any) -> None:
        client.set_port_registration_callback(self._changed)
        client.set_shutdown_callback(server_lost)

    def _changed(self, port: Any, registered: bool) -> None:
        if registered:
            self._names.add(str(port.name))
