"""WebClient: a client of the instrument behind a WebSocket."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

from aiohttp import web

from daw_bridge.control.packet import encode

log = logging.getLogger(__name__)

MAX_QUEUED = 4096


class WebClient:
    """Sends OSC as binary frames and notices as JSON, in order, from a queue of at most `MAX_QUEUED`.

    Args:
        name: for the log.
        hang_up: called when the queue is full, because the client does not read.
    """

    def __init__(self, socket: web.WebSocketResponse, name: str, hang_up: Callable[[], None]) -> None:
        self._socket = socket
        self._name = name
        self._hang_up = hang_up
        self._queue: asyncio.Queue[bytes | str] = asyncio.Queue(MAX_QUEUED)
        self._sending = asyncio.get_running_loop().create_task(self._send_all())

    def send(self, address: str, *args: float | int | str) -> None:
        """Send one message; switches go as true and false."""
        self._put(encode(address, args, switches=True))

    def tell(self, command: str, data: str) -> None:
        """Send a notice of the protocol."""
        self._put(json.dumps({"COMMAND": command, "DATA": data}))

    def close(self) -> None:
        """Send nothing more."""
        self._sending.cancel()

    def _put(self, frame: bytes | str) -> None:
        if self._sending.done():
            return
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            log.warning("%s does not read its WebSocket: it is hung up on", self._name)
            self.close()
            self._hang_up()

    async def _send_all(self) -> None:
        try:
            while True:
                frame = await self._queue.get()
                if isinstance(frame, str):
                    await self._socket.send_str(frame)
                else:
                    await self._socket.send_bytes(frame)
        except (ConnectionError, RuntimeError):
            # the client has gone; whoever reads from it sees that, too
            return
