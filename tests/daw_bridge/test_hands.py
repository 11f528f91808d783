from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import mido
import pytest

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.decks.protocol import When
from daw_bridge.errors import PresetError
from daw_bridge.hands import Hands, preset_file
from daw_bridge.presets import load
from tests.daw_bridge.control.test_dispatch import Listener
from tests.daw_bridge.fake_player import FakePlayer

Course = Callable[[Dispatcher, Listener], Awaitable[None]]
PRESET = """
title: mine
deck.1.seed: 5
midi:
  map:
    - {cc: 1, to: deck/1/temperature}
  scenes:
    drop: {quantum: now, values: {tempo: 130, deck.2.top_k: 7}}
"""


def play(folder: Path, course: Course) -> tuple[FakePlayer, Listener, list[str]]:
    """Send messages to the hands of a daemon whose data folder and preset are in a folder."""
    (folder / "presets").mkdir(exist_ok=True)
    (folder / "presets" / "mine.yaml").write_text(PRESET)
    player, listener, notices = FakePlayer(), Listener(), []

    async def run() -> None:
        dispatcher = Dispatcher(player)
        setup = load(folder / "presets" / "mine.yaml", [f"data={folder}"])
        hands = Hands(setup, dispatcher, lambda notice: notices.append(notice.text))
        hands.start()
        await course(dispatcher, listener)
        await asyncio.sleep(0.05)
        hands.close()
        dispatcher.close()

    asyncio.run(run())
    return player, listener, notices


def send(folder: Path, *messages: tuple[object, ...]) -> tuple[FakePlayer, Listener]:
    async def course(dispatcher: Dispatcher, listener: Listener) -> None:
        for address, *args in messages:
            dispatcher.submit(listener, str(address), tuple(args))

    player, listener, _ = play(folder, course)
    return player, listener


def test_scenes_and_presets_are_set_by_message(tmp_path: Path) -> None:
    now = ("/bridge/quantum", "now")
    player, listener = send(tmp_path, now, ("/bridge/scene", "drop"), ("/bridge/preset", "mine"))
    assert player.values["/bridge/tempo", None] == (130.0,)
    assert player.values["/bridge/deck/{deck}/top_k", 2] == (7,)
    assert player.values["/bridge/deck/{deck}/seed", 1] == (5,)
    acknowledged = [message[1] for message in listener.got[1:] if message[0] == "/bridge/ack"]
    assert acknowledged == ["/bridge/scene", "/bridge/preset"]
    assert ("/bridge/preset/done", "mine", 3, 1.0) in listener.got


def test_a_preset_brings_its_model_and_says_which_options_stay(tmp_path: Path) -> None:
    async def course(dispatcher: Dispatcher, listener: Listener) -> None:
        for words in (("with", "4M"), ("with", 9), ("gone",)):
            dispatcher.submit(listener, "/bridge/preset", words)

    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "with.yaml").write_text(
        "title: t\nmodel: other\nlatency_ms: 90\ndecks: 3\ndeck.3.prompt: rain"
    )
    (tmp_path / "presets" / "gone.yaml").write_text("model: absent\ntempo: 99")
    player, listener, notices = play(tmp_path, course)
    asked = [call for call in player.calls if call[0] == "model"]
    assert asked == [
        ("model", "other", When(Quantum.parse("4M"))),
        ("model", "other", When(NOW, bar=9)),
        ("model", "absent", When(Quantum.parse("1M"))),
    ]
    assert player.values["/bridge/decks", None] == (3,)
    assert player.values["/bridge/deck/{deck}/prompt", 3] == ("rain",)
    assert ("/bridge/tempo", None) not in player.values
    assert any("latency_ms is fixed" in notice for notice in notices)
    assert ("/bridge/error", "/bridge/preset", "model absent: there is none of this name") in listener.got


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (("/bridge/scene", "nowhere"), "drop"),
        (("/bridge/preset", "../../etc/passwd"), "known are"),
        (("/bridge/midi/learn", "/bridge/deck/1/prompt"), "choices"),
        (("/bridge/midi/learn", "/bridge/tempo", "by ear"), "twos-complement"),
        (("/bridge/melody/load", "../secret.mid"), "folder melodies"),
        (("/bridge/melody/load", "absent.mid"), "no such file"),
        (("/bridge/melody/arm", 64, 0, "1M"), "note value"),
        (("/bridge/melody/steer", 3), "one of the 2 decks"),
    ],
)
def test_what_cannot_be_is_answered_with_what_is_allowed(
    tmp_path: Path, message: tuple[object, ...], words: str
) -> None:
    _, listener = send(tmp_path, message)
    ((address, about, reason),) = listener.got
    assert (address, about) == ("/bridge/error", message[0])
    assert words in str(reason)


def test_a_melody_file_becomes_the_phrase_of_the_deck_that_is_steered(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    notes = [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=96)]
    file.tracks.append(mido.MidiTrack(notes))
    (tmp_path / "melodies").mkdir()
    file.save(tmp_path / "melodies" / "a.mid")
    messages = (("/bridge/melody/steer", 1), ("/bridge/melody/load", "a.mid"))

    async def course(dispatcher: Dispatcher, listener: Listener) -> None:
        for address, *args in messages:
            dispatcher.submit(listener, address, tuple(args))
        for _ in range(200):
            await asyncio.sleep(0.01)
            if len(listener.got) == 2:
                return

    player, listener, _ = play(tmp_path, course)
    assert player.values["/bridge/deck/{deck}/phrase", 1] == ("4 60@0+1*64",)
    assert [message[:2] for message in listener.got] == [
        ("/bridge/ack", "/bridge/melody/steer"),
        ("/bridge/ack", "/bridge/melody/load"),
    ]


def test_arming_is_acknowledged_with_the_place_where_it_begins(tmp_path: Path) -> None:
    # the player is at bar 2, beat 1.5, 120 BPM: one bar of count-in, from bar 3
    _, listener = send(tmp_path, ("/bridge/melody/arm", 2))
    assert listener.got == [("/bridge/ack", "/bridge/melody/arm", 12.0, 3.75, 4)]


def test_who_listens_to_a_capture_hears_how_far_it_is(tmp_path: Path) -> None:
    state = "/bridge/melody/state"

    async def course(dispatcher: Dispatcher, listener: Listener) -> None:
        dispatcher.submit(listener, f"{state}/listen")
        dispatcher.submit(listener, "/bridge/melody/arm", (2,))
        await asyncio.sleep(0.15)
        dispatcher.submit(listener, "/bridge/melody/cancel")
        await asyncio.sleep(0.15)

    # the player stays at bar 2, beat 1.5: a bar of count-in is a bar and half a beat of bar 2 away
    _, listener, _ = play(tmp_path, course)
    told = [message for message in listener.got if message[0] == state]
    assert told == [(state, "idle", 0, 0), (state, "count-in", 2, 8), (state, "idle", 0, 0)]
    _, listener = send(tmp_path, ("/bridge/melody/arm", 2), (state,), ("/bridge/melody/overdub", 1))
    assert listener.got[1] == (state, "count-in", 2, 8)


def test_learned_controls_that_cannot_be_read_are_told_and_put_aside(tmp_path: Path) -> None:
    async def course(dispatcher: Dispatcher, listener: Listener) -> None:
        await asyncio.sleep(0)

    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "midi.yaml").write_text("midi: 3")
    _, _, notices = play(tmp_path, course)
    assert any("midi.yaml" in notice and "not used" in notice for notice in notices)


def test_presets_are_found_by_name_in_the_data_folder_first(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    own = tmp_path / "presets" / "lofi.yaml"
    own.write_text("tempo: 70")
    assert preset_file("lofi", tmp_path) == own
    assert preset_file("techno", tmp_path).name == "techno.yaml"
    with pytest.raises(PresetError, match="known are"):
        preset_file("midi", tmp_path)
