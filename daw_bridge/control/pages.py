"""Pages: messages that are too long for one datagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daw_bridge.control.packet import encode

MAX_BYTES = 1400
PAGE = "/bridge/page"
# the fewest bytes of a string that are put at the end of a page
_LEAST = 64
_TAGS = 4

Sendable = float | int | str
_Page = tuple[int, list[Sendable]]


def datagrams(address: str, args: Sequence[Sendable]) -> list[bytes]:
    """A message as datagrams of at most `MAX_BYTES`: itself, or pages of it.

    A page is ``/bridge/page address index total first ...``: the message's address, the page's number from 0,
    the number of pages, the number (from 0) of the argument that comes first in it, and as many arguments as
    fit. A string that does not fit goes on in the next page, whose first argument then has the same number.
    """
    whole = encode(address, args)
    if len(whole) <= MAX_BYTES:
        return [whole]
    pages = list(_split(args, MAX_BYTES - len(encode(PAGE, (address, 0, 0, 0))) - _TAGS))
    return [
        encode(PAGE, (address, index, len(pages), first, *part)) for index, (first, part) in enumerate(pages)
    ]


def _split(args: Sequence[Sendable], room: int) -> Iterator[_Page]:
    """First argument's number and arguments of each page."""
    first, part, left = 0, list[Sendable](), room
    for number, arg in enumerate(args):
        for piece in _pieces(arg, left, room):
            size = _size(piece)
            if size > left:
                yield first, part
                first, part, left = number, [], room
            part.append(piece)
            left -= size
    yield first, part


def _pieces(arg: Sendable, left: int, room: int) -> Iterator[Sendable]:
    """An argument; a string that no page can hold in pieces: what is left of this page, then whole ones."""
    if not isinstance(arg, str) or _size(arg) <= room:
        yield arg
        return
    data = _bytes(arg)
    limit = left if left >= _LEAST else room
    while data:
        # one byte for the tag, four for the end of the string
        cut = min(len(data), limit - 5)
        while cut < len(data) and data[cut] & 0xC0 == 0x80:
            cut -= 1
        yield data[:cut].decode()
        data, limit = data[cut:], room


def _size(arg: Sendable) -> int:
    """Bytes of an argument and its type tag in a message."""
    if not isinstance(arg, str):
        return 5
    count = len(_bytes(arg))
    return count + 5 - count % 4


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
