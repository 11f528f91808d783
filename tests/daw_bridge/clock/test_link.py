from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from daw_bridge.clock.link import LinkSource
from daw_bridge.errors import DeviceError
from tests.daw_bridge.clock import fake_link

PATIENCE_S = 15.0


@dataclass
class Pair:
    first: LinkSource
    second: LinkSource

    def wait(self, reached: bool = True) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.first.peers < 1 or self.second.peers < 1:
            if time.monotonic() > deadline:
                pytest.skip("two Link peers do not find each other here: no multicast")
            time.sleep(0.05)
        time.sleep(1.0)


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two peers: the first has had its session of 97 BPM for a while when the second, of 140, joins."""
    pytest.importorskip("link", reason="LinkPython-extern is not installed")
    both = Pair(LinkSource(97.0), LinkSource(140.0))
    try:
        both.first.start()
        time.sleep(1.5)
        both.second.start()
        yield both
    finally:
        both.first.stop()
        both.second.stop()


def test_two_peers_agree_within_three_milliseconds_and_joining_leaves_the_tempo(pair: Pair) -> None:
    pair.wait()
    for _ in range(20):
        now = time.monotonic()
        one, two = pair.first.read(now).line, pair.second.read(now).line
        assert one is not None
        assert two is not None
        assert one.bpm == pytest.approx(97.0, rel=1e-4)
        assert two.bpm == pytest.approx(97.0, rel=1e-4)
        apart = (one.beat_at(now) - two.beat_at(now) + 2.0) % 4.0 - 2.0
        assert abs(apart) * 60.0 / 97.0 < 0.003
        time.sleep(0.02)


def test_a_tempo_set_here_is_the_sessions(pair: Pair) -> None:
    pair.wait()
    pair.second.set_tempo(126.0)
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        reading = pair.first.read(time.monotonic())
        if reading.tempo == pytest.approx(126.0, rel=1e-4):
            return
        time.sleep(0.02)
    raise AssertionError(f"the other peer stays at {reading.tempo} BPM")


def test_a_session_that_nobody_has_started_always_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    session = fake_link.install(monkeypatch)
    source = LinkSource(120.0)
    source.start()
    assert session.synced
    reading = source.read(time.monotonic())
    assert reading.line is not None
    assert (reading.standing, reading.events, source.has_transport) == (False, (), False)


def test_from_its_first_start_on_a_session_starts_and_stops_while_its_beats_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = fake_link.install(monkeypatch)
    source = LinkSource(120.0)
    epochs = set()
    for playing, told in ((True, "continue"), (False, "stop"), (True, "continue")):
        session.play(playing)
        reading = source.read(time.monotonic())
        assert [event.notice for event in reading.events] == [told]
        assert reading.standing == (not playing)
        assert reading.line is not None
        assert source.read(time.monotonic()).events == ()
        epochs.add(reading.epoch)
    assert len(epochs) == 1


def test_a_start_that_is_announced_counts_when_its_time_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    session = fake_link.install(monkeypatch)
    source = LinkSource(120.0)
    session.play(True, in_s=0.5)
    now = time.monotonic()
    assert source.read(now).events == ()
    (event,) = source.read(now + 0.6).events
    assert event.notice == "continue"


def test_when_the_last_peer_has_left_a_song_does_not_stand_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    session = fake_link.install(monkeypatch)
    source = LinkSource(120.0)
    for playing in (True, False):
        session.play(playing)
        source.read(time.monotonic())
    assert source.read(time.monotonic()).standing
    session.peers = 0
    assert not source.read(time.monotonic()).standing
    session.peers = 1
    assert not source.read(time.monotonic()).standing
    session.play(True)
    source.read(time.monotonic())
    session.play(False)
    assert source.read(time.monotonic()).standing


def test_start_and_stop_of_a_peer_are_followed(pair: Pair) -> None:
    pair.wait()
    for playing, told in ((True, "continue"), (False, "stop")):
        state = pair.second._link.captureSessionState()
        state.setIsPlaying(playing, pair.second._link.clock().micros())
        pair.second._link.commitSessionState(state)
        deadline = time.monotonic() + 5.0
        while not (reading := pair.first.read(time.monotonic())).events:
            assert time.monotonic() < deadline, "the other peer hears nothing of it"
            time.sleep(0.01)
        assert [event.notice for event in reading.events] == [told]
        assert reading.standing == (not playing)


def test_a_beat_moved_is_a_new_epoch_and_a_tempo_is_none() -> None:
    pytest.importorskip("link", reason="LinkPython-extern is not installed")
    source = LinkSource(120.0)
    epoch = source.read(time.monotonic()).epoch
    source.set_tempo(90.0)
    time.sleep(0.05)
    assert source.read(time.monotonic()).epoch == epoch
    state = source._link.captureSessionState()
    state.forceBeatAtTime(65.5, source._link.clock().micros(), 4.0)
    source._link.commitSessionState(state)
    assert source.read(time.monotonic()).epoch == epoch + 1


def test_alone_it_keeps_time() -> None:
    pytest.importorskip("link", reason="LinkPython-extern is not installed")
    source = LinkSource(120.0)
    one = source.read(time.monotonic()).line
    time.sleep(0.2)
    two = source.read(time.monotonic()).line
    assert one is not None
    assert two is not None
    assert two.beat_at(two.time) == pytest.approx(one.beat_at(two.time), abs=0.002)


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(DeviceError, match="LinkPython-extern"):
        LinkSource()
