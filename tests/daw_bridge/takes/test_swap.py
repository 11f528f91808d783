"""Where another model takes over, one take ends and the next begins: each replays by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.protocol import Result, When
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from tests.daw_bridge.decks.stage import RATE, Stage
from tests.daw_bridge.decks.test_model_swap import model, outcome, place, playing
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.takes.scene import takes_of
from tests.daw_bridge.thread_engine import ThreadEngine


def replayed(take: Take) -> bool:
    return replay(take, loader=LOADER, make_engine=ThreadEngine).identical


@pytest.mark.parametrize("name", ["fake:up=400", "fake:up=400,codec=bells,rate=24000"])
def test_takes_meet_at_the_sample_at_which_the_model_changed(tmp_path: Path, name: str) -> None:
    at: list[int] = []

    async def scene(on: Stage) -> None:
        start = await playing(on)
        on.set("prompt", "500")
        result = await outcome(model(on, name))
        at.append(place(on, result))
        await on.until(at[0] + RATE // 2)
        on.set("prompt", "600")
        on.start(deck=2)
        await on.until(at[0] + 5 * RATE // 2)
        on.stop()
        on.stop(deck=2)
        await asyncio.sleep(0.5)
        assert start

    first, second = takes_of(tmp_path, scene, decks=2)
    assert first.ending == "another model took over"
    assert second.ending == "all decks are silent"
    assert first.first_sample + first.samples == second.first_sample == at[0]
    assert [take.model["name"].rpartition("/")[2] for take in (first, second)] == ["fake", name]
    assert {voice.deck for voice in second.voices.values()} == {1, 2}
    assert second.clock.bar_beat(second.clock.beat_at(second.first_sample))[1] == pytest.approx(1.0, abs=1e-3)
    assert replayed(first)
    assert replayed(second)
    both = np.concatenate([soundfile.read(take.sound, dtype="float32")[0] for take in (first, second)])
    recorded, _ = soundfile.read(tmp_path / "played.wav", dtype="float32")
    assert np.abs(both - recorded[first.first_sample :][: len(both)]).max() < 1.5 / 2**23


def test_after_a_swap_in_silence_takes_are_the_new_models(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        await outcome(model(on, "fake:up=400"))
        start = await playing(on)
        back: list[Result] = []
        on.player.command("/bridge/model", None, ("fake:up=400",), When(Quantum.parse("1M")), back.append)
        assert (await outcome(back)).error == ""
        await on.until(start + RATE)

    (take,) = takes_of(tmp_path, scene)
    assert take.model["name"].endswith("fake:up=400")
    assert replayed(take)
