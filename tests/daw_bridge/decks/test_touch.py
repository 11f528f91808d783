"""Notes that are shorter than the time in which changes are gathered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.timeline import Timeline
from daw_bridge.decks.touch import MELODY, Touch
from daw_bridge.engine.base import OnEvent
from daw_bridge.engine.protocol import Command, OpenDeck, SetConditions
from daw_bridge.parameter import Values
from genmodels.conditioning.attributes import Conditions
from tests.daw_bridge.decks.stage import RATE, Stage, stage
from tests.daw_bridge.thread_engine import ThreadEngine

FRAME = 960
SILENT: Values = (0.0,) * 12
chromas = st.lists(st.sampled_from([0.0, 0.4, 1.0]), min_size=12, max_size=12).map(tuple)
rounds = st.lists(st.lists(chromas, min_size=1, max_size=6), min_size=1, max_size=8)


def sounds(values: Values) -> set[int]:
    return {pitch for pitch, strength in enumerate(values) if strength}


@given(rounds, st.integers(FRAME, 3000))
def test_every_pitch_class_is_told_for_a_frame_at_least_and_the_last_value_stays(
    rounds: list[list[Values]], apart: int
) -> None:
    touch, timeline = Touch(), Timeline({MELODY: SILENT})
    due: list[tuple[int, set[int]]] = []
    for number, played in enumerate(rounds):
        for values in played:
            touch.play(values)
        changes = touch.lay(played[-1], number * apart, FRAME)
        for sample, values in changes:
            timeline.set(MELODY, values, sample)
        due.append((changes[0][0], set[int]().union(*map(sounds, played))))
    for sample, pitches in due:
        told = set[int]().union(
            *(sounds(timeline.at(at)[MELODY]) for at in (sample, sample + FRAME - 1, sample + FRAME))
        )
        assert told >= pitches
    assert timeline.last(MELODY) == rounds[-1][-1]


@given(rounds, st.lists(st.tuples(st.integers(0, 100_000), st.booleans()), min_size=8, max_size=8))
def test_what_is_played_lags_by_two_frames_at_most_wherever_it_can_be_told_from(
    rounds: list[list[Values]], places: list[tuple[int, bool]]
) -> None:
    touch, timeline = Touch(), Timeline({MELODY: SILENT})
    for played, (reachable, heard) in zip(rounds, places, strict=False):
        for values in played:
            touch.play(values)
        changes = touch.lay(played[-1], reachable, FRAME if heard else 0)
        assert all(reachable <= sample <= reachable + 2 * FRAME for sample, _ in changes)
        assert heard or changes == [(reachable, played[-1])]
        for sample, values in changes:
            timeline.set(MELODY, values, sample)
        # nothing that was laid before comes back
        assert timeline.at(reachable + 2 * FRAME)[MELODY] == timeline.last(MELODY) == played[-1]


class Told:
    """What the engine was told of its voices, by voice."""

    def __init__(self) -> None:
        self.first: dict[int, Conditions] = {}
        self._later: dict[int, list[tuple[int, Conditions]]] = {}

    def perform(self, scene: Callable[[Stage], Awaitable[None]], folder: Path) -> None:
        """Play a scene, listening."""
        hear = self._hear

        class Listening(ThreadEngine):
            def send(self, command: Command) -> None:
                hear(command)
                super().send(command)

        def make(on_event: OnEvent, threads: int) -> ThreadEngine:
            return Listening(on_event, threads)

        async def play() -> None:
            async with stage(folder, make_engine=make) as s:
                await scene(s)

        asyncio.run(play())

    def harmony(self) -> list[tuple[int, set[int]]]:
        """Of the last voice, the frames at which its pitch classes changed, with those."""
        number = max(self.first)
        found = [(0, strengths(self.first[number]))]
        for frame, conditions in self._later[number]:
            found = [(at, pitches) for at, pitches in found if at < frame]
            if not found or found[-1][1] != strengths(conditions):
                found.append((frame, strengths(conditions)))
        return found

    def _hear(self, command: Command) -> None:
        if isinstance(command, OpenDeck):
            self.first[command.deck], self._later[command.deck] = command.conditions, []
        elif isinstance(command, SetConditions):
            self._later[command.deck].append((command.from_frame, command.conditions))


def strengths(conditions: Conditions) -> set[int]:
    if conditions.chroma is None:
        return set()
    return {int(pitch) for pitch in np.flatnonzero(conditions.chroma.at(np.zeros(1, np.int64))[0])}


def play(s: Stage, *pitches: int) -> None:
    s.set("melody", *(1.0 if pitch in pitches else 0.0 for pitch in range(12)))


async def touch_some(s: Stage, times: int) -> None:
    """Notes that come and go, each within one rollback."""
    for pitch in range(times):
        play(s, pitch)
        play(s)
        await asyncio.sleep(0.1)


def test_a_note_that_is_gone_at_once_is_one_frame_of_the_models_harmony(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start("now")
        await s.until(start.sample + RATE // 2)
        play(s, 5)
        play(s, 5, 9)
        play(s)
        await s.until(s.player.status().sample + RATE)
        assert s.player.get("/bridge/deck/{deck}/melody", 1) == SILENT
        play(s, 7)
        await s.until(s.player.status().sample + RATE)

    told = Told()
    told.perform(scene, tmp_path)
    (_, before), (frame, touched), (after, silent), (_, last) = told.harmony()
    assert (before, touched, silent, last) == (set(), {5, 9}, set(), {7})
    assert after == frame + 1


def test_notes_that_are_gone_before_the_start_are_not_heard_and_hold_nothing_up(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        start = s.start(bar=3)
        await touch_some(s, 6)
        play(s, 4)
        await s.until(start.sample + RATE // 4)
        play(s, 7)
        await s.until(start.sample + RATE)

    told = Told()
    told.perform(scene, tmp_path)
    (begin, first), (frame, then) = told.harmony()
    assert (begin, first, then) == (0, {4}, {7})
    assert 0.25 <= frame / 50 < 0.75


def test_notes_are_heard_at_once_after_a_far_start_was_cancelled(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.start(bar=33)
        await touch_some(s, 3)
        s.cancel("start")
        start = s.start("now")
        await s.until(start.sample + RATE // 4)
        play(s, 7)
        await s.until(start.sample + RATE)

    told = Told()
    told.perform(scene, tmp_path)
    (_, first), (frame, then) = told.harmony()
    assert (first, then) == (set(), {7})
    assert 0.25 <= frame / 50 < 0.75
