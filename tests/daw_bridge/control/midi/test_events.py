from __future__ import annotations

from collections.abc import Set
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.control.midi.events import Control, Event, EventReader, NotesOff
from daw_bridge.control.midi.feedback import feedback_messages, raw_of
from daw_bridge.midi.parser import MidiParser

PAIR = frozenset({(1, 1)})
FINE = Control("cc14", 1)


def read(data: bytes, pairs: Set[tuple[int, int]] = frozenset()) -> list[Event | NotesOff]:
    reader = EventReader(pairs)
    events = [event for message in MidiParser().feed(data) for event in reader.read(message)]
    return [*events, *reader.settle()]


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"\x92\x3c\x64", [Event(Control("note", 60), 3, 100)]),
        (b"\x92\x3c\x00", [Event(Control("note", 60), 3, 0)]),
        (b"\x82\x3c\x40", [Event(Control("note", 60), 3, 0)]),
        (b"\xb0\x07\x7f", [Event(Control("cc", 7), 1, 127)]),
        (b"\xcf\x05", [Event(Control("program", 5), 16, 0)]),
        (b"\xe0\x00\x40", [Event(Control("bend"), 1, 8192)]),
        (b"\xd0\x11", [Event(Control("pressure"), 1, 17)]),
        (b"\xa0\x3c\x11", [Event(Control("key_pressure", 60), 1, 17)]),
        (b"\xf0\x7f\x7f\x06\x02\xf7", [Event(Control("mmc", 2), 0, 127)]),
        (b"\xf0\x7e\x7f\x06\x02\xf7", []),
        (b"\xfa\xfc", [Event(Control("transport", 0xFA), 0, 127), Event(Control("transport", 0xFC), 0, 127)]),
        (b"\xb3\x7b\x00", [NotesOff(4)]),
        (b"\xb3\x78\x00\xb3\x79\x00", [NotesOff(4), NotesOff(4)]),
        (b"\xff", [NotesOff(0)]),
        (b"\xf8\xf2\x01\x02\xf6", []),
    ],
)
def test_messages_mean_what_the_standard_says(data: bytes, events: list[Event | NotesOff]) -> None:
    assert read(data) == events


def test_pairs_of_controllers_are_one_value_without_a_jump_between_the_halves() -> None:
    assert read(b"\xb0\x01\x40\xb0\x21\x05", PAIR) == [Event(FINE, 1, 0x40 << 7 | 5)]
    assert read(b"\xb0\x01\x40", PAIR) == [Event(FINE, 1, 0x40 << 7)]
    assert read(b"\xb0\x01\x40\xb0\x21\x05\xb0\x21\x06", PAIR)[1:] == [Event(FINE, 1, 0x40 << 7 | 6)]
    assert read(b"\xb0\x01\x40\xb0\x21\x05") == [
        Event(Control("cc", 1), 1, 64),
        Event(Control("cc", 33), 1, 5),
    ]


def test_a_coarse_half_waits_for_its_fine_one_as_long_as_it_is_let() -> None:
    reader = EventReader(PAIR)
    assert reader.read(b"\xb0\x01\x40", 1.0) == []
    assert reader.settle(0.99) == []
    assert reader.waits
    assert reader.read(b"\xb0\x21\x05", 1.005) == [Event(FINE, 1, 0x40 << 7 | 5)]
    assert not reader.waits
    assert reader.read(b"\xb0\x01\x41", 2.0) == []
    assert reader.settle(2.0) == [Event(FINE, 1, 0x41 << 7)]


def test_coarse_halves_alone_count_when_the_next_one_comes() -> None:
    reader = EventReader(PAIR)
    assert reader.read(b"\xb0\x01\x40", 1.0) == []
    assert reader.read(b"\xb0\x01\x41", 1.001) == [Event(FINE, 1, 0x40 << 7)]
    assert reader.settle(1.0) == []
    assert reader.settle() == [Event(FINE, 1, 0x41 << 7)]


def test_an_increment_ends_the_waiting_of_a_parameter() -> None:
    select = b"\xb0\x63\x02\xb0\x62\x03"
    nrpn = Control("nrpn", 2 << 7 | 3)
    assert read(select + b"\xb0\x06\x10\xb0\x60\x00") == [Event(nrpn, 1, 0x11 << 7)]


def test_only_the_channel_that_has_a_pair_is_read_in_pairs() -> None:
    assert read(b"\xb1\x01\x40\xb1\x21\x05", PAIR) == [
        Event(Control("cc", 1), 2, 64),
        Event(Control("cc", 33), 2, 5),
    ]


def test_parameters_are_selected_and_entered_and_left() -> None:
    select = b"\xb0\x63\x02\xb0\x62\x03"
    nrpn = Control("nrpn", 2 << 7 | 3)
    assert read(select + b"\xb0\x06\x10\xb0\x26\x01") == [Event(nrpn, 1, 0x10 << 7 | 1)]
    assert read(select + b"\xb0\x06\x10") == [Event(nrpn, 1, 0x10 << 7)]
    assert read(select + b"\xb0\x06\x10\xb0\x26\x00\xb0\x60\x00")[-1] == Event(nrpn, 1, 0x11 << 7)
    assert read(b"\xb0\x65\x00\xb0\x64\x01\xb0\x06\x10") == [Event(Control("rpn", 1), 1, 0x10 << 7)]
    null = b"\xb0\x65\x7f\xb0\x64\x7f"
    assert read(select + null + b"\xb0\x06\x10") == [Event(Control("cc", 6), 1, 16)]


@given(
    st.sampled_from(
        [Control("cc", 7), Control("cc14", 3), Control("nrpn", 300), Control("bend"), Control("note", 60)]
    ),
    st.integers(1, 16),
    st.floats(0, 1),
)
def test_what_is_shown_reads_back_as_the_same_position(
    control: Control, channel: int, position: float
) -> None:
    raw = raw_of(control, position)
    events = read(b"".join(feedback_messages(control, channel, raw)), frozenset({(channel, 3)}))
    assert events == [Event(control, channel, raw)]
    assert isinstance(events[0], Event)
    # above the middle a bend has a step less
    steps = control.top - (control.kind == "bend")
    assert events[0].position == pytest.approx(position, abs=0.5 / steps + 1e-9)


def test_the_middle_of_a_bend_is_the_middle() -> None:
    assert [Event(Control("bend"), 1, value).position for value in (0, 8192, 16383)] == [0.0, 0.5, 1.0]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_harm(data: bytes) -> None:
    for event in read(data, frozenset(product(range(1, 17), range(32)))):
        if isinstance(event, Event):
            assert 0 <= event.value <= event.control.top
            assert 0.0 <= event.position <= 1.0
            assert 0 <= event.channel <= 16
