"""The daemon played through JACK MIDI by another process: notes, knobs, a melody, and what they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daw_bridge.audio import analysis
from tests.daw_bridge.control.midi.jack_process import Controller
from tests.rig.conftest import Rig
from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder, Recording

pytestmark = pytest.mark.rig

MAP = """
midi:
  api: jack
  ports: {keys: {in: keys out, out: keys in}}
  map:
    - {note: 36, toggle: 1}
    - {cc: 1, to: deck/1/temperature}
"""


@pytest.fixture(scope="module")
def played(
    jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Rig, Controller]]:
    data = tmp_path_factory.mktemp("midi")
    (data / "map.yaml").write_text(MAP)
    with (
        Controller(jack_server) as controller,
        Daemon(f"data={data}", f"midi={data / 'map.yaml'}", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        yield Rig(jack_server, daemon, recorder, client), controller


def until_value(client: OscClient, address: str, wanted: tuple[object, ...], timeout: float = 5.0) -> None:
    """Ask until a value is what it should be."""
    deadline = time.monotonic() + timeout
    while (got := client.ask(address).values) != wanted:
        assert time.monotonic() < deadline, f"{address} is {got}, not {wanted}"
        time.sleep(0.02)


def test_a_knob_and_a_pad_play_the_deck_and_a_key_its_harmony(played: tuple[Rig, Controller]) -> None:
    rig, controller = played
    client = rig.client
    # the knob is shown the default
    deadline = time.monotonic() + 5.0
    while b"\xb0\x01\x40" not in controller.got:
        assert time.monotonic() < deadline, controller.got
        time.sleep(0.02)
    time.sleep(0.2)
    controller.say(b"\xb0\x01\x7f")
    until_value(client, "/bridge/deck/1/temperature", (2.0,))
    client.ask("/bridge/quantum", "now")
    controller.say(b"\x90\x24\x64", b"\x80\x24\x00")
    rig.recorder.wait_for_sound(timeout=8.0)
    assert client.ask("/bridge/deck/1/state").values[0] == "playing"
    client.ask("/bridge/melody/steer", 1)
    controller.say(b"\x90\x45\x7f")
    until_value(client, "/bridge/deck/1/melody", (*[0.0] * 9, 1.0, 0.0, 0.0))
    controller.say(b"\x80\x45\x00")
    until_value(client, "/bridge/deck/1/melody", (0.0,) * 12)
    controller.say(b"\x90\x24\x64", b"\x80\x24\x00")
    rig.stop_playing()
    assert b"\x90\x24\x7f" in controller.got


def test_a_learned_knob_is_kept_in_the_data_folder(played: tuple[Rig, Controller]) -> None:
    rig, controller = played
    rig.client.ask("/bridge/midi/learn", "/bridge/gain")
    controller.say(b"\xb3\x14\x40")
    time.sleep(0.2)
    controller.say(b"\xb3\x14\x00")
    until_value(rig.client, "/bridge/gain", (-60.0,))
    folder = next(word for word in rig.daemon.command if word.startswith("data=")).partition("=")[2]
    assert "cc: 20" in (Path(folder) / "presets" / "midi.yaml").read_text()
    rig.client.ask("/bridge/midi/forget")
    rig.client.ask("/bridge/gain", 0.0)


def take(rig: Rig, seconds: float) -> tuple[int, Recording]:
    """Start deck 1 on a bar line; the frame of its first sample, and so many seconds from there on."""
    rig.recorder.clear()
    rig.client.ask("/bridge/deck/1/start", "1M")
    first = rig.recorder.wait_for_sound(timeout=8.0)
    time.sleep(seconds + 0.2)
    return first, rig.recorder.take(first, first + round(seconds * rig.recorder.rate))


def delay_of_a_key(rig: Rig, controller: Controller) -> float | None:
    """Seconds from a key to the first sample that it changed; None where the deck held meanwhile, so that the
    two takes say nothing about each other."""
    held = rig.client.ask("/bridge/deck/1/held").values[0]
    _, unchanged = take(rig, 4.0)
    rig.stop_playing()
    struck: list[float] = []

    def strike() -> None:
        struck.append(time.monotonic())
        controller.say(b"\x90\x42\x7f")

    striker = threading.Timer(1.5, strike)
    striker.start()
    first, changed = take(rig, 4.0)
    striker.join()
    controller.say(b"\x80\x42\x00")
    rig.stop_playing()
    if rig.client.ask("/bridge/deck/1/held").values[0] != held:
        return None
    difference = analysis.first_difference(unchanged.marked, changed.marked)
    assert difference is not None, "the note was not heard"
    return (first + difference - rig.recorder.frame_at(struck[0])) / rig.recorder.rate


@pytest.mark.slow
def test_a_key_of_another_program_is_heard_in_the_music_at_once(played: tuple[Rig, Controller]) -> None:
    rig, controller = played
    client = rig.client
    client.ask("/bridge/deck/1/temperature", 1.0)
    client.ask("/bridge/deck/1/prompt", "solo piano")
    client.ask("/bridge/deck/1/seed", 5)
    client.ask("/bridge/melody/steer", 1)
    delays = (delay_of_a_key(rig, controller) for _ in range(4))
    delay = next((delay for delay in delays if delay is not None), None)
    client.ask("/bridge/melody/steer", 0)
    assert delay is not None, "the machine is too busy: the deck held in every take"
    assert 0.0 < delay < 1.0
