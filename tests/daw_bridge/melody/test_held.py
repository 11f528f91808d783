from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.melody.held import HeldNotes


def test_a_note_sounds_while_its_key_is_down() -> None:
    held = HeldNotes()
    assert held.press("a", 60, 127) == []
    assert held.chroma()[0] == 1.0
    assert held.release("a", 60) == [("a", 60)]
    assert held.chroma() == (0.0,) * 12


def test_the_pedal_holds_until_it_comes_up() -> None:
    held = HeldNotes()
    held.press("a", 60, 100)
    held.press("a", 64, 100)
    held.pedal("a", True)
    assert held.release("a", 60) == []
    assert held.pedal("a", False) == [("a", 60)]
    assert set(held.sounding) == {("a", 64)}


def test_a_key_struck_again_under_the_pedal_ends_the_first_and_stays_when_the_pedal_comes_up() -> None:
    held = HeldNotes()
    held.pedal("a", True)
    held.press("a", 60, 100)
    held.release("a", 60)
    assert held.press("a", 60, 50) == [("a", 60)]
    assert held.pedal("a", False) == []
    assert held.sounding == {("a", 60): 50}


def test_all_off_ends_one_player_only_and_lifts_its_pedal() -> None:
    held = HeldNotes()
    held.pedal("a", True)
    held.press("a", 60, 100)
    held.release("a", 60)
    held.press("b", 67, 100)
    assert held.all_off("a") == [("a", 60)]
    assert held.players() == {"b"}


PLAY = st.tuples(
    st.sampled_from(["press", "release", "pedal", "off"]),
    st.sampled_from("ab"),
    st.integers(60, 63),
    st.booleans(),
)


@given(st.lists(PLAY, max_size=60))
def test_whatever_is_played_every_note_begun_ends_once(play: list[tuple[str, str, int, bool]]) -> None:
    held, begun, ended = HeldNotes(), 0, 0
    for action, player, pitch, down in play:
        if action == "press":
            begun += 1
            ended += len(held.press(player, pitch, 100))
        elif action == "release":
            ended += len(held.release(player, pitch))
        elif action == "pedal":
            ended += len(held.pedal(player, down))
        else:
            ended += len(held.all_off(player))
        assert begun == ended + len(held.sounding)
    for player in "ab":
        ended += len(held.all_off(player))
    assert begun == ended
    assert held.chroma() == (0.0,) * 12
