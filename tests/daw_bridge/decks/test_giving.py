"""A whole player that gives its clock to others, on the null clock with a fake model: what they are told lies
on the beats that are heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock import MidiClockSource, TempoMap
from daw_bridge.clock.midi_stream import CLOCK, CONTINUE, SONG_POSITION, START, STOP
from daw_bridge.decks.protocol import Result, When
from daw_bridge.decks.song_clock import SongClock
from tests.daw_bridge.clock import fake_jack
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.midi import fake_rtmidi
from tests.daw_bridge.midi.fake_rtmidi import System

PORT = "Drum Machine 20:0"


@dataclass(frozen=True)
class Heard:
    """A message, and the output sample that was heard when it was sent."""

    data: bytes
    time: float
    sample: float

    @property
    def kind(self) -> int:
        return self.data[0]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = fake_rtmidi.install(monkeypatch)
    system.outputs[:] = [PORT]
    return system


def clock(s: Stage) -> SongClock:
    parts = s.player._parts
    assert parts is not None
    return parts.clock


def listen(s: Stage, system: System) -> list[Heard]:
    """What others are sent from now on."""
    got: list[Heard] = []
    position = s.player._output.position
    system.on_sent = lambda data: got.append(Heard(data, time.monotonic(), position()))
    return got


async def ask(s: Stage, name: str) -> str:
    """Why it cannot be given."""
    results: list[Result] = []
    s.player.set("/bridge/clock/out", None, (name,), When(), results.append)
    await until(lambda: bool(results))
    return str(results[0].error)


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something."""
    for _ in range(500):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not come to that")


async def give(s: Stage, name: str) -> None:
    results: list[Result] = []
    s.player.set("/bridge/clock/out", None, (name,), When(), results.append)
    for _ in range(200):
        await asyncio.sleep(0.01)
        if s.player.get("/bridge/clock/out", None) == (name,):
            return
    raise AssertionError(results)


def song(got: list[Heard]) -> list[int]:
    """What was said but clocks."""
    return [heard.kind for heard in got if heard.kind != CLOCK]


def lateness_ms(grid: TempoMap, got: list[Heard]) -> list[float]:
    """By how many ms each clock from a start or continue to the next stop came after its own beat."""
    late, tick, position = [], None, 0
    for heard in got:
        if heard.kind == SONG_POSITION:
            position = (heard.data[1] | heard.data[2] << 7) * 6
        elif heard.kind in (START, CONTINUE):
            tick = 0 if heard.kind == START else position
        elif heard.kind == STOP:
            tick = None
        elif heard.kind == CLOCK and tick is not None:
            late.append((heard.sample - grid.sample_at(tick / 24)) / RATE * 1000.0)
            tick += 1
    return late


def check_on_grid(late: list[float]) -> None:
    """Never before its beat, and after it by what a thread needs to wake on a busy machine; a clock that was
    left out, or sent twice, would move all that follow by a whole one, 16 ms and more."""
    assert np.percentile(late, 2) > -2.5
    assert np.median(late) < 6.0
    assert np.median(late[-9:]) < 14.0


def test_midi_clock_lies_on_the_beats_that_are_heard_through_a_change_of_tempo(
    system: System, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        await give(s, "midi:Drum")
        began, got = time.monotonic(), listen(s, system)
        await asyncio.sleep(0.3)
        # clocks are sent before anything plays, too
        assert len(got) == pytest.approx(48 * (time.monotonic() - began), abs=5)
        assert song(got) == []
        start = s.start()
        await s.until(start.sample + 2 * RATE)
        changed = s.tempo(150.0)
        await s.until(changed.sample + 2 * RATE)
        now, sample, got = time.monotonic(), s.player._output.position(), list(got)
        late = lateness_ms(clock(s).map, got)
        assert song(got) == [START]
        check_on_grid(late)
        beats = clock(s).map.beat_at(got[-1].sample)
        assert len(late) == pytest.approx(24 * beats, abs=2)
        # what a drum machine makes of it
        source = MidiClockSource()
        for heard in got:
            source.receive(heard.data, heard.time)
        line = source.read(now).line
        assert line is not None
        assert line.bpm == pytest.approx(150.0, rel=0.02)
        off = line.beat_at(now) - clock(s).map.beat_at(sample)
        assert abs(off) * 60.0 / 150.0 < 0.012

    perform(scene, tmp_path)


def test_others_start_with_the_first_deck_and_stop_after_the_last(system: System, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        await give(s, "midi:Drum")
        got = listen(s, system)
        first = s.start()
        second = s.start(deck=2)
        await s.until(max(first.sample, second.sample) + RATE)
        s.stop()
        await asyncio.sleep(0.4)
        assert song(got) == [START]
        check_on_grid(lateness_ms(clock(s).map, got))
        s.stop(deck=2)
        await asyncio.sleep(0.4)
        assert song(got) == [START, STOP]
        # clocks go on, and the song begins anew with the next start
        assert got[-1].time > time.monotonic() - 0.1
        again = len(got)
        start = s.start()
        await s.until(start.sample + RATE)
        assert song(got[again:]) == [START]
        check_on_grid(lateness_ms(clock(s).map, got[again:]))

    perform(scene, tmp_path, decks=2)


def test_one_who_comes_while_music_plays_is_told_where_it_is(system: System, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(200.0)
        got = listen(s, system)
        start = s.start()
        await s.until(start.sample + 2 * RATE)
        assert got == []
        await give(s, "midi:Drum")
        await asyncio.sleep(1.0)
        assert song(got) == [SONG_POSITION, CONTINUE]
        check_on_grid(lateness_ms(clock(s).map, got))
        await give(s, "off")
        there = len(got)
        await asyncio.sleep(0.2)
        assert len(got) == there

    perform(scene, tmp_path)


def test_a_jack_timebase_lies_on_the_bars_that_are_heard_through_a_change_of_tempo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = fake_jack.install(monkeypatch)

    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        await give(s, "jack")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        server.look = s.player._output.position
        server.told.clear()
        await asyncio.sleep(1.5)
        s.set("meter", 3, deck=None)
        changed = s.tempo(150.0)
        await s.until(changed.sample + 3 * RATE)
        told = list(server.told)
        assert len(told) > 200
        grid, off = clock(s).map, []
        for before, position, after in told:
            assert position.valid == 0x10
            within = position.beat - 1 + position.tick / position.ticks_per_beat
            line = grid.beat_of_bar(position.bar)
            heard = grid.sample_at(line + within) - fake_jack.PERIOD
            off.append(max(before - heard, heard - after))
            assert position.beats_per_bar == grid.meter_segment(line).beats_per_bar
            assert position.bar_start_tick == pytest.approx(line * 1920.0)
        assert np.percentile(off, 95) < 0.003 * RATE
        assert told[0][1].beats_per_minute == pytest.approx(120.0, rel=0.003)
        assert told[-1][1].beats_per_minute == pytest.approx(150.0, rel=0.003)
        assert {position.beats_per_bar for _, position, _ in told} == {4.0, 3.0}
        await give(s, "off")
        assert server.master is None

    with server:
        perform(scene, tmp_path)


def test_a_jack_timebase_that_is_lost_is_told_once_and_asking_for_it_again_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = fake_jack.install(monkeypatch)

    async def scene(s: Stage) -> None:
        await give(s, "jack")
        clients = server.clients
        # it is given: nothing is done
        s.player.set("/bridge/clock/out", None, ("jack",), When(), None)
        await asyncio.sleep(0.1)
        assert server.clients == clients
        server.end()
        await until(lambda: losses(s) == 1)
        assert "restart the instrument" in await ask(s, "jack")
        assert "restart the instrument" in await ask(s, "jack")
        assert losses(s) == 1

    perform(scene, tmp_path)


def test_a_jack_server_that_ends_while_it_is_asked_for_is_an_error_and_the_next_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = fake_jack.install(monkeypatch)
    server.ending = True

    async def scene(s: Stage) -> None:
        assert "the server ended" in await ask(s, "jack")
        assert s.player.get("/bridge/clock/out", None) == ("off",)
        assert server.clients == 0
        server.ending, server.master = False, None
        await give(s, "jack")

    perform(scene, tmp_path)


def test_a_midi_port_that_is_lost_is_told_and_can_be_asked_for_again(system: System, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await give(s, "midi:Drum")
        system.outputs.clear()
        await until(lambda: losses(s) == 1)
        assert "no port" in await ask(s, "midi:Drum")
        got = listen(s, system)
        system.outputs[:] = [PORT]
        await until(lambda: bool(got))
        assert losses(s) == 1

    perform(scene, tmp_path)


def test_a_midi_port_that_comes_back_while_music_plays_is_told_where_it_is(
    system: System, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(200.0)
        await give(s, "midi:Drum")
        start = s.start()
        await s.until(start.sample + RATE)
        system.outputs.clear()
        await until(lambda: losses(s) == 1)
        got = listen(s, system)
        system.outputs[:] = [PORT]
        await until(lambda: CONTINUE in song(got))
        await asyncio.sleep(0.5)
        assert song(got) == [SONG_POSITION, CONTINUE]
        check_on_grid(lateness_ms(clock(s).map, got))

    perform(scene, tmp_path)


def losses(s: Stage) -> int:
    """How often a loss was told."""
    return sum("is lost" in notice.text for notice in s.notices)
