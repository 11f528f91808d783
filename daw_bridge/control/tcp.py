"""OSC over TCP: connections that send packets by SLIP or by their lengths, and are answered alike."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque

from daw_bridge.control.framing import Framing, framing_of
from daw_bridge.control.guard import Guard
from daw_bridge.control.intake import Intake
from daw_bridge.control.packet import encode
from daw_bridge.errors import MalformedPacketError

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 64
MAX_UNSENT = 1 << 20
SLICE = 64
LINGER_S = 0.5
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class TcpServer:
    """Takes up to `MAX_CONNECTIONS` connections and hands their packets to an intake.

    Args:
        sock: from `daw_bridge.control.port.listen`; closed by `close`.
        intake: takes the packets.
        guard: says who may play; others are hung up on.
    """

    def __init__(self, sock: socket.socket, intake: Intake, guard: Guard) -> None:
        self.intake = intake
        self._sock = sock
        self._guard = guard
        self._server: asyncio.Server | None = None
        self.connections: set[Connection] = set()

    async def start(self) -> None:
        """Begin to take connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=self._sock)

    def close(self) -> None:
        """Hang up on everybody and give the port back."""
        if self._server is not None:
            self._server.close()
        self._sock.close()
        for connection in list(self.connections):
            connection.hang_up()

    def admits(self, host: str) -> bool:
        """Whether a connection from there is taken."""
        if not self._guard.admits(host):
            return False
        if len(self.connections) >= MAX_CONNECTIONS:
            log.warning("%s is hung up on: there are %d connections already", host, MAX_CONNECTIONS)
            return False
        return True


class Connection(asyncio.Protocol):
    """One TCP connection, a `daw_bridge.control.client.Client`.

    The first byte says how packets follow each other, see `daw_bridge.control.framing.framing_of`. A packet
    that is no OSC is answered by an error. A stream that cannot be read on ends the connection, as does a
    client that leaves more than `MAX_UNSENT` bytes of answers unread.
    """

    def __init__(self, server: TcpServer) -> None:
        self._server = server
        self._intake = server.intake
        self._loop = asyncio.get_running_loop()
        self._framing: Framing | None = None
        self._packets: deque[bytes] = deque()
        self._working = False
        self._transport: asyncio.Transport
        self._name = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # a client that has gone already has no address
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._name = f"{host}:{port}"
        if not host or not self._server.admits(host):
            transport.abort()
            return
        _keep_alive(transport.get_extra_info("socket"))
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._server.connections.discard(self)
        self._intake.dispatcher.forget(self)

    def eof_received(self) -> bool:
        """Called by asyncio when the client sends no more: what it sent is still answered."""
        self._loop.call_later(LINGER_S, self._transport.close)
        return True

    def data_received(self, data: bytes) -> None:
        """Called by asyncio for each part of the stream."""
        if self._transport.is_closing():
            return
        if self._framing is None:
            self._framing = framing_of(data[0])
            if self._framing is None:
                log.warning("%s does not speak OSC over TCP: it is hung up on", self._name)
                self.hang_up()
                return
        try:
            self._packets.extend(self._framing.feed(data))
        except MalformedPacketError as error:
            self._intake.dispatcher.refuse(self, "connection", error)
            self._transport.close()
        if not self._working:
            self._work()

    def send(self, address: str, *args: float | int | str) -> None:
        """Send one message; whoever does not read is hung up on."""
        if self._framing is None or self._transport.is_closing():
            self._loop.call_soon(self._intake.dispatcher.forget, self)
            return
        self._transport.write(self._framing.wrap(encode(address, args)))
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            log.warning("%s does not read its answers: it is hung up on", self._name)
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection now."""
        self._packets.clear()
        self._transport.abort()

    def _work(self) -> None:
        """Hand on some packets; while more wait, read no more, so that others have their turn."""
        for _ in range(min(SLICE, len(self._packets))):
            if self._packets:
                self._intake.take(self, self._packets.popleft())
        more = bool(self._packets)
        if more != self._working and not self._transport.is_closing():
            (self._transport.pause_reading if more else self._transport.resume_reading)()
        self._working = more
        if more:
            self._loop.call_soon(self._work)


def _keep_alive(sock: socket.socket) -> None:
    """Have the system look whether a silent client is still there."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if option := getattr(socket, name, None):
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
