from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from daw_bridge.control.packet import MAX_NESTING, Message, decode, encode, encode_bundle
from daw_bridge.errors import MalformedPacketError

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
floats = st.floats(width=32, allow_nan=False)
ints = st.integers(-(2**31), 2**31 - 1)
addresses = text.map(lambda tail: "/" + tail)


@given(addresses, st.lists(st.one_of(text, floats, ints), max_size=8))
def test_messages_survive_encode_and_decode(address: str, args: list[object]) -> None:
    assert decode(encode(address, args)) == [Message(address, tuple(args))]


@given(addresses, st.lists(st.one_of(text, floats, ints), max_size=8))
def test_encoding_is_read_by_python_osc(address: str, args: list[object]) -> None:
    read = OscMessage(encode(address, args))
    assert (read.address, read.params) == (address, args)


@given(
    addresses,
    st.lists(
        st.one_of(text, floats, st.booleans(), st.none(), st.binary(min_size=1, max_size=9)), max_size=6
    ),
)
def test_python_osc_encoding_is_read(address: str, args: list[object]) -> None:
    builder = OscMessageBuilder(address)
    for arg in args:
        builder.add_arg(arg)
    (message,) = decode(builder.build().dgram)
    assert (message.address, message.args) == (address, tuple(args))


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: b"/a\0\0," + tail)))
def test_any_bytes_decode_or_are_malformed(data: bytes) -> None:
    try:
        decode(data)
    except MalformedPacketError as error:
        reason = str(error)
        assert "not OSC" in reason


@given(st.binary(max_size=100), st.integers(0, 150))
def test_damaged_bundles_decode_or_are_malformed(noise: bytes, place: int) -> None:
    data = encode_bundle([encode("/a", [1, "x"]), encode_bundle([encode("/b", [0.5])])], 5e8)
    for damaged in (data[:place], data[:place] + noise + data[place:], data[:place] + noise):
        with suppress(MalformedPacketError):
            decode(damaged)


def test_a_bundle_element_of_negative_size_is_malformed_and_does_not_loop() -> None:
    with pytest.raises(MalformedPacketError, match="-4 bytes"):
        decode(b"#bundle\0" + struct.pack(">Qi", 1, -4))


def test_nested_bundles_keep_order_and_take_their_own_times() -> None:
    inner = encode_bundle([encode("/b"), encode("/c")], 2000.5)
    messages = decode(encode_bundle([encode("/a"), inner, encode("/d")], 1000.25))
    assert [(m.address, m.at) for m in messages] == [
        ("/a", 1000.25),
        ("/b", 2000.5),
        ("/c", 2000.5),
        ("/d", 1000.25),
    ]
    assert decode(encode_bundle([encode("/a")]))[0].at is None


def test_deep_nesting_is_malformed() -> None:
    data = encode("/a")
    for _ in range(MAX_NESTING):
        data = encode_bundle([data])
    assert len(decode(data)) == 1
    with pytest.raises(MalformedPacketError, match="nested"):
        decode(encode_bundle([data]))


def test_all_incoming_types_are_read() -> None:
    tags = b",ihfdsTFNI[ii]\0\0"
    body = struct.pack(">iqfd", 1, 2, 0.5, 0.25) + b"abc\0" + struct.pack(">ii", 5, 6)
    assert decode(b"/a\0\0" + tags + body)[0].args == (1, 2, 0.5, 0.25, "abc", True, False, None, None, 5, 6)


def test_a_message_without_type_tags_has_no_arguments() -> None:
    assert decode(b"/abc\0\0\0\0") == [Message("/abc")]


def test_sixty_kilobytes_are_read() -> None:
    assert decode(encode("/a", ["x" * 60000]))[0].args == ("x" * 60000,)
