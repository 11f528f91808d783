"""Mixes of prompts on their way, in the deck's timeline and as the worker is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.conditions import GLIDE
from daw_bridge.decks.mix import MAX_PROMPTS, glide_from, gliding, mix_at, mix_of
from daw_bridge.engine.protocol import Command, SetConditions
from genmodels.conditioning.attributes import Conditions
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.decks.test_briefing import ORIGIN, Desk

prompts = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.floats(0.1, 100)),
    min_size=1,
    max_size=4,
    unique_by=lambda p: p[0],
).map(lambda pairs: tuple(atom for pair in pairs for atom in pair))


@given(prompts, prompts, st.floats(0, 12))
def test_a_mix_moves_from_one_to_the_other_with_a_sum_of_one(
    first: tuple[float | str, ...], then: tuple[float | str, ...], beat: float
) -> None:
    glide = glide_from(mix_of(first), then, 2.0, 8.0)
    mix = mix_at(then, glide, beat)
    assert sum(mix.values()) == pytest.approx(1.0)
    if beat <= 2.0 and glide:
        assert {t: w for t, w in mix.items() if w} == pytest.approx(mix_of(first))
    if beat >= 10.0:
        assert mix == mix_of(then)


@given(prompts, prompts)
def test_never_more_than_four_prompts_sound_together(
    first: tuple[float | str, ...], then: tuple[float | str, ...]
) -> None:
    glide = glide_from(mix_of(first), then, 0.0, 8.0)
    if glide:
        told, weights = gliding(then, glide, 0.0, 0, 25.0)
        conditions = Conditions(told, glide=weights)
        assert set(mix_of(then)) <= {prompt.text for prompt in conditions.prompts}
        assert len(told) <= MAX_PROMPTS
        assert (weights.first, weights.last) == (0.0, 200.0)


def test_the_worker_is_told_a_glide_once_and_its_end() -> None:
    desk = Desk()
    try:
        desk.timeline.set("prompts", ("b", 1.0), ORIGIN + RATE)
        desk.timeline.set(GLIDE, glide_from({"a": 1.0}, ("b", 1.0), 2.0, 4.0), ORIGIN + RATE)
        desk.briefing.advance(desk.run, ORIGIN + 4 * RATE, RATE)
        told = desk.told()
        assert list(told) == [50, 150]
        glide = told[50].conditions.glide
        assert glide is not None
        assert [prompt.text for prompt in told[50].conditions.prompts] == ["b", "a"]
        assert (glide.weights, glide.first) == ((0.0, 1.0), 50.0)
        assert glide.last == pytest.approx(150.0)
        assert told[150].conditions.glide is None
        assert [prompt.text for prompt in told[150].conditions.prompts] == ["b"]
    finally:
        desk.ring.close()


def test_a_glide_keeps_its_beats_when_the_tempo_changes() -> None:
    desk = Desk()
    try:
        desk.timeline.set("prompts", ("b", 1.0), ORIGIN)
        desk.timeline.set(GLIDE, glide_from({"a": 1.0}, ("b", 1.0), 0.0, 8.0), ORIGIN)
        desk.clock.set_tempo(240.0, ORIGIN + RATE)
        desk.briefing.advance(desk.run, ORIGIN + 4 * RATE, RATE)
        told = desk.told()
        assert list(told) == [50, 125]
        glide = told[50].conditions.glide
        assert glide is not None
        assert glide.first == pytest.approx(25.0)
        assert glide.last == pytest.approx(125.0)
    finally:
        desk.ring.close()


def test_a_glide_on_stage_is_one_change_and_a_new_one_begins_where_it_is(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("prompts", "400", 1.0)
        s.set("prompts/glide", 2.0, "seconds")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        sent: list[SetConditions] = []
        voices = s.player._takes.keeper.voices
        hear = voices.sent

        def listen(command: Command) -> None:
            if isinstance(command, SetConditions):
                sent.append(command)
            hear(command)

        voices.sent = listen  # type: ignore[method-assign]
        s.set("prompts", "800", 1.0)
        await s.until(start.sample + RATE + RATE // 4)
        s.set("prompts", "600", 1.0)
        await s.until(start.sample + RATE + RATE // 2)
        # what came too near is told once more, the same
        told = (command.conditions.glide for command in sent)
        glides = list(dict.fromkeys(glide for glide in told if glide is not None))
        assert len(glides) == 2
        assert glides[0].weights == (0.0, 1.0)
        assert glides[0].last - glides[0].first == pytest.approx(100.0)
        texts = [prompt.text for prompt in sent[-1].conditions.prompts]
        assert texts[0] == "600"
        assert sorted(texts[1:]) == ["400", "800"]
        assert glides[1].weights[0] == 0.0
        assert 0.3 < glides[1].weights[texts.index("800")] < 0.8

    assert np.abs(perform(scene, tmp_path)).max() > 0.4


def test_a_glide_ends_with_the_music(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompts", "400", 1.0)
        s.set("prompts/glide", 8.0, "beats")
        start = s.start()
        await s.until(start.sample + RATE)
        s.set("prompts", "800", 1.0)
        await s.until(start.sample + RATE + RATE // 2)
        s.stop()
        while s.state() != "stopped":
            await asyncio.sleep(0.01)
        s.start()
        timeline = s.player._parts.decks[0].score.timeline  # type: ignore[union-attr]
        assert (timeline.last("prompts"), timeline.last(GLIDE)) == (("800", 1.0), ())

    perform(scene, tmp_path)


@pytest.mark.parametrize("sounds", [True, False])
def test_a_mix_glides_from_what_is_heard_only(tmp_path: Path, sounds: bool) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompts", "400", 1.0)
        s.set("prompts/glide", 8.0, "beats")
        start = s.start(bar=2)
        if sounds:
            await s.until(start.sample + RATE // 4)
        s.set("prompts", "800", 1.0)
        await asyncio.sleep(0.2)
        glide = s.player._parts.decks[0].score.timeline.last(GLIDE)  # type: ignore[union-attr]
        assert bool(glide) == sounds

    perform(scene, tmp_path)
