from __future__ import annotations

import time

import pytest

from daw_bridge.clock import BeatLine, MidiClockSource
from daw_bridge.clock.midi_out import MidiClockOut

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


class Desk:
    """A clock out on a line of 120 BPM, pumped every millisecond, and what it sent when."""

    def __init__(self, beat: float = 0.0, bpm: float = 120.0) -> None:
        self.line = BeatLine(0.0, beat, bpm)
        self.sent: list[tuple[float, bytes]] = []
        self.now = 0.0
        self.out = MidiClockOut(lambda data: self.sent.append((self.now, data)), lambda _: self.line)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.001)):
            self.out.pump(self.now)
            self.now += 0.001

    def kinds(self) -> bytes:
        return b"".join(data[:1] for _, data in self.sent)


def test_twenty_four_clocks_a_beat_at_their_times() -> None:
    desk = Desk(beat=0.01)
    desk.run(2.0)
    times = [moment for moment, data in desk.sent if data == CLOCK]
    assert len(times) == 4 * 24
    assert all(-1e-9 <= t - desk.line.time_of((n + 1) / 24) < 0.0011 for n, t in enumerate(times))


def test_start_comes_right_before_the_clock_of_beat_zero() -> None:
    desk = Desk(beat=-0.5)
    desk.out.play(0.0)
    desk.run(0.5)
    where = [data for _, data in desk.sent].index(START)
    assert desk.sent[where + 1][1] == CLOCK
    assert desk.sent[where + 1][0] == pytest.approx(0.25, abs=0.0011)


def test_in_the_midst_of_a_song_position_and_continue_are_sent() -> None:
    desk = Desk(beat=33.1)
    desk.out.play(34.0)
    desk.run(0.6)
    messages = [data for _, data in desk.sent if data != CLOCK]
    assert messages == [bytes([0xF2, 136 & 0x7F, 136 >> 7]), CONTINUE]


def test_halt_stops_at_once_and_clocks_go_on() -> None:
    desk = Desk(beat=-0.01)
    desk.out.play(0.0)
    desk.run(0.3)
    desk.out.halt()
    desk.run(0.3)
    kinds = desk.kinds()
    assert kinds.count(STOP) == 1
    assert kinds.split(STOP)[1].count(CLOCK) >= 14


def test_a_line_moved_far_goes_on_from_there_without_a_burst() -> None:
    desk = Desk(beat=100.0)
    desk.run(0.1)
    before = len(desk.sent)
    desk.line = BeatLine(desk.now, 0.0, 120.0)
    desk.run(0.5)
    desk.line = BeatLine(desk.now, 500.0, 120.0)
    desk.run(0.5)
    assert len(desk.sent) - before == pytest.approx(48, abs=2)


def test_our_own_source_understands_what_is_sent() -> None:
    desk, source = Desk(beat=7.05, bpm=97.0), MidiClockSource()
    desk.out.play(8.0)
    desk.run(5.0)
    for moment, data in desk.sent:
        source.receive(data, 10.0 + moment)
    line = source.read(15.0).line
    assert line is not None
    assert line.bpm == pytest.approx(97.0, rel=0.002)
    assert line.beat_at(15.0) == pytest.approx(desk.line.beat_at(5.0), abs=0.003)


def test_the_thread_sends_in_time_and_ends() -> None:
    began = time.monotonic()
    moments: list[float] = []
    out = MidiClockOut(lambda _: moments.append(time.monotonic()), lambda _: BeatLine(began, 0.0, 240.0))
    out.run_in_thread()
    time.sleep(0.5)
    out.close()
    count = len(moments)
    assert count == pytest.approx(0.5 * 4 * 24, abs=12)
    time.sleep(0.03)
    assert len(moments) == count
