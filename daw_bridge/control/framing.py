"""Framing: how packets follow each other in a stream, by SLIP (OSC 1.1) or by their lengths (OSC 1.0)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol

from daw_bridge.control.packet import MAX_DATAGRAM
from daw_bridge.errors import MalformedPacketError

END, ESC = b"\xc0", b"\xdb"
_ESC_END, _ESC_ESC = b"\xdb\xdc", b"\xdb\xdd"
_LENGTH = struct.Struct(">I")


class Framing(Protocol):
    """One way of putting packets into a stream. An instance reads one stream."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are complete with this part of the stream.

        Raises:
            MalformedPacketError: a packet is longer than `MAX_DATAGRAM`; the stream cannot be read on.
        """

    def wrap(self, packet: bytes) -> bytes:
        """A packet as it goes into a stream."""


class SlipFraming:
    """RFC 1055 with an END on either side of a packet, as OSC 1.1 asks; one END between packets is taken."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See `Framing`."""
        self._rest += data
        if END in data:
            *whole, rest = bytes(self._rest).split(END)
            self._rest = bytearray(rest)
            for escaped in filter(None, whole):
                packet = escaped.replace(_ESC_END, END).replace(_ESC_ESC, ESC)
                if len(packet) > MAX_DATAGRAM:
                    raise _too_long(len(packet))
                yield packet
        if len(self._rest) > 2 * MAX_DATAGRAM:
            raise _too_long(len(self._rest) // 2)

    def wrap(self, packet: bytes) -> bytes:
        """See `Framing`."""
        return END + packet.replace(ESC, _ESC_ESC).replace(END, _ESC_END) + END


class LengthFraming:
    """Each packet after its length, a big-endian 32-bit number."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See `Framing`."""
        self._rest += data
        at = 0
        while len(self._rest) - at >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._rest, at)
            if size > MAX_DATAGRAM:
                raise _too_long(size)
            end = at + _LENGTH.size + size
            if end > len(self._rest):
                break
            if size:
                yield bytes(self._rest[at + _LENGTH.size : end])
            at = end
        del self._rest[:at]

    def wrap(self, packet: bytes) -> bytes:
        """See `Framing`."""
        return _LENGTH.pack(len(packet)) + packet


def framing_of(first: int) -> Framing | None:
    """The framing of a stream by its first byte; None for a stream that is no OSC.

    A length up to `MAX_DATAGRAM` begins with a zero. SLIP begins with its END, or, without one, with the
    packet: an address or a bundle. Nothing else is taken, in particular no request of a web browser.
    """
    if first == 0:
        return LengthFraming()
    return SlipFraming() if first in END + b"/#" else None


def _too_long(size: int) -> MalformedPacketError:
    return MalformedPacketError(f"a packet of {size} bytes: at most {MAX_DATAGRAM} are taken")
