"""The desk on a real JACK server, with a controller in a process of its own."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.desk import MidiDesk
from daw_bridge.control.midi.section import read_section
from tests.daw_bridge.control.midi.desk_stage import TEMPERATURE, check_values, load_preset
from tests.daw_bridge.control.midi.jack_process import Controller
from tests.daw_bridge.fake_player import FakePlayer
from tests.rig.jack_server import JackServer

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(shutil.which("jackd") is None, reason="needs jackd"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as jack_server:
        yield jack_server


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.01)


def test_a_controller_of_another_process_is_found_played_shown_lost_and_found_again(
    server: JackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rtmidi = pytest.importorskip("rtmidi")
    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        pytest.skip("python-rtmidi was built without JACK")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    section = {
        "api": "jack",
        "ports": {"keys": {"in": "keys out", "out": "keys in"}},
        "map": [{"cc": 1, "to": "deck/1/temperature"}, {"note": 36, "to": "deck/2/start"}],
    }

    async def course() -> None:
        player, notices = FakePlayer(), []
        dispatcher = Dispatcher(player)
        setup = read_section("test", section, check_values)
        desk = MidiDesk(dispatcher, setup, lambda n: notices.append(n.text), tmp_path / "m.yaml", load_preset)
        desk.start()
        try:
            assert len(notices) == 2
            with Controller(server) as controller:
                await until(lambda: sum("is there" in notice for notice in notices) == 2)
                # the table's default of 1.0 is shown on the knob
                await until(lambda: b"\xb0\x01\x40" in controller.got)
                await asyncio.sleep(0.2)
                controller.say(*(bytes((0xB0, 1, n % 128)) for n in range(1280)), b"\xb0\x01\x7f")
                await until(lambda: player.values.get((TEMPERATURE, 1)) == (2.0,))
                sets = sum(call[0] == TEMPERATURE for call in player.calls)
                controller.say(b"\x90\x24\x40", b"\x90\x24\x00", b"\x90\x40\x64")
                await until(lambda: bool(desk.melody.players()))
                assert ("/bridge/deck/{deck}/start", 2) in [call[:2] for call in player.calls]
                assert sets < 600
                # a port that is back before the next look: its notes end, and it is heard again
                controller.blink()
                await until(lambda: not desk.melody.players())
                assert sum("has gone" in notice for notice in notices) == 1
                await until(lambda: sum("is there" in notice for notice in notices) == 3)
                controller.say(b"\x90\x40\x64")
                await until(lambda: bool(desk.melody.players()))
            await until(lambda: not desk.melody.players())
            await until(lambda: sum("has gone" in notice for notice in notices) == 3)
            with Controller(server) as controller:
                await until(lambda: b"\xb0\x01\x7f" in controller.got)
                await asyncio.sleep(0.2)
                controller.say(b"\xb0\x01\x00")
                await until(lambda: player.values.get((TEMPERATURE, 1)) == (0.0,))
        finally:
            desk.close()
            dispatcher.close()

    asyncio.run(course())
