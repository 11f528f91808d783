from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.clock import (
    BeatLine,
    ClockSource,
    Follower,
    FollowerOptions,
    ManualSource,
    MidiClockSource,
    TempoMap,
)
from daw_bridge.clock.sample_clock import SampleClock
from daw_bridge.errors import DeviceError
from tests.daw_bridge.clock.line_source import LineSource
from tests.daw_bridge.clock.midi_sender import FIRST_S, Sender, rms

RATE = 48000
LEAD = round(0.2 * RATE)
FLUSH_S = 0.06
DRIFT = 1.00005


@dataclass
class Rig:
    """An output whose clock runs 50 ppm fast and whose position is seen 1.3 ms this way or that, a follower,
    and a map that can be changed 200 ms ahead, every 60 ms."""

    source: ClockSource
    bpm: float = 120.0
    options: FollowerOptions | None = None
    seed: int = 0
    free_until: float = 0.0
    now: float = FIRST_S - 1.0
    changes: int = 0
    map: TempoMap = field(init=False)
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.map = TempoMap(RATE, self.bpm)
        self.follower = Follower(RATE, self.source, self.options)
        self._rng = np.random.default_rng(self.seed)
        self._due = 0.0

    @property
    def heard(self) -> float:
        return (self.now - FIRST_S + 1.0) * RATE * DRIFT

    def step(self, seconds: float = 0.01) -> None:
        self.now += seconds
        self.follower.update(self.now, self.heard + self._rng.uniform(-64, 64))
        earliest = round(self.heard) + LEAD
        if self.now >= self._due and self.follower.wants_change(self.map, earliest):
            self.follower.steer(self.map, earliest, free=self.now < self.free_until)
            self._due = self.now + FLUSH_S
            self.changes += 1

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.01)):
            self.step()

    def line_error_s(self, line: BeatLine) -> float:
        """Seconds by which what is heard now is off the line's nearest beat."""
        off = self.map.beat_at(self.heard) - line.beat_at(self.now)
        return (off - round(off)) * 60.0 / line.bpm


def follow(sender: Sender, rig: Rig) -> np.ndarray:
    """Rows of (true beat, seconds that the heard beat is off, tempo heard)."""
    assert isinstance(rig.source, MidiClockSource)
    rows = []
    while rig.now < sender.end - 0.02:
        before = rig.now
        sender.deliver(rig.source, before, before + 0.01)
        rig.step()
        beat = sender.beat_at(rig.now)
        off = rig.map.beat_at(rig.heard) - beat
        tempo = rig.map.tempo_at(rig.heard)
        rows.append((beat, (off - round(off)) * 60.0 / sender.tempo(beat), tempo))
    return np.array(rows)


@pytest.mark.parametrize("bpm", [60, 120, 180])
def test_what_is_heard_is_true_to_a_millisecond_after_four_beats_of_a_jittered_clock(bpm: float) -> None:
    rig = Rig(MidiClockSource(), seed=1, free_until=1e9)
    rows = follow(Sender(lambda _: bpm, jitter_s=0.002, beats=24, seed=5), rig)
    assert rms(rows[rows[:, 0] >= 4, 1]) < 0.001


def test_a_steady_clock_costs_few_changes() -> None:
    rig = Rig(MidiClockSource(), free_until=FIRST_S + 2.0)
    follow(Sender(lambda _: 120.0, jitter_s=0.002, beats=64), rig)
    assert rig.changes < 40


def test_what_is_heard_follows_a_step_of_tempo_within_two_beats() -> None:
    off, tempo = [], []
    for seed in range(6):
        rig = Rig(MidiClockSource(), seed=seed, free_until=FIRST_S + 2.0)
        sender = Sender(lambda beat: 120.0 if beat < 10 else 126.0, beats=15, seed=seed)
        rows = follow(sender, rig)
        after = (rows[:, 0] >= 12.0) & (rows[:, 0] < 13.0)
        off.append(rms(rows[after, 1]))
        tempo.append(rows[after, 2].mean())
    assert rms(np.array(off)) < 0.002
    assert np.allclose(tempo, 126.0, atol=1.5)


@pytest.mark.parametrize("off", [0.02, -0.02, 0.3, -0.45])
def test_an_error_of_phase_is_worked_off_within_the_slew_and_without_overshoot(off: float) -> None:
    line = BeatLine(FIRST_S, off, 120.0)
    rig = Rig(LineSource(line), options=FollowerOptions(max_slew=0.08))
    rig.run(abs(off) / 0.08 * 0.5 + 1.5)
    assert abs(rig.line_error_s(line)) < 0.0015
    # the output's own clock is 50 ppm fast
    assert all(abs(segment.bpm / 120.0 - 1.0) <= 0.0801 for segment in rig.map.tempi)
    changes = rig.changes
    rig.run(2.0)
    assert rig.changes - changes <= 2


def test_a_free_map_takes_the_songs_place_and_bar_at_once() -> None:
    line = BeatLine(FIRST_S, 66.5, 90.0)
    rig = Rig(LineSource(line, beats_per_bar=3), free_until=1e9)
    rig.run(0.5)
    assert rig.map.beat_at(rig.heard) == pytest.approx(line.beat_at(rig.now), abs=0.005)
    assert rig.map.bar_beat(66.0) == (23, 1.0)


def test_the_bars_of_a_playing_map_meet_those_of_the_source_by_one_short_bar() -> None:
    line = BeatLine(FIRST_S, 33.98, 120.0)
    rig = Rig(LineSource(line))
    rig.run(5.0)
    heard, source = rig.map.beat_at(rig.heard), line.beat_at(rig.now)
    bar, within = rig.map.bar_beat(heard)
    assert within == pytest.approx(source % 4 + 1, abs=0.01)
    assert bar == source // 4 + 1
    assert len(rig.map.meters) == 2


def test_a_song_moved_back_keeps_bars_ascending_and_phrases_of_eight_aligned() -> None:
    source = LineSource(BeatLine(FIRST_S, 160.0, 120.0))
    rig = Rig(source, free_until=FIRST_S)
    rig.run(3.0)
    here = rig.map.beat_at(rig.heard)
    source.line, source.epoch = BeatLine(rig.now, 2.3, 120.0), 1
    rig.run(6.0)
    bar, within = rig.map.bar_beat(rig.map.beat_at(rig.heard))
    true = source.line.beat_at(rig.now)
    assert rig.map.beat_at(rig.heard) > here
    assert (bar - 1) % 8 == (true // 4) % 8
    assert within == pytest.approx(true % 4 + 1, abs=0.01)


def test_sources_change_while_playing_without_a_jump() -> None:
    first = LineSource(BeatLine(FIRST_S, 0.0, 120.0))
    second = LineSource(BeatLine(FIRST_S, 0.37, 100.0))
    rig = Rig(first)
    rig.follower.start()
    rig.run(3.0)
    past = [rig.map.beat_at(sample) for sample in range(0, round(rig.heard), 1000)]
    rig.follower.use(second)
    assert second.open
    assert not first.open
    rig.run(6.0)
    assert [rig.map.beat_at(sample) for sample in range(0, len(past) * 1000, 1000)] == pytest.approx(past)
    assert second.line is not None
    assert abs(rig.line_error_s(second.line)) < 0.002


def test_a_source_that_does_not_open_leaves_the_old_one_in_place() -> None:
    first = LineSource(BeatLine(FIRST_S, 0.0, 120.0))
    rig = Rig(first)
    rig.follower.start()
    with pytest.raises(DeviceError, match="no such clock"):
        rig.follower.use(LineSource(fails=True))
    assert rig.follower.source is first
    assert first.open


def test_a_source_without_a_line_gives_its_tempo_alone() -> None:
    source = ManualSource(133.0)
    rig = Rig(source)
    rig.run(1.0)
    assert rig.map.tempo_at(rig.heard) == 133.0
    assert rig.changes == 1
    source.set_tempo(90.0)
    rig.run(1.0)
    assert rig.map.tempo_at(rig.heard) == 90.0
    assert rig.changes == 2


def test_a_tempo_out_of_range_is_met_by_the_nearest_possible_once() -> None:
    rig = Rig(LineSource(BeatLine(FIRST_S, 0.0, 300.0)))
    rig.run(2.0)
    assert rig.map.tempo_at(rig.heard) == 240.0
    assert rig.changes == 1


def test_the_instrument_can_play_ahead_of_the_source() -> None:
    line = BeatLine(FIRST_S, 0.0, 120.0)
    rig = Rig(LineSource(line), options=FollowerOptions(ahead_s=0.02))
    rig.run(3.0)
    assert rig.line_error_s(line) == pytest.approx(0.02, abs=0.0015)


def test_what_is_heard_can_be_followed_by_others() -> None:
    rig = Rig(ManualSource(90.0), bpm=90.0)
    rig.run(5.0)
    heard = rig.follower.heard(rig.map, rig.now)
    assert heard.beat_at(rig.now) == pytest.approx(rig.map.beat_at(rig.heard), abs=0.002)
    assert heard.bpm == pytest.approx(90.0 * DRIFT, rel=1e-4)


def test_sample_clock_finds_rate_and_offset_through_jitter() -> None:
    clock, rng = SampleClock(RATE), np.random.default_rng(0)
    for n in range(1000):
        time = 50.0 + n * 0.01 + rng.uniform(0, 0.002)
        clock.observe(time, 1000 + (time - 50.0) * RATE * 1.0001 + rng.uniform(-128, 128))
    assert clock.rate == pytest.approx(RATE * 1.0001, rel=3e-5)
    assert clock.sample_at(60.0) == pytest.approx(1000 + 10 * RATE * 1.0001, abs=15)
    assert clock.time_of(clock.sample_at(61.0)) == pytest.approx(61.0)


def test_sample_clock_takes_a_new_device_over_and_a_stray_look_not() -> None:
    clock = SampleClock(RATE)
    for n in range(100):
        clock.observe(n * 0.01, n * 480.0)
    clock.observe(1.0, 0.0)
    assert clock.sample_at(1.0) == pytest.approx(RATE, abs=1)
    for n in range(101, 120):
        clock.observe(n * 0.01, n * 480.0 - 9000)
    assert clock.sample_at(1.2) == pytest.approx(1.2 * RATE - 9000, abs=1)


tempi = st.lists(st.floats(45, 220), min_size=1, max_size=4)


@given(
    tempi,
    st.floats(0, 0.004),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
    st.integers(0, 2**16),
    st.lists(
        st.tuples(st.floats(0, 5), st.sampled_from(["start", "stop", "continue", "silence"])), max_size=3
    ),
)
@settings(max_examples=25)
def test_heard_beats_never_go_back_whatever_the_source_does(
    bpms: list[float],
    jitter: float,
    loss: float,
    doubles: float,
    seed: int,
    acts: list[tuple[float, str]],
) -> None:
    sender = Sender(lambda beat: bpms[int(beat) // 4 % len(bpms)], 12, jitter, loss, doubles, seed)
    source = MidiClockSource()
    rig = Rig(source, seed=seed)
    silent_until, seen, waiting = 0.0, [], sorted(acts)
    while rig.now < sender.end:
        if waiting and rig.now - FIRST_S > waiting[0][0]:
            act = waiting.pop(0)[1]
            silent_until = rig.now + 0.6 if act == "silence" else silent_until
            if act != "silence":
                source.receive({"start": b"\xfa", "stop": b"\xfc", "continue": b"\xfb"}[act], rig.now)
        if rig.now > silent_until:
            sender.deliver(source, rig.now, rig.now + 0.01)
        rig.step()
        seen.append((rig.heard, rig.map.beat_at(rig.heard)))
    assert all(later[1] > earlier[1] for earlier, later in pairwise(seen))
    assert [rig.map.beat_at(sample) for sample, _ in seen] == pytest.approx([beat for _, beat in seen])
    slew = FollowerOptions().max_slew
    assert all(40 * (1 - slew) - 1e-6 <= s.bpm <= 240 * (1 + slew) + 1e-6 for s in rig.map.tempi)
    bars = [meter.bar for meter in rig.map.meters]
    assert bars == sorted(set(bars))
