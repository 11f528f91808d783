"""A whole player that follows the clocks of others, on the null clock with a fake model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock import BeatLine, ClockEvent, ClockSource, ManualSource
from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.decks import following
from daw_bridge.decks.protocol import Result, When
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.errors import DeviceError, ScheduleError
from daw_bridge.melody.desk import MelodyDesk
from daw_bridge.melody.status import CaptureStatus
from daw_bridge.takes.replay import replay
from tests.daw_bridge.clock import fake_link
from tests.daw_bridge.clock.line_source import LineSource
from tests.daw_bridge.clock.transport_peer import FakePeer
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.takes.scene import takes_of
from tests.daw_bridge.thread_engine import ThreadEngine

Scene = Callable[[Stage], Awaitable[None]]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> LineSource:
    """What ``/bridge/clock midi:HOST`` follows: nothing yet."""
    source = LineSource(name="the host", has_transport=True, tempo_owner="the host")

    def make(name: str, *_: object) -> ClockSource:
        if name == "link":
            raise DeviceError("link needs a package")
        return ManualSource() if name == "internal" else source

    monkeypatch.setattr(following, "make_source", make)
    return source


def clock(s: Stage) -> SongClock:
    parts = s.player._parts
    assert parts is not None
    return parts.clock


def began(s: Stage) -> int:
    """The output sample at which deck 1 started."""
    parts = s.player._parts
    assert parts is not None
    sample = parts.decks[0].began(s.player._output.position())
    assert sample is not None
    return sample


async def follow(s: Stage, name: str = "midi:HOST") -> list[Result]:
    """Choose a clock as somebody who waits for the answer does."""
    results: list[Result] = []
    s.player.set("/bridge/clock", None, (name,), When(), results.append)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if results or s.player.get("/bridge/clock", None) == (name,):
            break
    await asyncio.sleep(0.03)
    return results


def running(beat: float = 0.0, bpm: float = 120.0) -> BeatLine:
    """A song that is at a beat now."""
    return BeatLine(time.monotonic(), beat, bpm)


def off_s(s: Stage, line: BeatLine) -> float:
    """Seconds by which what is heard now is off the line's nearest beat."""
    now, heard = time.monotonic(), s.player._output.position()
    off = clock(s).map.beat_at(heard) - line.beat_at(now)
    return (off - round(off)) * 60.0 / line.bpm


async def until_followed(s: Stage, line: BeatLine, seconds: float = 20.0) -> None:
    """Until the map lies within 3 ms of a line, for a while."""
    deadline, good = time.monotonic() + seconds, 0
    while good < 10:
        off = off_s(s, line)
        good = good + 1 if abs(off) < 0.003 else 0
        if time.monotonic() > deadline:
            raise AssertionError(f"{1000 * off:.1f} ms off")
        await asyncio.sleep(0.01)


def test_a_start_is_on_the_bar_line_of_the_host_and_has_its_number(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(66.0, 200.0)
        assert not await follow(s)
        s.set("prompt", "400")
        start = s.start()
        assert start.beat % 4 == 0
        assert start.bar == start.beat // 4 + 1 > 16
        await s.until(start.sample + RATE // 2)
        assert s.state() == "playing"
        await until_followed(s, host.line)
        samples.append(began(s))
        sounded = clock(s).map.beat_at(samples[0])
        assert sounded == pytest.approx(start.beat, abs=1e-3)
        status = s.player.status().clock
        assert (status.source, status.state) == ("the host", "locked")
        assert status.tempo == 200.0
        assert abs(status.error_ms) < 3.0
        assert s.player.get("/bridge/tempo", None) == (200.0,)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert np.abs(heard[: samples[0]]).max() == 0.0
    assert np.abs(heard[samples[0] : samples[0] + 200]).max() > 0.1


def test_a_change_of_the_hosts_tempo_and_place_is_followed_without_silence(
    host: LineSource, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 120.0)
        await follow(s)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 2)
        host.line = BeatLine(time.monotonic(), host.line.beat_at(time.monotonic()), 132.0)
        await until_followed(s, host.line)
        host.line, host.epoch = running(41.3, 132.0), 1
        await until_followed(s, host.line)
        # the short bar may be as far away as the next bar line
        await asyncio.sleep(5 * 60.0 / 132.0)
        heard = s.player._output.position()
        _, within = clock(s).map.bar_beat(clock(s).map.beat_at(heard))
        assert within == pytest.approx(host.line.beat_at(time.monotonic()) % 4 + 1, abs=0.02)
        samples.extend((start.sample, round(heard)))
        assert s.player.status().underruns == 0

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    block = np.abs(heard[samples[0] + 200 : samples[1]])
    assert block[: len(block) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.4


def test_the_source_is_changed_while_it_plays(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        host.line = running(7.4, 126.0)
        assert not await follow(s)
        assert host.open
        await until_followed(s, host.line)
        with pytest.raises(DeviceError, match="/bridge/tempo is set by the host"):
            s.tempo(90.0)
        assert not await follow(s, "internal")
        assert not host.open
        kept = clock(s).map.tempi[-1].bpm
        assert kept == pytest.approx(126.0)
        changed = s.tempo(90.0)
        await s.until(changed.sample + RATE // 4)
        assert s.player.status().tempo == 90.0
        samples.extend((start.sample, changed.sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    block = np.abs(heard[samples[0] + 200 : samples[1]])
    assert block[: len(block) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.4


def test_a_capture_that_waits_counts_in_from_where_a_host_starts(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(402.0, 240.0)
        await follow(s)
        desk = MelodyDesk(lambda address, values: None, lambda at: s.player.status().place)
        s.player.show_capture(lambda status: desk.status(status.place))
        assert desk.arm(2, 1, 0.0, 0.0).begin >= 408.0
        await asyncio.sleep(0.2)
        host.line, host.epoch = running(0.0, 240.0), 1
        while (status := s.player.status()).place.beat > 100.0:
            await asyncio.sleep(0.01)
        assert status.capture.state == "count-in"
        assert status.capture.beats <= 8
        while (status := s.player.status()).capture.state == "count-in":
            await asyncio.sleep(0.01)
        assert status.capture == CaptureStatus("recording", 2, 8)
        assert status.bar in (2, 3)

    perform(scene, tmp_path)


def test_what_cannot_be_opened_is_refused_and_the_old_clock_stays(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        with pytest.raises(DeviceError, match="needs a package"):
            s.player.set("/bridge/clock", None, ("link",), When())
        host.fails = True
        (refused,) = await follow(s)
        assert "no such clock" in refused.error
        host.fails, host.connected = False, False
        (refused,) = await follow(s)
        assert "no port for the host" in refused.error
        assert not host.open
        assert s.player.get("/bridge/clock", None) == ("internal",)
        assert s.player.status().clock.source == "internal"
        assert [n.kind for n in s.notices if "stays internal" in n.text] == ["error", "error"]
        # nobody waits for an answer, as at the start of the daemon: a port may come later
        s.player.set("/bridge/clock", None, ("midi:HOST",), When())
        await asyncio.sleep(0.1)
        assert s.player.get("/bridge/clock", None) == ("midi:HOST",)
        assert any("not there yet" in n.text for n in s.notices)
        host.tempo_owner = ""
        s.tempo(100.0)
        assert s.start().seconds < 1.0

    perform(scene, tmp_path)


def test_a_host_that_stands_holds_starts_back_and_stops_and_starts_decks(
    host: LineSource, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        host.tempo = 240.0
        await follow(s)
        s.set("prompt", "400")
        s.start()
        assert s.state(1) == "armed"
        s.start(deck=2)
        s.stop(deck=2)
        assert s.state(2) == "stopped"
        assert s.player.status().clock.state == "standing"
        await asyncio.sleep(0.1)
        host.line, host.epoch = running(0.0, 240.0), 1
        host.events.append(ClockEvent("start", time.monotonic(), 0.0))
        await asyncio.sleep(1.6)
        assert (s.state(1), s.state(2)) == ("playing", "stopped")
        beat = clock(s).map.beat_at(began(s))
        assert beat == pytest.approx(4 * round(beat / 4), abs=1e-3)
        host.line = None
        host.events.append(ClockEvent("stop", time.monotonic(), 6.0))
        await asyncio.sleep(0.3)
        assert s.state(1) == "armed"
        host.line, host.epoch = running(0.0, 240.0), 2
        host.events.append(ClockEvent("continue", time.monotonic(), 6.0))
        await asyncio.sleep(1.6)
        assert s.state(1) == "playing"

    perform(scene, tmp_path, decks=2)


def test_a_deck_that_is_taken_away_while_it_waits_for_the_host_never_starts(
    host: LineSource, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        host.tempo = 240.0
        await follow(s)
        s.start()
        s.start(deck=2)
        s.set("decks", 1, deck=None)
        host.line, host.epoch = running(0.0, 240.0), 1
        host.events.append(ClockEvent("start", time.monotonic(), 0.0))
        await asyncio.sleep(1.0)
        s.set("decks", 2, deck=None)
        assert s.state(1) in ("armed", "playing")
        assert s.state(2) == "stopped"

    perform(scene, tmp_path, decks=2)


def test_a_transport_that_is_not_obeyed_leaves_decks_alone(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("clock/transport", False, deck=None)
        host.tempo = 200.0
        await follow(s)
        start = s.start()
        assert start.bar == 1
        await s.until(start.sample + RATE // 4)
        taken = clock(s).map.tempi[-1].bpm
        assert taken == 200.0
        host.events.append(ClockEvent("stop", time.monotonic(), 6.0))
        await asyncio.sleep(0.1)
        assert s.state() == "playing"

    perform(scene, tmp_path)


def test_bars_of_the_host_can_be_planned_for_while_nothing_plays(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 240.0)
        await follow(s)
        gain = s.set("gain", -6.0, when=3)
        assert (gain.bar, gain.beat) == (3, 8.0)
        await asyncio.sleep(2.3)
        assert s.player.get("/bridge/deck/{deck}/gain", 1) == (-6.0,)
        with pytest.raises(ScheduleError, match="bar 3"):
            s.start(bar=3)

    perform(scene, tmp_path)


def test_a_take_of_a_followed_clock_replays_and_knows_its_bars(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(16.2, 200.0)
        await follow(s)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE)
        host.line = BeatLine(time.monotonic(), host.line.beat_at(time.monotonic()) + 0.2, 180.0)
        s.set("prompt", "500", when="1M")
        await s.until(start.sample + 3 * RATE)
        maps.append((clock(s).map.tempi, clock(s).map.meters))
        s.stop()
        await asyncio.sleep(0.4)

    maps: list[tuple[object, object]] = []
    (take,) = takes_of(tmp_path, scene)
    assert replay(take, loader=LOADER, make_engine=ThreadEngine).identical
    (tempi, meters) = maps[0]
    assert take.clock.tempi[-len(tempi) :] == tempi  # type: ignore[arg-type]
    assert take.clock.meters == meters


def test_bars_played_before_the_host_moved_can_still_be_grabbed(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + 2 * RATE + RATE // 4)
        s.stop()
        await asyncio.sleep(0.3)
        host.line = running(1000.7, 100.0)
        await follow(s)
        results: list[Result] = []
        s.player.command("/bridge/deck/{deck}/grab", 1, (2,), When(), results.append)
        while not results:
            await asyncio.sleep(0.01)
        assert results[0].values[1] == pytest.approx(2.0)

    perform(scene, tmp_path)


def test_the_offset_moves_the_music(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 120.0)
        await follow(s)
        s.start()
        await until_followed(s, host.line)
        s.set("clock/offset", 20.0, deck=None)
        await until_followed(s, BeatLine(host.line.time - 0.02, host.line.beat, 120.0))

    perform(scene, tmp_path)


def test_what_the_sound_takes_to_the_ear_moves_the_music_that_follows_a_clock(
    host: LineSource, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 120.0)
        await follow(s)
        s.start()
        await until_followed(s, host.line)
        s.set("latency/offset", 20.0, deck=None)
        await asyncio.sleep(0.1)
        await until_followed(s, host.line)
        # on the beat at the ear, so 20 ms before it at the device
        device = s.player._output._output
        assert device is not None
        now, played = time.monotonic(), device.position()
        ahead = clock(s).map.beat_at(played) - host.line.beat_at(now)
        assert (ahead - round(ahead)) * 0.5 == pytest.approx(0.02, abs=0.004)

    perform(scene, tmp_path)


def test_taps_set_tempo_and_beat_of_the_internal_clock_and_then_let_go(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        start = s.start()
        await s.until(start.sample + RATE // 4)
        taps = []
        for _ in range(6):
            taps.append(time.monotonic())
            s.player.command("/bridge/tap", None, (), When())
            await asyncio.sleep(0.45)
        tapped = (taps[-1] - taps[0]) / 5
        await asyncio.sleep(1.5)
        assert s.player.status().tempo == pytest.approx(60.0 / tapped, rel=0.03)
        assert s.player.get("/bridge/tempo", None)[0] == pytest.approx(60.0 / tapped, rel=0.03)
        assert abs(off_s(s, BeatLine(taps[-1], 0.0, 60.0 / tapped))) < 0.06
        still_led = s.player._parts.following._tapped  # type: ignore[union-attr]
        assert not still_led
        changes = len(clock(s).map.tempi)
        s.tempo(100.0)
        await asyncio.sleep(0.6)
        assert s.player.status().tempo == 100.0
        more = len(clock(s).map.tempi) - changes
        assert more == 1

    perform(scene, tmp_path)


def test_the_music_outlives_a_jack_server_at_its_tempo_and_follows_the_one_that_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    peer = FakePeer()
    source = JackTransportSource(120.0, peer=peer)
    monkeypatch.setattr(following, "make_source", lambda *_: source)

    async def scene(s: Stage) -> None:
        peer.bpm = 150.0
        peer.roll()
        assert not await follow(s, "jack")
        s.set("prompt", "400")
        start = s.start("now")
        await s.until(start.sample + RATE // 2)
        peer.end()
        await asyncio.sleep(0.3)
        assert s.player.status().clock.state == "lost"
        assert s.state() == "playing"
        assert s.player.status().tempo == pytest.approx(150.0, rel=0.09)
        changed = s.tempo(140.0)
        await s.until(changed.sample + RATE // 4)
        assert s.player.status().tempo == 140.0
        peer.absent = False
        await asyncio.sleep(0.1)
        assert s.player.status().clock.state == "standing"
        assert s.state() == "playing"
        peer.bpm = 130.0
        peer.roll()
        line = source.read(time.monotonic()).line
        assert line is not None
        await until_followed(s, line)
        assert s.state() == "playing"
        assert s.player.status().clock.state == "locked"
        texts = [notice.text for notice in s.notices]
        assert any("JACK transport is lost" in text for text in texts)
        assert any("JACK transport is followed at" in text for text in texts)
        samples.extend((start.sample, round(s.player._output.position())))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    block = np.abs(heard[samples[0] + 200 : samples[1]])
    assert block[: len(block) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.4


def test_start_and_stop_of_a_link_session_are_obeyed_and_its_bars_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = fake_link.install(monkeypatch)
    session.state.bpm = 240.0

    async def scene(s: Stage) -> None:
        assert not await follow(s, "link")
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        # nobody has started the session: decks play
        assert s.state() == "playing"
        session.play(True)
        await asyncio.sleep(0.2)
        assert s.state() == "playing"
        session.play(False)
        await asyncio.sleep(0.3)
        assert (s.state(), s.player.status().clock.state) == ("armed", "standing")
        s.start(deck=2)
        await asyncio.sleep(0.3)
        assert s.state(2) == "armed"
        session.play(True)
        await asyncio.sleep(2.5)
        assert (s.state(1), s.state(2)) == ("playing", "playing")
        assert s.player.status().clock.state == "locked"
        beat = clock(s).map.beat_at(began(s))
        assert beat == pytest.approx(4 * round(beat / 4), abs=1e-3)
        s.set("clock/transport", False, deck=None)
        session.play(False)
        await asyncio.sleep(0.3)
        assert (s.state(1), s.state(2)) == ("playing", "playing")
        line = BeatLine(time.monotonic(), session.state.beatAtTime(fake_link.micros(), 4), 240.0)
        await until_followed(s, line)

    perform(scene, tmp_path, decks=2)
