from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.decks.briefing import Briefing
from daw_bridge.decks.conditions import default_values
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.run import Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timeline import Timeline
from daw_bridge.engine.protocol import Advance, Command, Loaded, Produced, SetConditions
from daw_bridge.engine.ring import PcmRing

RATE = 48000
ORIGIN = 10_000


class Desk:
    """A briefing for one run, and the list of conditions as a worker would keep it."""

    def __init__(self) -> None:
        model = Loaded("desk", 32000, 640, 50.0, 2, 3, 5.0, "cpu")
        self.clock = SongClock(RATE)
        self.clock.restart(ORIGIN)
        self.timeline = Timeline(default_values())
        self.sent: list[Command] = []
        self.model = model
        self.briefing = Briefing(self.timeline, self.clock, self.sent.append)
        self.ring = PcmRing.create(24 * 32000, f"test_{os.getpid()}_{secrets.token_hex(3)}")
        bar = self.clock.bar_samples
        self.run = Run(1, self.ring, Geometry(model, RATE), ORIGIN, ORIGIN, bar)

    def told(self) -> dict[int, SetConditions]:
        """By frame, under the rule that a message drops what was told for later frames."""
        entries: dict[int, SetConditions] = {}
        for command in self.sent:
            if isinstance(command, SetConditions):
                entries = {frame: told for frame, told in entries.items() if frame < command.from_frame}
                entries[command.from_frame] = command
        return entries


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.ring.close()


def test_planned_changes_are_told_with_the_frames_they_lie_in(desk: Desk) -> None:
    desk.timeline.set("temperature", (0.5,), ORIGIN + RATE)
    desk.briefing.advance(desk.run, ORIGIN, RATE // 2)
    assert not desk.told()
    desk.briefing.advance(desk.run, ORIGIN + RATE, RATE // 2)
    assert list(desk.told()) == [50]
    assert desk.told()[50].conditions.sampling.temperature == 0.5
    assert isinstance(desk.sent[-1], Advance)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(ORIGIN, ORIGIN + 3 * RATE), st.integers(1, 9)), max_size=8),
    st.lists(st.integers(1, 9000), min_size=1, max_size=80),
)
def test_no_planned_change_is_missed_however_the_frames_are_asked_for(
    changes: list[tuple[int, int]], steps: list[int]
) -> None:
    desk = Desk()
    try:
        for sample, value in changes:
            desk.timeline.set("temperature", (value / 10,), sample, planned=True)
        written = ORIGIN
        for step in steps:
            desk.briefing.advance(desk.run, written, RATE // 10)
            written += step
        told = desk.told()
        opened = desk.timeline.at(ORIGIN)["temperature"][0]
        for frame in range(desk.run.sent):
            expected = desk.timeline.at(desk.run.sample_of(frame) + RATE // 100 - 1)["temperature"][0]
            entries = [entry for first, entry in told.items() if first <= frame]
            got = entries[-1].conditions.sampling.temperature if entries else opened
            assert got == expected, frame
    finally:
        desk.ring.close()


def test_a_change_of_tempo_bends_the_transport_without_a_jump(desk: Desk) -> None:
    desk.briefing.advance(desk.run, ORIGIN, 2 * RATE)
    change = ORIGIN + RATE + 300
    desk.clock.set_tempo(60.0, change)
    desk.briefing.change(desk.run, change, ORIGIN, lambda seconds: None)
    ((frame, told),) = desk.told().items()
    transport = told.conditions.transport
    assert frame == 50
    assert transport is not None
    assert transport.bpm == 60.0
    later = desk.run.sample_of(80)
    assert transport.beats_at(80) == pytest.approx(desk.clock.map.beat_at(later), abs=1e-6)


def test_only_changes_of_what_was_generated_are_timed(desk: Desk) -> None:
    measured: list[float] = []
    desk.briefing.advance(desk.run, ORIGIN, 2 * RATE)

    def produce(frames: int) -> None:
        tokens = np.zeros((4, 0), np.int16)
        desk.run.produced(Produced(1, desk.run.epoch, frames * 640, 0, tokens))

    produce(20)
    desk.briefing.change(desk.run, ORIGIN + RATE, ORIGIN, measured.append)
    produce(60)
    assert measured == []
    desk.briefing.change(desk.run, ORIGIN + RATE, ORIGIN, measured.append)
    produce(60)
    assert len(measured) == 1


def test_a_start_on_a_bar_line_is_told_as_a_whole_beat(desk: Desk) -> None:
    desk.clock.set_tempo(92.3, ORIGIN)
    line = desk.clock.map.sample_at(8.0)
    transport = desk.briefing.conditions(desk.model, 0, line, line).transport
    assert transport is not None
    assert transport.beat == 8.0


def test_never_more_is_asked_for_than_the_ring_can_keep_with_a_bar_to_hold(desk: Desk) -> None:
    desk.briefing.advance(desk.run, ORIGIN, 1000 * RATE)
    bar_frames = 100
    assert 0 < desk.run.sent <= 24 * 50 - bar_frames


def test_a_new_meter_counts_from_its_bar_line(desk: Desk) -> None:
    moment = desk.clock.set_meter(3, ORIGIN + 1)
    transport = desk.briefing.conditions(desk.model, 100, moment.sample, moment.sample).transport
    assert transport is not None
    assert (transport.beats_per_bar, transport.beat) == (3, 3.0)
    assert transport.beats_at(100) % 3 == 0
