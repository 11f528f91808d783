"""Clocks on a real JACK server: MIDI from a second process, and the transport."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daw_bridge.clock import InternalClock, Reading
from daw_bridge.clock.jack_timebase import JackTimebase
from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.clock.midi_port import MidiClockPort
from daw_bridge.clock.source import ClockSource
from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import jack_period_s, open_client
from tests.rig.jack_server import PERIOD, RATE, JackServer

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(shutil.which("jackd") is None, reason="needs jackd"),
]

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20.0
SENDER = Path(__file__).with_name("jack_sender.py")


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as jack_server:
        yield jack_server


def read_for(source: ClockSource, seconds: float) -> list[Reading]:
    readings, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        readings.append(source.read(time.monotonic()))
        time.sleep(0.005)
    return readings


def read_until(source: ClockSource, notice: str) -> list[Reading]:
    """What is read up to an event, which others that start their processes meanwhile may hold up."""
    readings, deadline = [], time.monotonic() + PATIENCE_S
    while True:
        readings += read_for(source, 0.02)
        told = [event.notice for reading in readings for event in reading.events]
        if notice in told:
            return readings
        assert time.monotonic() < deadline, f"no {notice}, but {told}"


def test_midi_clock_of_another_process_is_followed_and_its_loss_noticed(
    server: JackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rtmidi = pytest.importorskip("rtmidi")
    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        pytest.skip("python-rtmidi was built without JACK")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    grain = jack_period_s(server.name)
    assert grain == PERIOD / RATE
    port = MidiClockPort("clock", virtual=True, api=rtmidi.API_UNIX_JACK, grain_s=grain)
    port.start()
    sender = subprocess.Popen(
        [sys.executable, str(SENDER), "daw_bridge:clock", "126", "4"],
        env=server.env,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sender.stdout is not None
        first = float(sender.stdout.readline())
        readings = read_for(port, first + 3.5 - time.monotonic())
        line = readings[-1].line
        assert line is not None
        assert line.bpm == pytest.approx(126.0, abs=1.0)
        late = line.time_of(3.0 * 126.0 / 60.0) - (first + 3.0)
        assert abs(late) < 0.015
        readings += read_for(port, 1.0)
        told = [event.notice for reading in readings for event in reading.events]
        assert told == ["start", "locked", "stop", "lost"]
        assert sender.wait(10.0) == 0
    finally:
        sender.kill()
        sender.wait()
        sender.stdout.close()
        port.stop()


def test_transport_without_a_timebase_counts_in_our_tempo(server: JackServer) -> None:
    source, client = JackTransportSource(90.0, server=server.name), open_client("host", server.name)
    with client:
        source.start()
        try:
            client.transport_stop()
            client.transport_frame = 0
            read_for(source, 0.1)
            client.transport_start()
            readings = read_for(source, 0.5)
            now = time.monotonic()
            line, frame = source.read(now).line, client.transport_frame
            assert line is not None
            assert line.beat_at(now) == pytest.approx(frame / RATE * 1.5, abs=0.01)
            assert [e.notice for r in readings for e in r.events] == ["start"]
            epoch = readings[-1].epoch
            client.transport_frame = RATE * 20
            assert read_for(source, 0.2)[-1].epoch > epoch
            assert source.read(time.monotonic()).line is not None
            client.transport_stop()
            assert [e.notice for r in read_for(source, 0.1) for e in r.events] == ["stop"]
        finally:
            source.stop()


def test_transport_with_a_timebase_gives_its_bars_and_tempo(server: JackServer) -> None:
    clock, began = InternalClock(RATE, 133.0, 3), time.monotonic()
    master = JackTimebase(
        lambda now: clock.moment((now - began) * RATE), lambda: 133.0, lambda _: 3, server=server.name
    )
    source = JackTransportSource(90.0, server=server.name)
    source.start()
    try:
        with pytest.raises(DeviceError, match="already"):
            JackTimebase(lambda _: clock.moment(0), lambda: 1.0, lambda _: 4, server=server.name)
        with open_client("host", server.name) as client:
            client.transport_start()
            read_for(source, 0.5)
            now = time.monotonic()
            reading = source.read(now)
            client.transport_stop()
        assert reading.line is not None
        assert (reading.tempo, reading.beats_per_bar) == (pytest.approx(133.0), 3)
        assert reading.line.beat_at(now) == pytest.approx((now - began) * 133.0 / 60.0, abs=0.05)
    finally:
        source.stop()
        master.close()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_is_a_loss_and_the_one_that_comes_is_followed(ending: signal.Signals) -> None:
    told: list[Reading] = []
    with JackServer() as server:
        # slow beats: the first one lasts longer than it takes anybody to look
        source = JackTransportSource(20.0, server=server.name)
        source.start()
        try:
            with rolling(server):
                told += read_until(source, "start")
            server.end(ending)
            told += read_until(source, "lost")
            assert (told[-1].state, told[-1].tempo, told[-1].line) == ("lost", 20.0, None)
            assert not source.connected
            source.set_tempo(22.0)
            assert source.read(time.monotonic()).tempo == 22.0
            with JackServer(server.name) as again:
                told += read_until(source, "locked")
                assert source.connected
                with rolling(again):
                    told += read_until(source, "start")
                assert told[-1].tempo == 22.0
                assert told[-1].line is not None
        finally:
            source.stop()
    notices = [event.notice for reading in told for event in reading.events]
    assert notices == ["start", "lost", "locked", "start"]


@contextmanager
def rolling(server: JackServer) -> Iterator[None]:
    """Start the transport, from a process of its own, as JACK's library serves one server a process."""
    code = (
        "from daw_bridge.jack_client import open_client\n"
        f"with open_client('host', {server.name!r}) as client: client.transport_start()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        yield
        assert process.wait(20.0) == 0
    finally:
        process.kill()
        process.wait()


def test_no_server_is_refused_with_its_name() -> None:
    with pytest.raises(DeviceError, match="nowhere"):
        JackTransportSource(server="nowhere").start()
