"""Network: everything of a daemon that other programs reach over sockets, put together."""

from __future__ import annotations

import socket
from collections.abc import Callable

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.intake import Intake
from daw_bridge.control.osc import OscServer
from daw_bridge.control.port import AddressError, listen
from daw_bridge.control.tcp import TcpServer
from daw_bridge.decks.protocol import Notice
from daw_bridge.errors import PortInUseError
from daw_bridge.options import Setup


class Network:
    """OSC over UDP and TCP.

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
        self._notify = notify
        intake = Intake(dispatcher)
        reply_port = int(setup.options["reply_port"])
        self._udp = OscServer(sock, dispatcher, setup.allow, reply_port, intake)
        self._tcp: TcpServer | None = None
        if setup.options["tcp"]:
            host, port = sock.getsockname()[:2]
            tcp = self._listen(host, port, "tcp=0")
            if tcp is not None:
                self._tcp = TcpServer(tcp, intake, self._udp.guard)

    @property
    def text(self) -> str:
        """What is spoken, for people."""
        return "OSC over UDP and TCP" if self._tcp else "OSC over UDP"

    async def start(self) -> None:
        """Begin to serve."""
        await self._udp.start()
        if self._tcp is not None:
            await self._tcp.start()

    def close(self) -> None:
        """Serve nobody any more, and give the ports back."""
        self._udp.close()
        if self._tcp is not None:
            self._tcp.close()

    def _listen(self, host: str, port: int, without: str) -> socket.socket | None:
        try:
            return listen(host, port)
        except (PortInUseError, AddressError) as error:
            self._notify(Notice("warning", f"{error}, or do without it by {without}"))
            return None
