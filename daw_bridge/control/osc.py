"""OSC over UDP: an asyncio endpoint that hands messages to a dispatcher."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.packet import Message, decode, encode
from daw_bridge.control.port import check_allow, is_loopback
from daw_bridge.errors import MalformedPacketError, ScheduleError

log = logging.getLogger(__name__)

MAX_AHEAD_S = 60.0
MAX_SCHEDULED = 1024
_MSG_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", None)


@dataclass(frozen=True)
class OscClient:
    """A sender of OSC: the address to which its answers go."""

    host: str
    port: int
    server: OscServer = field(compare=False, repr=False)

    def send(self, address: str, *args: float | int | str) -> None:
        """Send one message; lost without a word when the network does not take it."""
        self.server.send_to(self, encode(address, args))


class OscServer(asyncio.DatagramProtocol):
    """Receives datagrams in order, up to 65,535 bytes, and answers from the same port.

    Of bundles with a time in the future, at most `MAX_AHEAD_S` ahead, values, starts and stops are planned so
    that they are heard at that time; the rest waits for it on the event loop. Late and immediate ones are
    taken at once. Anything that is not OSC is answered by one ``/bridge/error``, rationed.

    Args:
        sock: from `daw_bridge.control.port.bind`; closed by `close`.
        dispatcher: takes the messages.
        allow: addresses or networks that are listened to, besides this machine; needed on a host that others
            can reach. Others are not answered.
        reply_port: port to which all answers go; 0 is the port that a message came from.

    Raises:
        AddressError: others can reach the socket and ``allow`` is empty, or an entry of it is no address.
    """

    def __init__(
        self, sock: socket.socket, dispatcher: Dispatcher, allow: Sequence[str] = (), reply_port: int = 0
    ) -> None:
        self._networks = check_allow(sock.getsockname()[0], allow)
        self._sock = sock
        self._dispatcher = dispatcher
        self._reply_port = reply_port
        self._loop = asyncio.get_running_loop()
        self._scheduled: set[asyncio.TimerHandle] = set()
        self._allowed: dict[str, bool] = {}
        self._transport: asyncio.BaseTransport | None = None

    async def start(self) -> None:
        """Begin to receive."""
        await self._loop.create_datagram_endpoint(lambda: self, sock=self._sock)

    def close(self) -> None:
        """Stop receiving and give the port back."""
        for timer in self._scheduled:
            timer.cancel()
        self._scheduled.clear()
        if self._transport is not None:
            self._transport.close()
        self._sock.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by asyncio for each datagram."""
        host = addr[0]
        if not self._may_play(host):
            return
        client = OscClient(host, self._reply_port or addr[1], self)
        try:
            messages = decode(data)
        except MalformedPacketError as error:
            self._dispatcher.refuse(client, "datagram", error)
            return
        for at, group in groupby(messages, key=lambda message: message.at):
            ahead = 0.0 if at is None else at - time.time()
            if ahead <= 0.0:
                self._submit(client, tuple(group))
            else:
                self._schedule(client, tuple(group), ahead)

    def error_received(self, exc: Exception) -> None:
        """Called by asyncio when the system reports that a client's port is closed."""
        self._forget_vanished()

    def send_to(self, client: OscClient, datagram: bytes) -> None:
        """Send, and once more when the failure was that of an earlier datagram to someone else."""
        if not self._sent(client, datagram):
            self._forget_vanished()
            self._sent(client, datagram)

    def _sent(self, client: OscClient, datagram: bytes) -> bool:
        try:
            self._sock.sendto(datagram, (client.host, client.port))
        except ConnectionError:
            return False
        except (OSError, OverflowError) as error:
            log.debug("nothing sent to %s:%s: %s", client.host, client.port, error)
        return True

    def _submit(self, client: OscClient, messages: tuple[Message, ...]) -> None:
        for message in messages:
            self._dispatcher.submit(client, message.address, message.args)

    def _schedule(self, client: OscClient, messages: tuple[Message, ...], ahead: float) -> None:
        if ahead > MAX_AHEAD_S or len(self._scheduled) >= MAX_SCHEDULED:
            waiting = len(self._scheduled)
            allowed = f"at most {MAX_AHEAD_S:g} s and {MAX_SCHEDULED} waiting bundles are taken"
            error = ScheduleError(f"a bundle {ahead:.1f} s ahead with {waiting} waiting: {allowed}")
            self._dispatcher.refuse(client, messages[0].address, error)
            return

        plans = self._dispatcher.plans
        waiting_for = tuple(m for m in messages if not plans(m.address, m.args))
        for message in messages:
            if message not in waiting_for:
                self._dispatcher.submit(client, message.address, message.args, message.at)
        if not waiting_for:
            return

        def due() -> None:
            self._scheduled.discard(timer)
            self._submit(client, waiting_for)

        timer = self._loop.call_later(ahead, due)
        self._scheduled.add(timer)

    def _may_play(self, host: str) -> bool:
        allowed = self._allowed.get(host)
        if allowed is None:
            allowed = is_loopback(host) or any(_ip(host) in network for network in self._networks)
            if len(self._allowed) < 1024:
                self._allowed[host] = allowed
                if not allowed:
                    log.warning("%s is not in the allow-list: its messages are not taken", host)
        return allowed

    def _forget_vanished(self) -> None:
        """Read the socket's error queue (Linux): each entry names a client whose port is closed."""
        if _MSG_ERRQUEUE is None:
            return
        while True:
            try:
                _, _, _, address = self._sock.recvmsg(64, 512, _MSG_ERRQUEUE)
            except (OSError, struct.error):
                return
            if address:
                self._dispatcher.forget(OscClient(address[0], address[1], self))


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
