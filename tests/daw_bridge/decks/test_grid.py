"""Bars and beats of the whole front: starts, stops and plans on the grid."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch


def test_what_is_planned_stays_on_its_beat_when_the_tempo_changes(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        s.set("prompt", "800", when="1M")
        await s.until(start.sample + 2000)
        s.set("prompt", "600", when="1M")
        s.stop("2M")
        faster = s.tempo(240.0)
        samples.extend((start.sample, faster.sample))
        await s.until(start.sample + 3 * RATE)
        assert s.state() == "stopped"

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, faster = samples
    first_bar = round((faster - start) + (4 - (faster - start) / RATE * 2) * RATE / 4)
    end = np.flatnonzero(np.abs(heard) > 1e-3)[-1] - start
    assert abs(end - (first_bar + RATE)) < 2500
    assert pitch(heard[start + first_bar - 6000 : start + first_bar - 1500]) == 800
    assert pitch(heard[start + first_bar + 1500 : start + first_bar + 6000]) == 600


def test_a_meter_set_just_before_the_first_start_counts_from_bar_one(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await s.until(RATE // 10)
        s.set("meter", 3, deck=None)
        start = s.start()
        await s.until(start.sample + 1000)
        assert s.player.status().beats_per_bar == 3

    perform(scene, tmp_path)


def test_a_deck_that_waits_for_a_bar_does_not_hold_the_tempo_back_and_moves_with_it(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + RATE // 4)
        second = s.start(deck=2, bar=3)
        assert second.sample == first.sample + 2 * RATE
        slower = s.tempo(120.0)
        assert slower.seconds < 0.6
        await s.until(second.sample)
        assert (s.state(1), s.state(2)) == ("playing", "armed")
        waiting = s.player._parts.decks[1]._runs[0].start  # type: ignore[union-attr]
        changed = slower.sample - first.sample
        assert abs(waiting - first.sample - (4 * RATE - changed)) < 2500
        await s.until(waiting + RATE // 10)
        assert s.state(2) == "playing"

    perform(scene, tmp_path, decks=2)


def test_decks_started_together_begin_on_the_same_bar(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("prompt", "400")
        s.set("prompt", "1000", deck=2)
        first = s.start()
        await asyncio.sleep(0.03)
        second, third = s.start(deck=2), s.start("now", deck=3)
        assert first.sample == second.sample == third.sample
        await s.until(first.sample + RATE // 2)
        again = s.start(deck=2)
        while s.player._output.written < again.sample - RATE // 8:
            await asyncio.sleep(0.002)
        assert s.start(deck=3).sample == again.sample
        samples.append(first.sample)

    samples: list[int] = []
    heard = perform(scene, tmp_path, decks=3)
    spectrum = np.abs(np.fft.rfft(heard[samples[0] + 2400 : samples[0] + 7200]))
    assert spectrum[[40, 100]].min() > 0.1 * spectrum.max()


def test_a_planned_stop_and_change_stay_on_their_bar_line_when_the_meter_changes(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 10)
        stop = s.stop("4M")
        change = s.set("prompt", "800", when="4M")
        late = s.set("temperature", 0.5, when="1/4")
        assert (stop.bar, change.bar, stop.beat) == (5, 5, 16.0)
        meter = s.set("meter", 3, deck=None)
        assert (meter.bar, meter.beat, late.beat) == (2, 4.0, 2.0)
        run = s.player._parts.decks[0]._runs[0]  # type: ignore[union-attr]
        assert run.stop_beat == 4.0 + 3 * 3
        assert run.stop == start.sample + round((4 + 9) * RATE / 4)
        planned = s.player._parts.decks[0].score.timeline.breakpoints(0, 99 * RATE)  # type: ignore[union-attr]
        assert planned[-1] == run.stop
        bar, _ = s.player._parts.clock.map.bar_beat(run.stop_beat)  # type: ignore[union-attr]
        assert bar == 5

    perform(scene, tmp_path)


def test_the_meter_does_not_wait_for_a_deck_that_waits_and_moves_its_start(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        first = s.start()
        await s.until(first.sample + RATE // 10)
        s.start(deck=2, bar=9)
        meter = s.set("meter", 3, deck=None)
        assert meter.bar == 2
        waiting = s.player._parts.decks[1]._runs[0]  # type: ignore[union-attr]
        assert waiting.start == first.sample + (4 + 7 * 3) * RATE // 4
        assert waiting.start_beat == 4.0 + 7 * 3

    perform(scene, tmp_path, decks=2)


def test_an_armed_start_can_be_taken_back(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.start()
        s.stop("1M")
        assert s.state() == "stopped"
        await asyncio.sleep(0.5)

    assert not perform(scene, tmp_path).any()
