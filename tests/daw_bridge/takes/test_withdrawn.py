"""Voices that a deck gives up before they are heard: a take shows them as such, and replays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.takes.journal import of_type
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from daw_bridge.takes.voice_track import VoiceTrack
from tests.daw_bridge.decks.stage import RATE, Stage
from tests.daw_bridge.decks.swapping import model, outcome, place
from tests.daw_bridge.decks.test_choices import ask, choices, playing, ready
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.takes.scene import takes_of
from tests.daw_bridge.thread_engine import ThreadEngine


def replayed(take: Take) -> bool:
    return replay(take, loader=LOADER, make_engine=ThreadEngine).identical


def heard(take: Take) -> list[VoiceTrack]:
    """The voices that sounded. All voices of a take that has ended are closed, and have a stop."""
    assert take.ending == "all decks are silent"
    for voice in take.voices.values():
        assert voice.closed
        assert voice.stop is not None
        assert voice.stop >= voice.start
    return [v for v in take.voices.values() if np.diff(take.sounded(v))[0] > 0]


async def silence(s: Stage) -> None:
    s.stop()
    while s.player.status().take.state == "recording":
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_that_is_cancelled_leaves_a_voice_that_never_sounded(tmp_path: Path, kept: bool) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        ask(s, "choices", 2, 1)
        await ready(s)
        commit = ask(s, "commit", 2, when=s.player.status().bar + 2)
        if not kept:
            ask(s, "choices", 0, 1)
        s.cancel("commit")
        s.set("prompt", "600")
        await s.until(commit.sample + RATE)
        await silence(s)

    (take,) = takes_of(tmp_path, scene, model="fake:bars")
    own, given_up = take.voices.values()
    assert heard(take) == [own]
    assert given_up.stop == given_up.start
    assert replayed(take)


def test_a_choice_that_is_taken_after_all_is_one_voice_with_all_its_tokens(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        ask(s, "choices", 2, 1)
        await ready(s)
        ask(s, "commit", 2, when=s.player.status().bar + 3)
        await asyncio.sleep(0.1)
        s.cancel("commit")
        await asyncio.sleep(0.1)
        assert (choices(s).state, choices(s).committed) == ("ready", 0)
        commit = ask(s, "commit", 2, when=s.player.status().bar + 2)
        await s.until(commit.sample + RATE // 2)
        s.set("prompt", "700")
        await s.until(commit.sample + 3 * RATE // 2)
        await silence(s)

    (take,) = takes_of(tmp_path, scene, model="fake:bars")
    own, chosen = take.voices.values()
    opened = [record["voice"] for record in of_type(take.records, "open")]
    assert opened == [own.number, chosen.number, chosen.number]
    assert heard(take) == [own, chosen]
    first, stop = take.sounded(chosen)
    assert chosen.tokens.first <= first
    assert stop - first > 60
    assert replayed(take)


def test_a_choice_given_up_in_one_take_can_be_taken_in_the_next(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        ask(s, "choices", 1, 1)
        await ready(s)
        ask(s, "commit", 1, when=s.player.status().bar + 3)
        s.cancel("commit")
        await silence(s)
        await ready(s)
        commit = ask(s, "commit", 1)
        await s.until(commit.sample + RATE)
        await silence(s)

    first, second = takes_of(tmp_path, scene, model="fake:bars")
    assert len(heard(first)) == len(heard(second)) == 1
    assert replayed(first)
    assert replayed(second)


def test_starts_that_do_not_come_leave_no_voice_that_sounds(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        s.start(bar=7)
        s.start(bar=8)
        s.cancel("start")
        s.start(deck=2, bar=9)
        s.stop(deck=2)
        await s.until(s.player.status().sample + RATE)
        await silence(s)

    (take,) = takes_of(tmp_path, scene, model="fake:bars", decks=2)
    own, *others = take.voices.values()
    assert len(others) == 3
    assert heard(take) == [own]
    assert replayed(take)


def test_the_rehearsal_of_a_model_leaves_no_voice_that_sounds(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        at = place(s, await outcome(model(s, "fake:up=400")))
        await s.until(at + RATE)
        await silence(s)

    _, take = takes_of(tmp_path, scene)
    rehearsed, own = take.voices.values()
    assert rehearsed.stop == rehearsed.start
    assert heard(take) == [own]
    assert replayed(take)


def test_a_start_that_is_prepared_anew_as_the_worker_was_lost_leaves_a_take_that_replays(
    tmp_path: Path,
) -> None:
    async def scene(s: Stage) -> None:
        first = await playing(s)
        s.set("prompt", "600", when=6)
        second = s.start(bar=5)
        await s.until(first.sample + RATE // 2)
        s.player._host.current._engine.die()  # type: ignore[attr-defined]
        await s.until(second.sample + 3 * RATE // 2)
        await silence(s)

    (take,) = takes_of(tmp_path, scene)
    own, waiting, resumed, anew = take.voices.values()
    assert heard(take) == [own, resumed, anew]
    assert waiting.stop == waiting.start == anew.start
    assert own.stop == resumed.start
    assert resumed.stop == anew.start
    assert replayed(take)
