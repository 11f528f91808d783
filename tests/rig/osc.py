"""A small OSC client for tests: sends what it is told to, valid or not, and keeps all replies."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder


@dataclass(frozen=True)
class Reply:
    """One message from the daemon; `at` is `time.monotonic()` of its arrival."""

    at: float
    address: str
    values: tuple[Any, ...]


def encode(address: str, *values: float | int | str | bool) -> bytes:
    """One OSC message as a datagram."""
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return bytes(builder.build().dgram)


class OscClient:
    """Talks to one daemon from a socket of its own; use as a context manager."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._closing = False
        self._arrived = threading.Condition()
        self.replies: list[Reply] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self) -> OscClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()

    def send(self, address: str, *values: float | int | str | bool) -> float:
        """Send one message; returns `time.monotonic()` of the sending."""
        return self.send_raw(encode(address, *values))

    def send_raw(self, datagram: bytes) -> float:
        """Send any bytes as one datagram."""
        at = time.monotonic()
        self._socket.sendto(datagram, self._target)
        return at

    def ask(self, address: str, *values: float | int | str | bool, timeout: float = 3.0) -> Reply:
        """Send and wait for the answer: an ack or an error that names the address, or a reply on it."""
        return self._exchange(encode(address, *values), address, timeout)

    def provoke(self, datagram: bytes, timeout: float = 3.0) -> Reply:
        """Send any bytes and wait for the next reply of whatever kind."""
        return self._exchange(datagram, None, timeout)

    def wait_for(self, wanted: Callable[[Reply], bool], since: int = 0, timeout: float = 3.0) -> Reply:
        """The first reply from number `since` on that is wanted.

        Raises:
            TimeoutError: there was none; the message holds what came instead.
        """
        deadline = time.monotonic() + timeout
        with self._arrived:
            while True:
                for reply in self.replies[since:]:
                    if wanted(reply):
                        return reply
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no such reply in {timeout} s; came: {self.replies[since:][-5:]}")
                self._arrived.wait(left)

    def _exchange(self, datagram: bytes, address: str | None, timeout: float) -> Reply:
        since = len(self.replies)
        self.send_raw(datagram)

        def wanted(reply: Reply) -> bool:
            if address is None or reply.address == address:
                return True
            about = str(reply.values[0]) if reply.values else ""
            return reply.address in ("/bridge/ack", "/bridge/error") and about.startswith(address[:40])

        return self.wait_for(wanted, since, timeout)

    def _listen(self) -> None:
        while not self._closing:
            try:
                data = self._socket.recv(65535)
            except OSError:
                continue
            now = time.monotonic()
            with self._arrived:
                for message in _messages(data):
                    self.replies.append(Reply(now, message.address, tuple(message.params)))
                self._arrived.notify_all()


def _messages(data: bytes) -> list[OscMessage]:
    if OscBundle.dgram_is_bundle(data):
        return [part for part in OscBundle(data) if isinstance(part, OscMessage)]
    return [OscMessage(data)]
