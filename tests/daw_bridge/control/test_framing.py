from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.control.framing import Framing, LengthFraming, SlipFraming, framing_of
from daw_bridge.control.packet import MAX_DATAGRAM, encode
from daw_bridge.errors import MalformedPacketError

awkward = st.lists(st.sampled_from([0, 0x2F, 0xC0, 0xDB, 0xDC, 0xDD]), max_size=20).map(bytes)
packets = st.lists(st.one_of(st.binary(min_size=1, max_size=50), awkward.filter(len)), max_size=8)


def chunks(stream: bytes, cuts: list[int]) -> list[bytes]:
    """The stream cut at some places."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[a:b] for a, b in pairwise(places)]


def fed(framing: Framing, parts: list[bytes]) -> list[bytes]:
    return [packet for part in parts for packet in framing.feed(part)]


@pytest.mark.parametrize("kind", [SlipFraming, LengthFraming])
@given(sent=packets, cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(
    kind: type[Framing], sent: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(kind().wrap(packet) for packet in sent)
    assert fed(kind(), chunks(stream, cuts)) == sent


@given(sent=packets, cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_slip_with_one_end_between_packets_is_read(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(SlipFraming().wrap(packet)[1:] for packet in sent)
    assert fed(SlipFraming(), chunks(stream, cuts)) == sent


def test_slip_escapes_are_those_of_the_standard() -> None:
    assert SlipFraming().wrap(b"a\xc0b\xdbc") == b"\xc0a\xdb\xdcb\xdb\xddc\xc0"


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (LengthFraming().wrap(encode("/a")), LengthFraming),
        (LengthFraming().wrap(b"x" * MAX_DATAGRAM), LengthFraming),
        (SlipFraming().wrap(encode("/a")), SlipFraming),
        (SlipFraming().wrap(encode("/a"))[1:], SlipFraming),
        (b"#bundle\0", SlipFraming),
        (b"GET / HTTP/1.1\r\n", type(None)),
        (b"POST /bridge/tempo HTTP/1.1\r\n", type(None)),
        (b"\x16\x03\x01\x02\x00", type(None)),
        (b"\x01\x00\x00\x00", type(None)),
    ],
)
def test_the_first_byte_says_how_packets_follow_each_other(stream: bytes, kind: type) -> None:
    assert type(framing_of(stream[0])) is kind


@pytest.mark.parametrize("kind", [SlipFraming, LengthFraming])
def test_a_packet_of_the_longest_length_passes_and_a_longer_one_ends_the_stream(kind: type[Framing]) -> None:
    longest = b"\xc0" * MAX_DATAGRAM
    assert fed(kind(), [kind().wrap(longest)]) == [longest]
    with pytest.raises(MalformedPacketError, match="65536 bytes: at most 65535"):
        fed(kind(), [kind().wrap(longest + b"x")])


def test_an_endless_packet_is_not_kept() -> None:
    framing = SlipFraming()
    with pytest.raises(MalformedPacketError):
        fed(framing, [b"x" * 1000] * 1000)
    assert len(framing._rest) < 3 * MAX_DATAGRAM


def test_what_came_before_a_packet_that_is_too_long_is_not_lost() -> None:
    stream = LengthFraming().wrap(b"good") + b"\xff\xff\xff\xff"
    feeding = LengthFraming().feed(stream)
    assert next(feeding) == b"good"
    with pytest.raises(MalformedPacketError):
        next(feeding)
