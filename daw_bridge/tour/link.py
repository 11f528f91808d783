"""A player's side of the OSC port."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from daw_bridge.errors import TourError

Value = float | int | str


class Link:
    """A player's side of the OSC port."""

    def __init__(self, host: str, port: int) -> None:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind)
        self._socket.connect(address)

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, address: str, *values: Value) -> None:
        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        self._socket.send(builder.build().dgram)

    def ask(self, address: str, *values: Value) -> OscMessage:
        """Send a setting or command and return its acknowledgement."""
        self.send(address, *values)
        return self.wait_for("/bridge/ack", about=address)

    def query(self, address: str) -> OscMessage:
        """Ask for a value or a status message and return the answer."""
        self.send(address)
        return self.wait_for(address)

    def output_second(self) -> float:
        """The second of the output that is being heard."""
        return float(self.query("/bridge/position").params[3])

    def wait_for(self, address: str, about: str = "", timeout: float = 5.0) -> OscMessage:
        """The next message of an address, about another address.

        Raises:
            TourError: the daemon refused, or did not answer.
        """
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65535)
            except OSError:
                break
            for message in _messages(data):
                if message.address == "/bridge/error":
                    raise TourError(f"the daemon refused: {' '.join(map(str, message.params))}")
                if message.address == address and (not about or message.params[:1] == [about]):
                    return message
        raise TourError(f"the daemon did not answer with {address} {about} within {timeout:g} s")


def _messages(data: bytes) -> Iterator[OscMessage]:
    if OscBundle.dgram_is_bundle(data):
        yield from (part for part in OscBundle(data) if isinstance(part, OscMessage))
    else:
        yield OscMessage(data)
