"""The fuzz's way through TCP: packets in either framing, streams that break off, answers counted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from daw_bridge.control.framing import Framing, LengthFraming, SlipFraming
from daw_bridge.control.guard import Guard
from daw_bridge.control.intake import Intake
from daw_bridge.control.port import listen
from daw_bridge.control.tcp import TcpServer

HOST = "127.0.0.1"
BREAKS = 0.05
_BROKEN = {SlipFraming: b"/half a packet", LengthFraming: b"\x7f\xff\xff\xff"}


class Stream:
    """Connections to an intake, one after another.

    Args:
        count: takes each answer's packet.
    """

    def __init__(self, intake: Intake, count: Callable[[bytes], None]) -> None:
        sock = listen(HOST, 0)
        self._port = sock.getsockname()[1]
        self._server = TcpServer(sock, intake, Guard(HOST))
        self._count = count

    async def start(self) -> None:
        """Begin to take connections."""
        await self._server.start()

    def close(self) -> None:
        """Take no more."""
        self._server.close()

    async def send(self, packets: Sequence[bytes], rng: random.Random) -> None:
        """Send packets over a connection of their own, which sometimes breaks in the middle of one; returns
        when the daemon has read them."""
        framing: Framing = rng.choice((SlipFraming, LengthFraming))()
        reader, writer = await asyncio.open_connection(HOST, self._port)
        stream = b"".join(framing.wrap(packet) for packet in packets)
        if rng.random() < BREAKS:
            stream += _BROKEN[type(framing)]
        while stream:
            cut = rng.randint(1, 4000)
            writer.write(stream[:cut])
            stream = stream[cut:]
            await asyncio.sleep(0)
        writer.write_eof()
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                for answer in framing.feed(data):
                    self._count(answer)
        writer.close()
