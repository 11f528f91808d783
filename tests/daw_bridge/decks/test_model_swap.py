"""A model takes over while it plays, judged by what was recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.protocol import Result, When
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch
from tests.daw_bridge.decks.swapping import BAR, model, outcome, place, playing, quietest


@pytest.mark.parametrize(
    "name",
    ["fake:up=400", "fake:up=400,codec=bells", "fake:up=400,codec=bells,rate=24000", "fake:up=400,stereo"],
)
def test_another_model_takes_over_on_the_bar_without_a_sample_of_silence(tmp_path: Path, name: str) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        assert on.player.status().model == "fake"
        results = model(on, name)
        assert on.player.status().swap.state == "loading"
        result = await outcome(results)
        at = place(on, result)
        assert (at - start) % BAR == 0
        assert on.player.status().model == result.values[0] == name
        assert on.player.status().swap.state == "none"
        samples.extend((start, at))
        await on.until(at + BAR)
        on.set("prompt", "1200")
        await on.until(at + 2 * BAR)
        assert on.state() == "playing"
        assert len(on.player._parts.decks[0].runs) == 1  # type: ignore[union-attr]

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, at = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[at - 5000 : at - 200]) == 400
    assert pitch(heard[at + 700 : at + 5500]) == 800
    assert pitch(heard[at + 3 * BAR // 2 : at + 3 * BAR // 2 + 4800]) == 1600


def test_what_is_changed_while_it_loads_is_heard_at_once_and_kept(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        results = model(on, "fake:up=400,load=0.7")
        change = on.set("prompt", "600")
        assert change.seconds < 0.5
        result = await outcome(results)
        samples.extend((start, change.sample, place(on, result)))
        await on.until(samples[2] + RATE // 2)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, change, at = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[change : change + 4800]) == 600
    assert pitch(heard[at + 700 : at + 5500]) == 1000


def test_a_bar_can_be_given_and_tempo_may_change_before_it(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        results = model(on, "fake:up=400", when=5)
        await on.until(start + 2 * BAR)
        on.tempo(200.0)
        result = await outcome(results)
        assert result.values[1:] == (5, 1.0)
        samples.extend((start, place(on, result)))
        await on.until(samples[1] + RATE // 2)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, at = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[at - 5000 : at - 200]) == 400
    assert pitch(heard[at + 700 : at + 5500]) == 800


def test_a_model_that_has_not_loaded_by_its_bar_takes_over_at_a_later_one_and_says_so(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        result = await outcome(model(on, "fake:up=400,load=1.5", when=2))
        at = place(on, result)
        bar = int(result.values[1])
        assert (at - start) % BAR == 0
        assert bar > 2
        texts = [notice.text for notice in on.notices]
        assert "model fake:up=400,load=1.5 was not ready at bar 2: it takes over later" in texts
        assert f"model fake:up=400,load=1.5 plays from bar {bar} on" in texts
        samples.extend((start, at))
        await on.until(at + RATE // 2)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, at = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[at - 5000 : at - 200]) == 400
    assert pitch(heard[at + 700 : at + 5500]) == 800


@pytest.mark.parametrize("codec", ["sine", "bells"])
def test_voices_that_are_not_ready_at_the_line_are_heard_from_a_later_one_on(
    tmp_path: Path, codec: str
) -> None:
    name = f"fake:up=400,codec={codec},pause=0.9"

    async def scene(on: Stage) -> None:
        start = await playing(on)
        result = await outcome(model(on, name, when=4))
        at = place(on, result)
        assert int(result.values[1]) > 4
        assert (at - start) % BAR == 0
        assert f"model {name} was not ready at bar 4: it takes over later" in [n.text for n in on.notices]
        samples.extend((start, at))
        await on.until(at + RATE)
        assert on.state() == "playing"

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, at = samples
    assert quietest(heard, start) > 0.3
    assert pitch(heard[start + 3 * BAR + 700 : start + 3 * BAR + 5500]) == 400
    assert pitch(heard[at - 5000 : at - 200]) == 400
    assert pitch(heard[at + 700 : at + 5500]) == 800


def test_all_decks_go_over_at_the_same_bar_those_that_wait_for_theirs_too(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        on.set("prompt", "1000", deck=2)
        results = model(on, "fake:up=50")
        while on.player.status().swap.state == "loading":
            await asyncio.sleep(0.005)
        on.start(deck=2, when="1M")
        on.start(deck=3, bar=9)
        at = place(on, await outcome(results))
        samples.extend((start, at))
        await on.until(at + RATE // 2)
        assert [on.state(deck) for deck in (1, 2, 3)] == ["playing", "playing", "armed"]
        await on.until(start + 8 * BAR + RATE // 4)
        assert on.state(3) == "playing"
        kinds = {run.geometry.model.model.partition(":")[2] for d in on.player._parts.decks for run in d.runs}  # type: ignore[union-attr]
        assert kinds == {"up=50"}

    samples: list[int] = []
    heard = perform(scene, tmp_path, decks=3)
    start, at = samples
    assert quietest(heard, start) > 0.2
    spectrum = np.abs(np.fft.rfft(heard[at + 700 : at + 700 + 9600] * np.hanning(9600), RATE // 5))
    assert set(np.flatnonzero(spectrum > 0.3 * spectrum.max()) // 2 * 10) <= {440, 450, 1040, 1050}


def test_two_models_in_a_row_and_back_again(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        first = model(on, "fake:up=400,load=0.5")
        await asyncio.sleep(0.1)
        second = model(on, "fake:up=800,codec=bells,rate=16000")
        assert "asked for instead" in (await outcome(first)).error
        places = [place(on, await outcome(second))]
        places.append(place(on, await outcome(model(on, "fake:up=400"))))
        back: list[Result] = []
        on.player.command("/bridge/model", None, ("fake",), When(Quantum.parse("1M")), back.append)
        places.append(place(on, await outcome(back)))
        samples.extend((start, *places))
        await on.until(places[-1] + RATE // 2)
        await asyncio.sleep(0.3)
        assert not on.player._host._retired
        assert not on.player._host._hosts.keys() - {r.number for d in on.player._parts.decks for r in d.runs}  # type: ignore[union-attr]

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert quietest(heard, samples[0]) > 0.3
    assert [pitch(heard[at + 700 : at + 5500]) for at in samples[1:]] == [1200, 800, 400]


def test_a_swap_while_nothing_plays_is_done_when_it_is_loaded(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        on.set("prompt", "400")
        on.set("key", "A minor")
        result = await outcome(model(on, "fake:up=400,effects"))
        assert result.error == ""
        start = on.start()
        samples.append(start.sample)
        await on.until(start.sample + RATE)
        assert on.player.get("/bridge/deck/{deck}/key", 1) == ("A minor",)
        assert on.state() == "playing"
        assert [n for n in on.notices if n.kind == "error"] == []

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert pitch(heard[samples[0] + 1000 : samples[0] + 9000]) == 800


def test_a_clip_that_is_being_rendered_is_finished_by_the_model_that_began_it(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        await playing(on)
        clip: list[Result] = []
        on.render(clip.append, "500", 8, 120.0, "slow")
        waiting: list[Result] = []
        on.render(waiting.append, "500", 1, 120.0, "later")
        at = place(on, await outcome(model(on, "fake:up=400")))
        await on.until(at + RATE // 2)
        assert (await outcome(clip)).error == ""
        assert (await outcome(waiting)).error == ""
        await asyncio.sleep(0.2)
        assert not on.player._host._retired

    perform(scene, tmp_path, model="fake:ms=3")


def test_a_deck_that_is_stopped_before_the_line_is_silent_from_then_on(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = await playing(on)
        on.set("prompt", "1000", deck=2)
        on.start(deck=2)
        results = model(on, "fake:up=400", when=7)
        await on.until(start + 5 * BAR + BAR // 2)
        while not on.player._parts.decks[0].heirs:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        stop = on.stop(when="1/8")
        at = place(on, await outcome(results))
        assert stop.sample < at
        samples.extend((stop.sample, at))
        await on.until(at + RATE // 2)
        assert (on.state(1), on.state(2)) == ("stopped", "playing")

    samples: list[int] = []
    heard = perform(scene, tmp_path, decks=2)
    stop, at = samples
    assert np.abs(heard[stop - 4800 : stop]).max() > 0.6
    assert np.abs(heard[stop + 600 : at]).max() < 0.55
    assert pitch(heard[at + 700 : at + 5500]) == 1400
