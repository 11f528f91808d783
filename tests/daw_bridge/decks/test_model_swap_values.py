"""Values and presets that come with another model, judged by what was recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.protocol import Result, Settings, When
from daw_bridge.errors import ModelError
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch
from tests.daw_bridge.decks.swapping import BAR, model, outcome, place, playing, quietest


def test_values_that_the_new_model_does_not_take_wait_for_one_that_does(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        await playing(on)
        on.set("chords", "Am F")
        place(on, await outcome(model(on, "fake:effects")))
        told = [n.text for n in on.notices if "no harmony" in n.text]
        assert len(told) == 1
        assert "no beat" in told[0]
        assert [n for n in on.notices if n.kind == "error"] == []
        on.set("temperature", 0.5)
        deck = on.player._parts.decks[0]  # type: ignore[union-attr]
        assert on.player.status().decks[0].heard == (0.0,) * 12
        place(on, await outcome(model(on, "fake:up=50")))
        await asyncio.sleep(0.5)
        assert deck.score.timeline.at(on.player.status().sample)["chords"] == ("Am F",)
        assert any(on.player.status().decks[0].heard)

    perform(scene, tmp_path)


def test_only_names_are_taken_and_the_present_model_is_there_at_once(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        for name in ("nowhere", "../models", str(tmp_path), "facebook/encodec_32khz"):
            with pytest.raises(ModelError, match="known are"):
                on.player.command("/bridge/model", None, (name,), When())
        start = await playing(on)
        results: list[Result] = []
        on.player.command("/bridge/model", None, ("fake",), When(), results.append)
        assert (await outcome(results)).values[0] == "fake"
        gone = model(on, "fake:load=5")
        on.player.command("/bridge/cancel", None, ("model",), When())
        assert "cancelled" in gone[0].error
        assert start

    perform(scene, tmp_path)


def test_the_values_of_a_preset_come_with_its_model_all_at_the_same_sample(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        name = "fake:up=400,codec=bells"
        (tmp_path / "models" / name).mkdir(parents=True)
        deck = "/bridge/deck/{deck}/"
        settings: Settings = (
            ("/bridge/tempo", None, (180.0,)),
            (f"{deck}prompt", 1, ("600",)),
            (f"{deck}chords", 1, ("Hx",)),
            (f"{deck}gain", 1, (-6.0,)),
            (f"{deck}prompt", 2, ("1000",)),
        )
        results: list[Result] = []
        refused: list[str] = []
        on.player.change(
            name, settings, When(Quantum.parse("1M")), results.append, lambda path, *_: refused.append(path)
        )
        at = place(on, await outcome(results))
        assert refused == [f"{deck}chords"]
        assert (at - start) % BAR == 0
        assert on.player.get("/bridge/tempo", None) == (180.0,)
        assert on.player.get(f"{deck}prompt", 2) == ("1000",)
        samples.extend((start, at))
        await on.until(at + RATE)
        (segment,) = [s for s in on.player._parts.clock.map.tempi if s.bpm == 180.0]  # type: ignore[union-attr]
        assert segment.sample == at

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, at = samples
    assert quietest(heard, start) > 0.15
    assert pitch(heard[at - 5000 : at - 200]) == 400
    assert pitch(heard[at + 700 : at + 5500]) == 1000
    assert np.abs(heard[at - 5000 : at - 200]).max() == pytest.approx(0.5, abs=0.02)
    assert np.abs(heard[at + 2400 : at + 7200]).max() == pytest.approx(0.25, abs=0.02)


def test_values_without_a_model_hold_from_one_line_on(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        deck = "/bridge/deck/{deck}/"
        settings: Settings = ((f"{deck}prompt", 1, ("600",)), (f"{deck}gain", 1, (-6.0,)))
        results: list[Result] = []
        when = When(Quantum.parse("2M"))
        on.player.change("", settings, when, results.append, lambda *_: None)
        at = place(on, await outcome(results))
        assert (at - start) % (2 * BAR) == 0
        samples.append(at)
        await on.until(at + RATE)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    (at,) = samples
    assert pitch(heard[at - 5000 : at - 200]) == 400
    assert pitch(heard[at + 700 : at + 5500]) == 600
    assert np.abs(heard[at - 5000 : at - 200]).max() == pytest.approx(0.5, abs=0.02)
    assert np.abs(heard[at + 2400 : at + 7200]).max() == pytest.approx(0.25, abs=0.02)


def test_a_preset_whose_model_cannot_play_sets_nothing(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        (tmp_path / "models" / "fake:absent").mkdir(parents=True)
        path = "/bridge/deck/{deck}/prompt"
        results: list[Result] = []
        when = When(Quantum.parse("1M"))
        on.player.change("fake:absent", ((path, 1, ("600",)),), when, results.append, lambda *_: None)
        assert "absent" in (await outcome(results)).error
        assert on.player.get(path, 1) == ("400",)
        samples.append(start)
        await on.until(on.player.status().sample + RATE)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert pitch(heard[-RATE : -RATE // 2]) == 400
