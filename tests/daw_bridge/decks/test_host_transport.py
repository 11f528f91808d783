"""A whole player under the start and stop of a host, on the null clock with a fake model."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from daw_bridge.clock import BeatLine, ClockEvent
from daw_bridge.errors import ScheduleError
from daw_bridge.melody.desk import MelodyDesk
from daw_bridge.melody.status import CaptureStatus
from tests.daw_bridge.clock import fake_link
from tests.daw_bridge.clock.line_source import LineSource
from tests.daw_bridge.decks.hosted import began, clock, follow, running, until_followed
from tests.daw_bridge.decks.stage import RATE, Stage, perform


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
