from __future__ import annotations

import pytest

from daw_bridge.control.midi.events import Control, Event
from daw_bridge.control.midi.feedback import ECHO_S, HAND_S, Feedback, Hand

PAD, KNOB = Control("note", 60), Control("cc", 7)


def feedback() -> tuple[Feedback, list[bytes]]:
    sent: list[bytes] = []
    return Feedback(sent.append), sent


def test_only_changes_are_sent_and_everything_after_a_reconnect() -> None:
    shows, sent = feedback()
    for _ in range(2):
        shows.show(PAD, 10, 127, 0.0)
        shows.show(PAD, 10, 127, 1.0)
        shows.show(KNOB, 1, 5, 1.0)
        assert sent == [b"\x99\x3c\x7f", b"\xb0\x07\x05"]
        shows.forget()
        sent.clear()


def test_a_control_in_the_players_hand_is_left_alone_and_told_when_it_has_been_let_go() -> None:
    shows, sent = feedback()
    shows.moved(Event(KNOB, 1, 64), 1.0, "fader")
    assert shows.show(KNOB, 1, 64, 1.0)
    assert not shows.show(KNOB, 1, 63, 1.0 + HAND_S / 2)
    assert sent == []
    assert shows.show(KNOB, 1, 63, 1.1 + HAND_S)
    assert sent == [b"\xb0\x07\x3f"]


def test_a_ring_does_not_show_what_its_encoder_sends() -> None:
    shows, sent = feedback()
    shows.show(KNOB, 1, 65, 0.0)
    shows.moved(Event(KNOB, 1, 65), 1.0, "encoder")
    assert not shows.show(KNOB, 1, 65, 1.0 + HAND_S / 2)
    assert shows.show(KNOB, 1, 65, 1.1 + HAND_S)
    assert sent == [b"\xb0\x07\x41"] * 2


def test_a_button_is_lit_while_it_is_held_and_again_when_it_is_let_go() -> None:
    shows, sent = feedback()
    shows.moved(Event(KNOB, 1, 127), 1.0, "button")
    assert shows.show(KNOB, 1, 127, 1.02)
    shows.moved(Event(KNOB, 1, 0), 1.1, "button", let_go=True)
    assert shows.show(KNOB, 1, 127, 1.12)
    assert sent == [b"\xb0\x07\x7f"] * 2
    # no echo came of the first time: this is a hand
    assert not shows.is_echo(Event(KNOB, 1, 127), 1.15, "button")


def test_a_button_that_echoes_does_so_again() -> None:
    shows, _ = feedback()
    shows.show(KNOB, 1, 127, 1.0)
    assert shows.is_echo(Event(KNOB, 1, 127), 1.01, "button")
    shows.moved(Event(KNOB, 1, 0), 1.1, "button", let_go=True)
    shows.show(KNOB, 1, 127, 1.12)
    assert shows.is_echo(Event(KNOB, 1, 127), 1.13, "button")


def test_the_channel_of_a_control_is_the_one_on_which_it_was_moved_last() -> None:
    shows, _ = feedback()
    assert shows.channel(PAD) == 1
    shows.moved(Event(PAD, 10, 1), 1.0, "button")
    shows.forget()
    assert shows.channel(PAD) == 10


@pytest.mark.parametrize("value", [5, 6, 90])
def test_what_a_knob_says_right_after_it_was_told_is_its_echo(value: int) -> None:
    shows, _ = feedback()
    shows.show(KNOB, 1, 5, 1.0)
    assert shows.is_echo(Event(KNOB, 1, value), 1.01, "fader")
    assert not shows.is_echo(Event(KNOB, 1, value), 1.01 + ECHO_S, "fader")
    assert not shows.is_echo(Event(KNOB, 2, value), 1.01, "fader")


@pytest.mark.parametrize(("control", "hand"), [(PAD, "button"), (KNOB, "button"), (KNOB, "encoder")])
def test_of_a_pad_or_an_encoder_only_what_was_sent_is_an_echo_and_once(control: Control, hand: Hand) -> None:
    shows, _ = feedback()
    shows.show(control, 1, 126, 1.0)
    shows.show(control, 1, 127, 1.005)
    assert not shows.is_echo(Event(control, 1, 100), 1.01, hand)
    for value in (126, 127):
        assert shows.is_echo(Event(control, 1, value), 1.01, hand)
        assert not shows.is_echo(Event(control, 1, value), 1.02, hand)
    shows.show(control, 1, 0, 2.0)
    assert not shows.is_echo(Event(control, 1, 0), 2.01, hand)
