"""OSC over UDP: an asyncio endpoint that hands packets to an intake."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.guard import Guard
from daw_bridge.control.intake import Intake
from daw_bridge.control.pages import datagrams
from daw_bridge.control.port import is_this_machine

log = logging.getLogger(__name__)

LEASE_S = 300.0
# of clients on other machines, where the system tells of closed ports: a firewall may keep that from it
FAR_LEASE_S = 3600.0
LOOK_EVERY_S = 60.0
_MSG_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", None)


@dataclass(frozen=True)
class OscClient:
    """A sender of OSC: the address to which its answers go."""

    host: str
    port: int
    server: OscServer = field(compare=False, repr=False)

    def send(self, address: str, *args: float | int | str) -> None:
        """Send one message, in pages where it is long; lost without a word when the network does not take
        it."""
        for datagram in datagrams(address, args):
            self.server.send_to(self, datagram)


class OscServer(asyncio.DatagramProtocol):
    """Receives datagrams in order, up to 65,535 bytes, and answers from the same port with at most
    `daw_bridge.control.pages.MAX_BYTES` each.

    Clients that have gone are sent nothing more: where the system tells that a port is closed (Linux), at
    once; and when they have said nothing for as long as their lease.

    Args:
        sock: from `daw_bridge.control.port.bind`; closed by `close`.
        dispatcher: takes the messages.
        allow: addresses or networks that are listened to, besides this machine; needed on a host that others
            can reach. Others are not answered.
        reply_port: port to which all answers go; 0 is the port that a message came from.
        intake: takes the packets; one of its own when None.
        lease_s: seconds, of clients on this machine; None for no lease.
        far_lease_s: of those on other machines.

    Raises:
        AddressError: others can reach the socket and ``allow`` is empty, or an entry of it is no address.
    """

    def __init__(
        self,
        sock: socket.socket,
        dispatcher: Dispatcher,
        allow: Sequence[str] = (),
        reply_port: int = 0,
        intake: Intake | None = None,
        lease_s: float | None = LEASE_S if _MSG_ERRQUEUE is None else None,
        far_lease_s: float = LEASE_S if _MSG_ERRQUEUE is None else FAR_LEASE_S,
    ) -> None:
        self.guard = Guard(sock.getsockname()[0], allow)
        self._sock = sock
        self._dispatcher = dispatcher
        self._intake = intake or Intake(dispatcher)
        self._reply_port = reply_port
        self._lease_s = lease_s
        self._far_lease_s = far_lease_s
        self._loop = asyncio.get_running_loop()
        self._heard: dict[OscClient, float] = {}
        self._looking: asyncio.TimerHandle | None = None
        self._transport: asyncio.BaseTransport | None = None

    async def start(self) -> None:
        """Begin to receive."""
        await self._loop.create_datagram_endpoint(lambda: self, sock=self._sock)
        self._end_leases()

    def close(self) -> None:
        """Stop receiving and give the port back."""
        self._intake.close()
        if self._looking is not None:
            self._looking.cancel()
        if self._transport is not None:
            self._transport.close()
        self._sock.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by asyncio for each datagram."""
        if not self.guard.admits(addr[0]):
            return
        client = OscClient(addr[0], self._reply_port or addr[1], self)
        if client in self._heard:
            self._heard[client] = self._loop.time()
        self._intake.take(client, data)

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

    def _end_leases(self) -> None:
        """Forget who has said nothing for too long; who is new here is heard now."""
        now = self._loop.time()
        standing = {client for client in self._dispatcher.standing() if isinstance(client, OscClient)}
        self._heard = {client: self._heard.get(client, now) for client in standing}
        for client, at in self._heard.items():
            lease_s = self._lease_s if is_this_machine(client.host) else self._far_lease_s
            if lease_s is not None and now - at > lease_s:
                log.info("%s has not been heard for %g s: it is sent nothing more", client, lease_s)
                self._dispatcher.forget(client)
        shortest = min(self._far_lease_s, self._lease_s or self._far_lease_s)
        self._looking = self._loop.call_later(min(LOOK_EVERY_S, shortest / 4), self._end_leases)

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
