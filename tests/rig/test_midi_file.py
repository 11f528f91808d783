"""A MIDI file, played by a process of its own, plays the daemon through the MIDI map of the surfaces."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jack
import mido
import pytest

from tests.rig.conftest import Rig
from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder
from tests.rig.test_midi import until_value

pytestmark = pytest.mark.rig

HERE = Path(__file__).parent
MAP = HERE.parents[1] / "surfaces" / "midi" / "eight-pads-eight-knobs.yaml"
KNOB_GAIN, KNOB_TEMPO = 73, 75
PAD_TOGGLE, PAD_STOP = 36, 37


@pytest.fixture(scope="module")
def mapped(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A daemon with the MIDI map of the surfaces."""
    with (
        Daemon(f"data={tmp_path_factory.mktemp('map')}", f"midi={MAP}", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        yield Rig(jack_server, daemon, recorder, client)


def play_file(server: JackServer, path: Path, messages: list[mido.Message]) -> None:
    """Play messages as a MIDI file, once the daemon has connected itself to the player's port."""
    file = mido.MidiFile(tracks=[mido.MidiTrack(messages)])
    file.save(path)
    command = [sys.executable, str(HERE / "midi_file_player.py"), str(path), "MPK mini", "MIDI 1"]
    with subprocess.Popen(
        command, env=server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as player:
        assert player.stdout is not None
        assert player.stdin is not None
        try:
            assert player.stdout.readline() == "ready\n"
            wait_until_heard(server, "MPK mini:MIDI 1")
            print(file=player.stdin, flush=True)
            assert player.stdout.readline() == "played\n"
            time.sleep(0.2)
        finally:
            player.stdin.close()
            player.wait(5)


def wait_until_heard(server: JackServer, port: str, timeout: float = 10.0) -> None:
    """Wait until something has connected itself to a JACK port."""
    deadline = time.monotonic() + timeout
    with jack.Client("watcher", servername=server.name, no_start_server=True) as client:
        while not client.get_all_connections(port):
            assert time.monotonic() < deadline, f"nobody listens to {port}"
            time.sleep(0.05)


def sweep(control: int) -> list[mido.Message]:
    """A knob turned all the way up within a second."""
    return [mido.Message("control_change", control=control, value=value, time=7) for value in range(128)]


def test_a_midi_file_plays_the_map_of_the_surfaces(mapped: Rig, tmp_path: Path) -> None:
    pressed = [
        mido.Message("note_on", note=PAD_TOGGLE, velocity=100, time=0),
        mido.Message("note_off", note=PAD_TOGGLE, time=48),
    ]
    play_file(mapped.jack, tmp_path / "start.mid", [*pressed, *sweep(KNOB_TEMPO), *sweep(KNOB_GAIN)])
    until_value(mapped.client, "/bridge/tempo", (180.0,))
    until_value(mapped.client, "/bridge/deck/1/gain", (6.0,))
    mapped.recorder.wait_for_sound(timeout=20.0)
    play_file(mapped.jack, tmp_path / "stop.mid", [mido.Message("note_on", note=PAD_STOP, velocity=100)])
    until_stopped(mapped.client)


def until_stopped(client: OscClient, timeout: float = 10.0) -> None:
    """Wait until deck 1 is silent."""
    deadline = time.monotonic() + timeout
    while (got := client.ask("/bridge/deck/1/state").values[0]) != "stopped":
        assert time.monotonic() < deadline, f"deck 1 is still {got}"
        time.sleep(0.05)
