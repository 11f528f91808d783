from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.clock import MidiClockSource, Reading
from daw_bridge.clock.midi_stream import MidiStream
from tests.daw_bridge.clock.midi_sender import Sender, follow, in_blocks, rms

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
TICK_S = 60.0 / 120.0 / 24


class Player:
    """Plays exact messages to a source; time goes on with each clock, at 120 BPM."""

    def __init__(self) -> None:
        self.source = MidiClockSource()
        self.now = 10.0
        self.events: list[tuple[str, float]] = []

    def send(self, data: bytes) -> None:
        self.source.receive(data, self.now)

    def clocks(self, count: int, tick_s: float = TICK_S) -> Reading:
        for _ in range(count):
            self.now += tick_s
            self.send(CLOCK)
        return self.read()

    def read(self) -> Reading:
        reading = self.source.read(self.now)
        self.events += [(event.notice, event.beat) for event in reading.events]
        return reading

    def beat(self) -> float:
        line = self.read().line
        assert line is not None
        return line.beat_at(self.now)


@pytest.mark.parametrize("bpm", [60, 80, 100, 120, 140, 160, 180])
def test_beat_is_true_to_a_millisecond_after_four_beats_of_a_jittered_clock(bpm: float) -> None:
    for seed in range(4):
        beats, errors, _ = follow(Sender(lambda _: bpm, jitter_s=0.002, seed=seed))
        assert rms(errors[beats >= 4]) < 0.001


def test_a_step_of_tempo_is_followed_within_two_beats() -> None:
    phase, tempo = [], []
    for seed in range(12):
        sender = Sender(lambda beat: 120.0 if beat < 10 else 126.0, beats=16, seed=seed)
        beats, errors, readings = follow(sender)
        after = np.searchsorted(beats, 12.0)
        phase.append(errors[after])
        tempo.append(readings[after].tempo)
    assert rms(np.array(phase)) < 0.001
    assert np.allclose(tempo, 126.0, atol=1.0)


def test_a_clock_without_jitter_is_followed_exactly_through_a_step() -> None:
    sender = Sender(lambda beat: 120.0 if beat < 8 else 126.0, beats=14, jitter_s=0.0)
    beats, errors, _ = follow(sender)
    assert np.abs(errors[beats >= 9]).max() < 1e-5


def test_a_gradual_change_of_tempo_is_followed() -> None:
    sender = Sender(lambda beat: 100.0 + min(beat, 32.0), beats=40, jitter_s=0.001)
    beats, errors, _ = follow(sender)
    assert rms(errors[beats >= 4]) < 0.0025


@pytest.mark.parametrize("bpm", [60, 120, 180])
@pytest.mark.parametrize(("loss", "doubles"), [(0.1, 0.0), (0.0, 0.2), (0.1, 0.1)])
def test_lost_and_doubled_clocks_lose_no_beat(bpm: float, loss: float, doubles: float) -> None:
    sender = Sender(lambda _: bpm, loss=loss, doubles=doubles, beats=20, seed=3)
    beats, errors, _ = follow(sender)
    assert rms(errors[beats >= 8]) < 0.0012


@pytest.mark.parametrize(("loss", "doubles"), [(0.1, 0.0), (0.0, 0.1), (0.1, 0.1)])
def test_at_a_fast_tempo_no_loss_is_taken_for_another_tempo_or_place(loss: float, doubles: float) -> None:
    for seed in range(12):
        beats, errors, _ = follow(Sender(lambda _: 180.0, loss=loss, doubles=doubles, beats=20, seed=seed))
        assert rms(errors[beats >= 8]) < 0.0012


def test_clocks_that_were_held_up_and_come_at_once_are_no_tempo() -> None:
    player = Player()
    player.send(START)
    player.clocks(48)
    player.now += 0.4
    for _ in range(14):
        player.send(CLOCK)
    for _ in range(60):
        tempo = player.clocks(1).tempo
        assert tempo == pytest.approx(120.0, rel=0.02)
    assert player.read().state == "locked"


@pytest.mark.parametrize("bpm", [60, 120, 180])
@pytest.mark.parametrize("block", [256, 512, 1024])
def test_clocks_that_arrive_in_blocks_keep_their_tempo_and_beat(bpm: float, block: int) -> None:
    sender = Sender(lambda _: bpm, jitter_s=0.0003)
    in_blocks(sender, block / 48000)
    beats, errors, readings = follow(sender, grain_s=block / 48000)
    assert rms(errors[beats >= 4]) < 0.1 * block / 48000 + 0.0005
    assert readings[-1].tempo == pytest.approx(bpm, rel=0.003)


@pytest.mark.parametrize("bpm", [60, 120])
def test_a_source_that_sends_all_twice_is_not_twice_as_fast(bpm: float) -> None:
    beats, errors, _ = follow(Sender(lambda _: bpm, doubles=1.0, beats=20, seed=3))
    assert rms(errors[beats >= 8]) < 0.0012


@pytest.mark.parametrize(("before", "after"), [(120, 60), (60, 120), (120, 180), (150, 100), (90, 91)])
def test_a_jump_of_tempo_is_no_loss_of_clocks(before: float, after: float) -> None:
    sender = Sender(lambda beat: before if beat < 8 else after, beats=16, jitter_s=0.001)
    beats, errors, readings = follow(sender)
    assert readings[-1].tempo == pytest.approx(after, rel=0.005)
    assert rms(errors[beats >= 12]) < 0.002


def test_position_counts_from_the_clock_after_start() -> None:
    player = Player()
    player.clocks(30)
    assert player.read().line is None
    assert player.read().tempo == pytest.approx(120)
    player.send(START)
    player.clocks(1)
    assert player.beat() == pytest.approx(0.0, abs=1e-6)
    player.clocks(48)
    assert player.beat() == pytest.approx(2.0, abs=1e-6)


def test_a_clock_that_begins_with_start_counts_from_its_first_tick() -> None:
    player = Player()
    player.send(START)
    player.clocks(49)
    assert player.beat() == pytest.approx(2.0, abs=1e-6)
    assert player.events[0] == ("start", 0.0)


def test_stop_holds_the_position_and_continue_goes_on_from_it() -> None:
    player = Player()
    player.send(START)
    player.clocks(48)
    player.send(STOP)
    assert player.clocks(10).line is None
    player.send(CONTINUE)
    player.clocks(1)
    assert player.beat() == pytest.approx(2.0, abs=1e-6)
    assert [name for name, _ in player.events] == ["start", "locked", "stop", "continue"]
    assert player.events[-1][1] == pytest.approx(2.0)


def test_song_position_moves_while_stopped_and_is_ignored_while_playing() -> None:
    player = Player()
    player.clocks(30)
    player.send(bytes([0xF2, 0x08, 0x01]))
    player.send(CONTINUE)
    player.clocks(1)
    assert player.beat() == pytest.approx(136 / 4, abs=1e-6)
    player.send(bytes([0xF2, 0, 0]))
    player.clocks(24)
    assert player.beat() == pytest.approx(136 / 4 + 1, abs=1e-6)
    player.send(CONTINUE)
    player.clocks(24)
    assert player.beat() == pytest.approx(136 / 4 + 2, abs=1e-6)


def test_start_while_playing_begins_anew_and_is_told_as_a_new_epoch() -> None:
    player = Player()
    player.send(START)
    epoch = player.clocks(60).epoch
    player.send(START)
    assert player.clocks(25).epoch == epoch + 1
    assert player.beat() == pytest.approx(1.0, abs=1e-6)


def test_silence_of_a_quarter_second_is_a_loss_and_the_beat_goes_on() -> None:
    player = Player()
    player.send(START)
    player.clocks(48)
    player.now += 0.2
    assert player.read().state == "locked"
    player.now += 0.1
    assert player.read().state == "lost"
    assert player.read().tempo == pytest.approx(120)
    before = player.beat()
    player.now = 10.0 + 96 * TICK_S
    assert player.beat() > before
    player.clocks(24)
    assert player.read().state == "locked"
    assert player.beat() == pytest.approx(119 / 24, abs=1e-3)
    assert [name for name, _ in player.events] == ["start", "locked", "lost", "locked"]


def test_tempo_is_not_known_from_a_few_clocks() -> None:
    player = Player()
    player.send(START)
    reading = player.clocks(12)
    assert (reading.state, reading.tempo, reading.line) == ("waiting", None, None)


def test_a_flood_of_clocks_is_no_tempo() -> None:
    player = Player()
    player.send(START)
    assert player.clocks(100, tick_s=0.0).tempo is None
    player.now += 0.3
    assert player.clocks(48).tempo == pytest.approx(120)
    assert player.clocks(200, tick_s=0.0).tempo == pytest.approx(120, rel=0.1)


def test_realtime_bytes_stand_inside_other_messages() -> None:
    stream = MidiStream()
    assert stream.feed(b"\x90\x3c\xf8\x40") == [(0xF8, 0)]
    assert stream.feed(b"\xf0\x7e\xfa\x01\xf8\xf7") == [(0xFA, 0), (0xF8, 0)]
    assert stream.feed(b"\xf2\x10\xf8\x02") == [(0xF8, 0), (0xF2, 0x110)]


def test_running_status_data_is_no_song_position() -> None:
    stream = MidiStream()
    assert stream.feed(b"\x90\x3c\x40\x3e\x40\xf8\x3f\x00") == [(0xF8, 0)]
    assert stream.feed(b"\xf2\x10\x00\x11\x00") == [(0xF2, 0x10)]
    assert stream.feed(b"\xf2\x10\x90\x00\x00") == []


def test_active_sensing_and_undefined_bytes_mean_nothing() -> None:
    assert MidiStream().feed(b"\xfe\xf9\xfd\xf6\xf5\x00\xf7\x01") == []


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=10))
def test_any_bytes_are_read_alike_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    pieces, whole = MidiStream(), MidiStream()
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    found = [message for a, b in itertools.pairwise(edges) for message in pieces.feed(data[a:b])]
    assert found == whole.feed(data)
    assert len([m for m in found if m[0] == 0xF8]) == data.count(0xF8)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.sampled_from([0xF8] * 12 + [0xFA, 0xFB, 0xFC, 0xFF]))))
def test_whatever_comes_whenever_the_answers_are_finite_numbers(events: list[tuple[float, int]]) -> None:
    source, now = MidiClockSource(), 5.0
    for wait, status in events:
        now += wait
        source.receive(bytes([status]), now)
        reading = source.read(now)
        assert reading.tempo is None or 0 < reading.tempo < 1e6
        assert reading.line is None or np.isfinite(reading.line.beat_at(now))
