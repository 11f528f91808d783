"""OSC 1.0 packets: bytes to messages and back.

Written here because the daemon must survive any datagram: nesting, counts and sizes are bounded, and every
malformed packet ends in one `MalformedPacketError` (python-osc's parser loops for ever on a bundle element of
negative size, and skips types that it does not know, which shifts the arguments after them).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from daw_bridge.errors import MalformedPacketError

MAX_DATAGRAM = 65535
MAX_NESTING = 8
MAX_MESSAGES = 2048
MAX_ARGS = 256
NTP_UNIX_OFFSET = 2208988800
_BUNDLE = b"#bundle\0"
_INT, _FLOAT, _INT64, _DOUBLE = (struct.Struct(code) for code in (">i", ">f", ">q", ">d"))
_CONSTANTS: dict[str, object] = {"T": True, "F": False, "N": None, "I": None}
_FIXED = {"i": _INT, "f": _FLOAT, "h": _INT64, "t": _INT64, "d": _DOUBLE, "r": _INT, "m": _INT, "c": _INT}


@dataclass(frozen=True)
class Message:
    """One OSC message.

    Attributes:
        address: address or address pattern.
        args: int, float, str, bool, bytes, or None for nil and impulse; brackets of arrays are dropped.
        at: Unix time in seconds at which its bundle is due, None for at once.
    """

    address: str
    args: tuple[object, ...] = ()
    at: float | None = None


def decode(datagram: bytes) -> list[Message]:
    """The messages of a packet in their order; those of nested bundles where they stand.

    Raises:
        MalformedPacketError: the datagram is not OSC, or exceeds `MAX_NESTING`, `MAX_MESSAGES`, `MAX_ARGS`.
    """
    messages: list[Message] = []
    try:
        _decode(datagram, None, 0, messages)
    except (struct.error, IndexError) as error:
        raise MalformedPacketError(
            f"datagram of {len(datagram)} bytes is not OSC: it is cut short"
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedPacketError(
            f"datagram of {len(datagram)} bytes is not OSC: a string in it is not UTF-8"
        ) from error
    except ValueError as error:
        raise MalformedPacketError(f"datagram of {len(datagram)} bytes is not OSC: {error}") from error
    return messages


def encode(address: str, args: Iterable[object] = (), switches: bool = False) -> bytes:
    """One message; only the types i, f and s are sent (a bool as i, an int beyond 32 bits as f).

    Args:
        switches: send a bool as T or F instead.
    """
    tags = ","
    body = b""
    for arg in args:
        if isinstance(arg, str):
            tags += "s"
            body += _padded(arg)
        elif switches and isinstance(arg, bool):
            tags += "T" if arg else "F"
        elif isinstance(arg, int) and -(2**31) <= arg < 2**31:
            tags += "i"
            body += _INT.pack(arg)
        elif isinstance(arg, int | float):
            tags += "f"
            body += _FLOAT.pack(arg)
        else:
            raise TypeError(f"{address}: {type(arg).__name__} cannot be sent over OSC")
    return _padded(address) + _padded(tags) + body


def encode_bundle(messages: Iterable[bytes], at: float | None = None) -> bytes:
    """A bundle of encoded messages, due at Unix time ``at`` (at once when None)."""
    tag = 1 if at is None else int((at + NTP_UNIX_OFFSET) * 2**32)
    return _BUNDLE + struct.pack(">Q", tag) + b"".join(_INT.pack(len(m)) + m for m in messages)


def _padded(text: str) -> bytes:
    data = text.encode("utf-8", "replace").replace(b"\0", b" ")
    return data + b"\0" * (4 - len(data) % 4)


def _decode(data: bytes, at: float | None, depth: int, messages: list[Message]) -> None:
    if data.startswith(b"/"):
        if len(messages) >= MAX_MESSAGES:
            raise ValueError(f"more than {MAX_MESSAGES} messages")
        messages.append(_decode_message(data, at))
    elif data.startswith(_BUNDLE):
        if depth >= MAX_NESTING:
            raise ValueError(f"bundles nested deeper than {MAX_NESTING}")
        at = _time(struct.unpack_from(">Q", data, 8)[0])
        index = 16
        while index < len(data):
            size = _INT.unpack_from(data, index)[0]
            index += 4
            if not 0 < size <= len(data) - index:
                raise ValueError(f"bundle element of {size} bytes")
            _decode(data[index : index + size], at, depth + 1, messages)
            index += size
    else:
        raise ValueError("it starts with neither '/' nor '#bundle'")


def _time(tag: int) -> float | None:
    return None if tag <= 1 else tag / 2**32 - NTP_UNIX_OFFSET


def _decode_message(data: bytes, at: float | None) -> Message:
    address, index = _string(data, 0)
    if index >= len(data):
        return Message(address, (), at)
    tags, index = _string(data, index)
    if not tags.startswith(","):
        raise ValueError("its type tags do not start with ','")
    if len(tags) > MAX_ARGS + 1:
        raise ValueError(f"more than {MAX_ARGS} arguments")
    args: list[object] = []
    for tag in tags[1:]:
        if fixed := _FIXED.get(tag):
            args.append(fixed.unpack_from(data, index)[0])
            index += fixed.size
        elif tag in "sS":
            text, index = _string(data, index)
            args.append(text)
        elif tag in _CONSTANTS:
            args.append(_CONSTANTS[tag])
        elif tag == "b":
            size = _INT.unpack_from(data, index)[0]
            if not 0 <= size <= len(data) - index - 4:
                raise ValueError(f"blob of {size} bytes")
            args.append(data[index + 4 : index + 4 + size])
            index += 4 + size + -size % 4
        elif tag not in "[]":
            raise ValueError(f"unknown type tag {tag!r}")
    return Message(address, tuple(args), at)


def _string(data: bytes, start: int) -> tuple[str, int]:
    end = data.find(b"\0", start)
    if end < 0:
        raise IndexError
    return data[start:end].decode("utf-8"), end + 4 - (end - start) % 4
