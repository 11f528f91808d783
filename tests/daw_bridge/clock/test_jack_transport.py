from __future__ import annotations

import os
import signal
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import SimpleNamespace

import pytest

from daw_bridge.clock import Reading, jack_peer
from daw_bridge.clock.jack_peer import TransportPeer
from daw_bridge.clock.jack_process import AGAIN_AFTER_S, Absent, Look, TransportEvent, TransportLoop
from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.errors import DeviceError
from tests.daw_bridge.clock import fake_jack
from tests.daw_bridge.clock.jack_mains import finds_nothing, looks_and_dies, looks_once
from tests.daw_bridge.clock.transport_peer import FakePeer


def read(source: JackTransportSource) -> Reading:
    return source.read(time.monotonic())


def test_where_a_server_ends_the_masters_tempo_stays_and_is_ours_to_set() -> None:
    peer = FakePeer()
    source = JackTransportSource(90.0, peer=peer)
    source.start()
    peer.bpm, peer.size = 133.0, 3
    peer.roll()
    reading = read(source)
    assert [event.notice for event in reading.events] == ["start"]
    assert (reading.tempo, reading.beats_per_bar) == (133.0, 3)
    assert source.tempo_owner
    peer.end()
    reading = read(source)
    assert [event.notice for event in reading.events] == ["lost"]
    assert (reading.state, reading.tempo, reading.line, source.tempo_owner) == ("lost", 133.0, None, "")
    assert not source.connected
    source.set_tempo(100.0)
    reading = read(source)
    assert (reading.tempo, reading.events) == (100.0, ())


def test_the_server_that_comes_back_is_followed_again() -> None:
    peer = FakePeer()
    source = JackTransportSource(120.0, peer=peer)
    source.start()
    peer.roll()
    epoch = read(source).epoch
    peer.end()
    read(source)
    peer.absent = False
    reading = read(source)
    assert source.connected
    assert [event.notice for event in reading.events] == ["locked"]
    assert (reading.state, reading.line) == ("locked", None)
    peer.roll()
    reading = read(source)
    assert [event.notice for event in reading.events] == ["start"]
    assert reading.line is not None
    assert reading.line.beat == pytest.approx(0.0, abs=0.05)
    assert reading.epoch > epoch


def test_a_look_that_is_old_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = FakePeer()
    source = JackTransportSource(120.0, peer=peer)
    source.start()
    peer.roll()
    read(source)
    old = peer.newest()
    monkeypatch.setattr(peer, "newest", lambda: old)
    assert source.read(time.monotonic() + 0.5).line is not None
    assert source.read(time.monotonic() + 5.0).state == "lost"


def until_another(peer: TransportPeer, before: float) -> float:
    """The number of the process that has come in the place of one."""
    deadline = time.monotonic() + 2.0 * jack_peer.START_S
    while True:
        peer.watch()
        said = peer.newest()
        if isinstance(said, Look) and said.seconds != before:
            return said.seconds
        assert time.monotonic() < deadline, f"no process has come: {said}"
        time.sleep(0.02)


def test_a_process_that_dies_is_started_anew_and_none_stays() -> None:
    peer = TransportPeer(main=looks_once)
    peer.start()
    first = peer.newest()
    assert isinstance(first, Look)
    os.kill(int(first.seconds), signal.SIGKILL)
    second = until_another(peer, first.seconds)
    peer.stop()
    peer.stop()
    peer.watch()
    with pytest.raises(ProcessLookupError):
        os.kill(int(second), 0)


def test_a_process_that_hangs_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = TransportPeer(main=looks_once)
    peer.start()
    first = peer.newest()
    assert isinstance(first, Look)
    monkeypatch.setattr(jack_peer, "SILENT_S", 0.0)
    peer.watch()
    monkeypatch.undo()
    until_another(peer, first.seconds)
    peer.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.seconds), 0)


def test_a_process_that_is_started_anew_is_given_as_long_as_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, theirs = [100.0], []

    def spawn(*_: object) -> tuple[SimpleNamespace, Connection]:
        ours, end = Pipe()
        theirs.append(end)
        return SimpleNamespace(is_alive=lambda: True), ours

    monkeypatch.setattr(jack_peer, "spawn", spawn)
    monkeypatch.setattr(jack_peer, "end", lambda process, connection: connection.close())
    monkeypatch.setattr(jack_peer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    peer = TransportPeer()
    peer._wanted = True
    peer.watch()
    for processes in (2, 3):
        now[0] += jack_peer.START_S - 0.1
        peer.watch()
        assert len(theirs) == processes - 1
        theirs[-1].send(Look(now[0], False, 0.0, None))
        assert isinstance(peer.newest(), Look)
        now[0] += jack_peer.SILENT_S + 0.1
        peer.watch()
        assert len(theirs) == processes
    peer.stop()
    for connection in theirs:
        connection.close()


def test_a_server_that_ends_while_the_process_opens_it_is_looked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = fake_jack.install(monkeypatch)
    said: list[TransportEvent] = []
    server.ending = True
    loop = TransportLoop(None, said.append)
    assert loop.step() == AGAIN_AFTER_S
    assert [type(event) for event in said] == [Absent]
    assert server.clients == 0


def test_what_a_process_that_is_gone_has_said_does_not_count() -> None:
    peer = TransportPeer(main=looks_and_dies)
    peer.start()
    deadline = time.monotonic() + jack_peer.START_S
    while not isinstance(peer.newest(), Absent):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    peer.stop()


def test_a_server_that_is_not_there_is_refused_and_no_process_stays() -> None:
    peer = TransportPeer("nowhere", finds_nothing)
    with pytest.raises(DeviceError, match=r"^JACK transport: no JACK server nowhere can"):
        peer.start()
    assert peer._running is None
