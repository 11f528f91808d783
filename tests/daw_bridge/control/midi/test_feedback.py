from __future__ import annotations

import pytest

from daw_bridge.control.midi.events import Control, Event
from daw_bridge.control.midi.feedback import ECHO_S, HAND_S, Feedback

PAD, KNOB = Control("note", 60), Control("cc", 7)


def feedback() -> tuple[Feedback, list[bytes]]:
    sent: list[bytes] = []
    return Feedback(sent.append), sent


def test_only_changes_are_sent_and_everything_after_a_reconnect() -> None:
    shows, sent = feedback()
    shows.show(PAD, 10, 127, 0.0)
    shows.show(PAD, 10, 127, 1.0)
    shows.show(KNOB, 1, 5, 1.0)
    assert sent == [b"\x99\x3c\x7f", b"\xb0\x07\x05"]
    shows.resend(2.0)
    assert sent[2:] == sent[:2]


def test_a_control_in_the_players_hand_is_left_alone() -> None:
    shows, sent = feedback()
    shows.moved(Event(KNOB, 1, 64), 1.0)
    shows.show(KNOB, 1, 64, 1.0)
    shows.show(KNOB, 1, 63, 1.0 + HAND_S / 2)
    assert sent == []
    shows.show(KNOB, 1, 10, 1.1 + HAND_S)
    assert sent == [b"\xb0\x07\x0a"]


@pytest.mark.parametrize("value", [5, 6, 90])
def test_what_a_knob_says_right_after_it_was_told_is_its_echo(value: int) -> None:
    shows, _ = feedback()
    shows.show(KNOB, 1, 5, 1.0)
    assert shows.is_echo(Event(KNOB, 1, value), 1.01)
    assert not shows.is_echo(Event(KNOB, 1, value), 1.01 + ECHO_S)
    assert not shows.is_echo(Event(KNOB, 2, value), 1.01)


def test_of_a_pad_only_the_very_light_is_an_echo_and_once() -> None:
    shows, _ = feedback()
    shows.show(PAD, 1, 127, 1.0)
    assert not shows.is_echo(Event(PAD, 1, 100), 1.01)
    assert shows.is_echo(Event(PAD, 1, 127), 1.01)
    assert not shows.is_echo(Event(PAD, 1, 127), 1.02)
    shows.show(PAD, 1, 0, 2.0)
    assert not shows.is_echo(Event(PAD, 1, 0), 2.01)
