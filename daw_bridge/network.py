"""Network: everything of a daemon that other programs reach over sockets, put together."""

from __future__ import annotations

import asyncio
import importlib
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.intake import Intake
from daw_bridge.control.osc import OscServer
from daw_bridge.control.port import AddressError, is_loopback, listen
from daw_bridge.control.tcp import TcpServer
from daw_bridge.decks.protocol import Notice
from daw_bridge.errors import PortInUseError
from daw_bridge.options import Setup

if TYPE_CHECKING:
    from daw_bridge.control.announce import Announcement
    from daw_bridge.control.oscquery.server import OscQueryServer

_OSCQUERY = "daw_bridge.control.oscquery.server"
_NOT_ANNOUNCED = "the instrument is not announced by mDNS"
_ANY = ("0.0.0.0", "::")


class Network:
    """OSC over UDP and TCP, OSCQuery, and their announcement.

    Clients may knock from the beginning and are served from `start` on. What cannot be had besides UDP is
    told by a notice, and the rest works.

    Args:
        sock: the UDP socket, from `daw_bridge.control.port.bind`.
        notify: takes what people should know.

    Raises:
        AddressError: others can reach the host and there is no allow-list, or it cannot be read.
    """

    def __init__(
        self, setup: Setup, sock: socket.socket, dispatcher: Dispatcher, notify: Callable[[Notice], None]
    ) -> None:
        options = setup.options
        self._notify = notify
        self._host, self._port = sock.getsockname()[:2]
        self._intake = Intake(dispatcher)
        self._udp = OscServer(sock, dispatcher, setup.allow, int(options["reply_port"]), self._intake)
        tcp = self._listen(self._port, "port", "tcp=0") if options["tcp"] else None
        self._tcp = TcpServer(tcp, self._intake, self._udp.guard) if tcp else None
        query_port = int(options["oscquery"])
        self._query_sock = self._listen(query_port, "oscquery", "oscquery=0") if query_port else None
        self._query: OscQueryServer | None = None
        self._announces = bool(options["announce"]) and not is_loopback(self._host)
        self._announcement: Announcement | None = None
        self._announcing: asyncio.Task[None] | None = None
        # it takes the better part of a second, in which the model loads anyway
        self._importing = threading.Thread(target=_import_oscquery, daemon=True)
        if self._query_sock is not None:
            self._importing.start()

    @property
    def text(self) -> str:
        """What is spoken, for people."""
        text = "OSC over UDP and TCP" if self._tcp else "OSC over UDP"
        return f"{text}, OSCQuery on {self.query_port}" if self._query else text

    @property
    def query_port(self) -> int:
        """Port of OSCQuery; 0 without it."""
        return 0 if self._query_sock is None else int(self._query_sock.getsockname()[1])

    async def start(self) -> None:
        """Begin to serve."""
        await self._udp.start()
        if self._tcp is not None:
            await self._tcp.start()
        if self._query_sock is not None:
            await self._start_query(self._query_sock)
        if self._announces:
            self._announcing = asyncio.get_running_loop().create_task(self._announce())

    def close(self) -> None:
        """Serve nobody any more, and give the ports back."""
        self._udp.close()
        for server in (self._tcp, self._query):
            if server is not None:
                server.close()
        if self._query_sock is not None:
            self._query_sock.close()

    async def closed(self) -> None:
        """After `close`: say goodbye to who found the instrument by its announcement."""
        if self._announcing is not None:
            self._announcing.cancel()
            with suppress(asyncio.CancelledError):
                await self._announcing
        if self._announcement is not None:
            await self._announcement.close()

    async def _start_query(self, sock: socket.socket) -> None:
        while self._importing.is_alive():
            await asyncio.sleep(0.01)
        try:
            from daw_bridge.control.oscquery.server import OscQueryServer
        except ImportError as error:
            self._notify(Notice("warning", f"there is no OSCQuery: {error}"))
            sock.close()
            return
        self._query = OscQueryServer(sock, self._intake, self._udp.guard, self._port)
        await self._query.start()

    async def _announce(self) -> None:
        try:
            from daw_bridge.control import announce
        except ImportError as error:
            self._notify(Notice("warning", f"{_NOT_ANNOUNCED}: {error}"))
            return
        ports = {announce.OSC_UDP: self._port}
        if self._tcp is not None:
            ports[announce.OSC_TCP] = self._port
        if self._query is not None:
            ports[announce.OSC_QUERY] = self.query_port
        addresses = () if self._host in _ANY else (self._host,)
        self._announcement = announce.Announcement(ports, addresses)
        try:
            await self._announcement.start()
        except OSError as error:
            self._notify(Notice("warning", f"{_NOT_ANNOUNCED}: {error}"))

    def _listen(self, port: int, option: str, without: str) -> socket.socket | None:
        try:
            return listen(self._host, port, option)
        except (PortInUseError, AddressError) as error:
            self._notify(Notice("warning", f"{error}, or do without it by {without}"))
            return None


def _import_oscquery() -> None:
    with suppress(ImportError):
        importlib.import_module(_OSCQUERY)
