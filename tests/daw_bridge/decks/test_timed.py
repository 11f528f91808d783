"""Commands for later, on the whole front: heard where they were acknowledged, replaced, cancelled."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks import agenda, score
from daw_bridge.decks.conditions import GLIDE
from daw_bridge.decks.protocol import Result, Settings, When
from daw_bridge.errors import ParameterError, ScheduleError
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch


def test_a_gain_on_the_bar_changes_at_its_sample_and_follows_the_tempo(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("prompt", "400")
        start = s.start()
        gain = s.set("gain", -20.0, when=2)
        assert (gain.bar, gain.beat) == (2, 4.0)
        assert s.player.get("/bridge/deck/{deck}/gain", 1) == (0.0,)
        await s.until(start.sample + RATE // 4)
        faster = s.tempo(240.0)
        left = 4.0 - (faster.sample - start.sample) / RATE * 2
        samples.append(round(faster.sample + left * RATE / 4))
        await s.until(samples[0] + RATE // 4)
        assert s.player.get("/bridge/deck/{deck}/gain", 1) == (-20.0,)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    at = samples[0]
    levels = [np.abs(heard[n : n + 120]).max() for n in range(at - 6000, at + 6000, 120)]
    fell = at - 6000 + 120 * next(n for n, level in enumerate(levels) if level < 0.4)
    assert abs(fell - at) < 2600
    assert levels[0] > 0.45
    assert levels[-1] < 0.06
    assert np.abs(np.diff(heard[at - 6000 : at + 6000])).max() < 0.04


def test_a_timed_mute_is_exact_to_the_sample(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        samples.append(s.set("mute", True, when=2).sample)
        assert samples[0] == start.sample + 2 * RATE
        await s.until(samples[0] + RATE // 4)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    at = samples[0]
    whole = 0.5 * np.sin(2 * np.pi * 400 * (np.arange(len(heard)) - at) / RATE)
    assert np.abs(heard[at - 2000 : at] - whole[at - 2000 : at]).max() < 1e-3
    assert np.abs(heard[at : at + 1000] - whole[at : at + 1000]).max() > 0.3
    assert np.abs(heard[at + 4000 : at + 5000]).max() < 1e-4


def test_tempo_meter_and_prompt_wait_for_their_bars(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        tempo = s.set("tempo", 120.0, deck=None, when=2)
        meter = s.set("meter", 3, deck=None, when=3)
        prompt = s.set("prompt", "800", when=2)
        assert tempo.sample == prompt.sample == start.sample + RATE
        assert (meter.bar, meter.beat) == (3, 8.0)
        await s.until(start.sample + RATE + RATE // 4)
        clock = s.player._parts.clock  # type: ignore[union-attr]
        assert clock.tempo_at(start.sample + RATE) == 120.0
        assert clock.tempo_at(start.sample + RATE - 1) == 240.0
        await s.until(start.sample + 3 * RATE)
        assert [(m.bar, m.beats_per_bar) for m in clock.map.meters] == [(1, 4), (3, 3)]
        samples.append(prompt.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert pitch(heard[samples[0] - 6000 : samples[0] - 500]) == 400
    assert pitch(heard[samples[0] + 500 : samples[0] + 6000]) == 800


def test_the_same_parameter_at_the_same_time_is_replaced_and_cancel_drops_it(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        for value in ("600", "700"):
            s.set("prompt", value, when=3)
        s.set("gain", -20.0, when=3)
        s.set("prompt", "900", when=2)
        following = s.player.status().decks[0].following
        assert following is not None
        assert (following.name, following.bar) == ("start", 1)
        await s.until(start.sample + RATE // 4)
        following = s.player.status().decks[0].following
        assert following is not None
        assert (following.name, following.bar) == ("prompts", 2)
        assert following.beat == pytest.approx(1.0, abs=1e-3)
        assert 0.0 < following.seconds < 0.8
        s.stop("2M")
        s.cancel("gain")
        s.cancel("stop")
        await s.until(start.sample + RATE + RATE // 4)
        s.cancel("prompt")
        assert s.player.get("/bridge/deck/{deck}/prompt", 1) == ("900",)
        assert s.player.status().decks[0].following is None
        position = s.player.status().decks[0]
        assert (position.bar, 1.0 <= position.beat < 5.0) == (2, True)
        await s.until(start.sample + 3 * RATE)
        assert s.state() == "playing"
        samples.append(start.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    tail = heard[samples[0] + 2 * RATE + 2000 : samples[0] + 2 * RATE + 12000]
    assert pitch(tail) == 900
    assert np.abs(tail).max() > 0.45


def test_a_cancelled_start_leaves_what_plays_as_it_was(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        first = s.start()
        s.start(deck=2, bar=3)
        await s.until(first.sample + 1000)
        s.start(bar=3)
        s.cancel(deck=None)
        assert (s.state(1), s.state(2)) == ("playing", "stopped")
        await s.until(first.sample + 3 * RATE)
        assert s.state(1) == "playing"
        assert s.player.status().decks[0].bar == 4

    perform(scene, tmp_path, decks=2)


def test_a_bar_waits_for_the_music_and_a_line_of_the_grid_does_not(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        assert s.set("gain", -6.0, when="1M").seconds == 0.0
        s.set("tempo", 60.0, deck=None, when=2)
        await s.until(RATE + RATE // 2)
        start = s.start()
        clock = s.player._parts.clock  # type: ignore[union-attr]
        await s.until(start.sample + RATE)
        assert clock.map.tempi[-1].bpm == 60.0
        assert clock.map.tempi[-1].sample == start.sample + RATE

    perform(scene, tmp_path)


def test_what_a_model_is_told_from_a_bar_on_waits_for_the_music_too(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        s.set("prompt", "600", when=3)
        s.set("prompt", "500", when=3)
        s.set("prompt", "900", when=4)
        s.cancel()
        for bar, prompt in ((3, "700"), (3, "800"), (4, "1000"), (5, "1200")):
            s.set("prompt", prompt, when=bar)
        assert s.player.get("/bridge/deck/{deck}/prompt", 1) == ("400",)
        start = s.start()
        s.set("prompt", "1100", when=4)
        await s.until(start.sample + RATE // 4)
        following = s.player.status().decks[0].following
        assert following is not None
        assert (following.name, following.bar) == ("prompts", 3)
        await s.until(start.sample + 3 * RATE + RATE // 4)
        s.cancel("prompt")
        await s.until(start.sample + 5 * RATE)
        samples.append(start.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    bars = [samples[0] + n * RATE for n in range(5)]
    assert [pitch(heard[bar + 700 : bar + 5500]) for bar in bars] == [400, 400, 800, 1100, 1100]
    assert pitch(heard[bars[2] - 5000 : bars[2] - 200]) == 400


def test_a_bar_of_the_song_to_come_is_not_one_of_the_song_that_was(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + 2 * RATE + RATE // 4)
        s.stop()
        await s.until(first.sample + 3 * RATE)
        s.set("prompt", "800", when=2)
        second = s.start()
        await s.until(second.sample + 2 * RATE)
        samples.append(second.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert pitch(heard[samples[0] + 700 : samples[0] + 5500]) == 400
    assert pitch(heard[samples[0] + RATE + 700 : samples[0] + RATE + 5500]) == 800


def test_what_does_not_fit_any_more_when_its_bar_comes_is_told_and_holds_nothing_else_up(
    tmp_path: Path,
) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("key", "A minor", when=2)
        s.set("gain", -6.0, when=2)
        (tmp_path / "models" / "fake:effects").mkdir(parents=True)
        results: list[Result] = []
        s.player.command("/bridge/model", None, ("fake:effects",), When(), results.append)
        while not results:
            await asyncio.sleep(0.01)
        assert results[0].error == ""
        start = s.start()
        await s.until(start.sample + RATE + RATE // 4)
        assert s.player.get("/bridge/deck/{deck}/gain", 1) == (-6.0,)
        assert s.player.get("/bridge/deck/{deck}/key", 1) == ("",)
        assert [n.text for n in s.notices if n.text.startswith("/bridge/deck/1/key: ")]
        assert s.state() == "playing"

    perform(scene, tmp_path)


@pytest.mark.parametrize(
    ("name", "values", "deck"),
    [("gain", (-6.0,), 1), ("mute", (True,), 1), ("crossfade", (0.2,), None), ("outputs", (1, 1), 1)],
)
def test_what_the_mixer_changes_at_once_is_acknowledged_with_when_it_sounds(
    tmp_path: Path, name: str, values: tuple[float | int | bool, ...], deck: int | None
) -> None:
    async def scene(s: Stage) -> None:
        assert s.set(name, *values, deck=deck).seconds == 0.0
        start = s.start()
        await s.until(start.sample + RATE // 8)
        ahead = (s.player._output.written - s.player._output.position()) / RATE
        ack = s.set(name, *values, deck=deck)
        assert ack.seconds == pytest.approx(ahead, abs=0.03)
        assert ack.seconds > 0.02
        assert s.set("seed", 3).seconds == 0.0

    perform(scene, tmp_path)


def test_a_time_of_day_is_kept_by_starts_values_and_stops(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        now, here = time.time(), s.player._output.position()
        began = s.player.command("/bridge/deck/{deck}/start", 1, (), When(at=now + 0.6))
        changed = s.set("prompt", "800", at=now + 1.1)
        muted = s.set("mute", True, at=now + 1.5)
        stopped = s.player.command("/bridge/deck/{deck}/stop", 1, (), When(at=now + 1.8))
        for ack, seconds in ((began, 0.6), (changed, 1.1), (muted, 1.5), (stopped, 1.8)):
            assert ack.sample - here == pytest.approx(seconds * RATE, abs=0.02 * RATE)
            assert ack.seconds == pytest.approx(seconds, abs=0.02)
        samples.extend(ack.sample for ack in (began, changed, muted, stopped))
        await s.until(stopped.sample + 3000)
        assert s.state() == "stopped"
        assert s.set("prompt", "500", at=now).seconds == 0.0

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    began, changed, muted, _ = samples
    assert not heard[:began].any()
    assert heard[began : began + 10].any()
    assert pitch(heard[changed - 6000 : changed - 500]) == 400
    assert pitch(heard[changed + 1500 : changed + 7500]) == 800
    assert np.abs(heard[muted + 3000 : muted + 9000]).max() < 1e-3


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start()
        await s.until(start.sample + 3 * RATE)
        with pytest.raises(ScheduleError, match="first possible is bar"):
            s.set("gain", 0.0, when=1)
        with pytest.raises(ParameterError, match=r"1\.\.2"):
            s.set("outputs", 3, 1)
        with pytest.raises(ParameterError, match="'prompt'"):
            s.cancel("promt")
        with pytest.raises(ParameterError):
            s.cancel("tempo")
        s.cancel("tempo", deck=None)

    perform(scene, tmp_path)


def test_no_more_changes_of_a_deck_wait_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "MAX_PLANNED", 5)

    async def scene(s: Stage) -> None:
        s.start()
        for bar in range(20, 25):
            s.set("temperature", 0.5, when=bar)
        with pytest.raises(ScheduleError, match="5 changes of this deck are waiting: cancel some, or wait"):
            s.set("prompt", "500", when=30)
        assert s.player.get("/bridge/deck/{deck}/prompt", 1) == ("",)
        s.set("guidance", 2.0)
        s.cancel("temperature")
        s.set("prompt", "500", when=30)
        assert s.state() in ("armed", "playing")

    perform(scene, tmp_path)


def test_a_glide_takes_no_room_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "MAX_PLANNED", 5)

    async def scene(s: Stage) -> None:
        s.start()
        for bar in range(20, 25):
            s.set("prompts", str(50 * bar), 1.0, when=bar)
        s.set("prompts", "500", 1.0, when=24)
        with pytest.raises(ScheduleError, match="5 changes of this deck are waiting"):
            s.set("prompts", "500", 1.0, when=25)

    perform(scene, tmp_path)


@pytest.mark.parametrize("full", ["MAX_PLANNED", "MAX_ENTRIES"])
def test_values_that_come_together_are_planned_all_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    monkeypatch.setattr(score if full == "MAX_PLANNED" else agenda, full, 3)
    deck = "/bridge/deck/{deck}/"

    async def scene(s: Stage) -> None:
        parts = s.player._parts
        assert parts is not None
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        for bar in (20, 21):
            s.set("prompt", "500", when=bar)
            s.set("gain", -3.0, when=bar)
        settings: Settings = (
            (f"{deck}prompt", 1, ("600",)),
            (f"{deck}temperature", 1, (0.5,)),
            (f"{deck}gain", 1, (-6.0,)),
            (f"{deck}mute", 1, (True,)),
        )
        for model in ("", "fake:up=50"):
            (tmp_path / "models" / "fake:up=50").mkdir(parents=True, exist_ok=True)
            results: list[Result] = []
            when = When(Quantum.parse("1M"))
            if model:
                s.player.change(model, settings, when, results.append, lambda *_: None)
                while not results:
                    await asyncio.sleep(0.01)
                assert "are waiting" in results[0].error
            else:
                with pytest.raises(ScheduleError, match="are waiting"):
                    s.player.change(model, settings, when, results.append, lambda *_: None)
            timeline = parts.decks[0].score.timeline
            assert {change.name for change in timeline.planned(0)} == {"prompts", GLIDE}
            assert len(parts.controls.agenda) == 2
            assert s.player.get(f"{deck}temperature", 1) != (0.5,)
        assert s.state() == "playing"

    perform(scene, tmp_path)


def test_what_is_set_now_holds_until_what_is_planned_in_the_same_breath(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        s.set("prompt", "800")
        s.set("prompt", "600", when=2)
        await s.until(start.sample + 2 * RATE)
        samples.append(start.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    (start,) = samples
    assert pitch(heard[start + RATE - 6000 : start + RATE - 500]) == 800
    assert pitch(heard[start + RATE + 500 : start + RATE + 6000]) == 600
