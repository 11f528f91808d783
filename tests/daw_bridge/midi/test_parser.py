from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.midi.parser import MAX_SYSEX, MidiParser

DATA = st.integers(0, 127)
CHANNEL_MESSAGES = st.one_of(
    st.tuples(st.integers(0x80, 0xBF), DATA, DATA),
    st.tuples(st.integers(0xC0, 0xDF), DATA),
    st.tuples(st.integers(0xE0, 0xEF), DATA, DATA),
).map(bytes)
SYSTEM = st.one_of(
    st.tuples(st.just(0xF2), DATA, DATA).map(bytes),
    st.tuples(st.just(0xF3), DATA).map(bytes),
    st.just(b"\xf6"),
    st.lists(DATA, max_size=20).map(lambda body: b"\xf0" + bytes(body) + b"\xf7"),
)
REALTIME = st.sampled_from([b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xfe", b"\xff"])


def with_running_status(messages: list[bytes]) -> bytes:
    """The messages without statuses that repeat."""
    stream, running = b"", 0
    for message in messages:
        stream += message[1:] if message[0] == running else message
        running = message[0] if message[0] < 0xF0 else 0
    return stream


@given(st.lists(st.one_of(CHANNEL_MESSAGES, SYSTEM), max_size=30), st.data())
def test_any_stream_comes_back_whole_however_it_is_cut_and_with_real_time_bytes_inside(
    messages: list[bytes], data: st.DataObject
) -> None:
    stream = with_running_status(messages)
    parser, got, clocks = MidiParser(), [], 0
    for byte in stream:
        if data.draw(st.booleans()):
            got += parser.feed(data.draw(REALTIME))
            clocks += 1
        got += parser.feed(bytes((byte,)))
    assert [message for message in got if message[0] < 0xF8] == messages
    assert len(got) == len(messages) + clocks


@given(st.binary(max_size=300))
def test_of_any_bytes_what_comes_out_is_midi(data: bytes) -> None:
    for message in MidiParser().feed(data):
        mido.Message.from_bytes(list(message))


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b"\x90\x3c", []),
        (b"\x3c\x40", []),
        (b"\x90\x3c\x80\x3c\x00", [b"\x80\x3c\x00"]),
        (b"\xf0\x01\x02\x90\x3c\x40", [b"\x90\x3c\x40"]),
        (b"\x90\x3c\x40\xf6\x3c\x40", [b"\x90\x3c\x40", b"\xf6"]),
        (b"\xf4\x01\xf5\xf9\xfd\xf7", []),
        (b"\xf0\x7f\xf8\x01\xf7", [b"\xf8", b"\xf0\x7f\x01\xf7"]),
    ],
)
def test_what_is_cut_short_or_undefined_is_skipped(stream: bytes, messages: list[bytes]) -> None:
    assert MidiParser().feed(stream) == messages


def test_an_endless_exclusive_message_takes_no_memory_and_what_follows_is_heard() -> None:
    parser = MidiParser()
    assert parser.feed(b"\xf0" + bytes(10 * MAX_SYSEX) + b"\xf7\x90\x3c\x40") == [b"\x90\x3c\x40"]
