"""Notes that are shorter than the time in which changes are gathered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.touch import Touch
from daw_bridge.engine.base import OnEvent
from daw_bridge.engine.protocol import Command, SetConditions
from daw_bridge.parameter import Values
from tests.daw_bridge.decks.stage import RATE, Stage, stage
from tests.daw_bridge.thread_engine import ThreadEngine

FRAME = 960
SILENT: Values = (0.0,) * 12
chromas = st.lists(st.sampled_from([0.0, 0.4, 1.0]), min_size=12, max_size=12).map(tuple)


def sounds(values: Values) -> set[int]:
    return {pitch for pitch, strength in enumerate(values) if strength}


@given(st.lists(st.lists(chromas, min_size=1, max_size=6), min_size=1, max_size=5), st.integers(0, 3000))
def test_every_pitch_class_is_told_for_a_frame_at_least_and_the_last_value_stays(
    rounds: list[list[Values]], apart: int
) -> None:
    touch, laid = Touch(), dict[int, Values]()
    for number, played in enumerate(rounds):
        for values in played:
            touch.play(values)
        changes = touch.lay(played[-1], number * apart, FRAME)
        laid.update(changes)
        assert changes[-1][1] == played[-1]
        told = set[int]().union(*(sounds(values) for _, values in changes))
        assert told == set[int]().union(*map(sounds, played))
        assert len(changes) <= 2
        if len(changes) == 2:
            assert changes[1][0] - changes[0][0] == FRAME
        # nothing is told before what was told for a frame has had it
        assert max(laid) == changes[-1][0]


def test_a_note_that_is_gone_at_once_is_one_frame_of_the_models_harmony(tmp_path: Path) -> None:
    told: list[SetConditions] = []

    class Listening(ThreadEngine):
        def send(self, command: Command) -> None:
            if isinstance(command, SetConditions):
                told.append(command)
            super().send(command)

    def make(on_event: OnEvent, threads: int) -> ThreadEngine:
        return Listening(on_event, threads)

    def strengths(command: SetConditions) -> set[int]:
        chroma = command.conditions.chroma
        if chroma is None:
            return set()
        return {int(pitch) for pitch in np.flatnonzero(chroma.at(np.zeros(1, np.int64))[0])}

    async def scene(s: Stage) -> None:
        start = s.start("now")
        await s.until(start.sample + RATE // 2)
        s.set("melody", *(1.0 if pitch == 5 else 0.0 for pitch in range(12)))
        s.set("melody", *(1.0 if pitch in (5, 9) else 0.0 for pitch in range(12)))
        s.set("melody", *SILENT)
        await s.until(s.player.status().sample + RATE)
        assert s.player.get("/bridge/deck/{deck}/melody", 1) == SILENT
        s.set("melody", *(1.0 if pitch == 7 else 0.0 for pitch in range(12)))
        await s.until(s.player.status().sample + RATE)

    async def play() -> None:
        async with stage(tmp_path, make_engine=make) as s:
            await scene(s)

    asyncio.run(play())
    touched = next(n for n, command in enumerate(told) if strengths(command) == {5, 9})
    after = told[touched + 1]
    assert strengths(after) == set()
    assert after.from_frame == told[touched].from_frame + 1
    assert [strengths(command) for command in told[touched + 2 :]] == [{7}]
