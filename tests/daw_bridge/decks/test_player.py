"""The whole front with a fake model in a thread, on the null clock, judged by what it recorded."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.decks.protocol import Result
from daw_bridge.errors import DeviceError, ModelError, ScheduleError
from daw_bridge.melody.status import NO_CAPTURE, CaptureStatus
from genmodels.errors import ConditionError
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch, stage


def test_the_first_start_sounds_soon_at_bar_one_on_the_acknowledged_sample(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        s.tempo(92.0)
        ack = s.start("4M")
        assert (ack.bar, ack.beat) == (1, 0.0)
        assert 0.0 < ack.seconds < 1.5
        samples.append(ack.sample)
        assert s.state() == "armed"
        await s.until(ack.sample + RATE // 2)
        assert s.state() == "playing"

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start = samples[0]
    assert not heard[:start].any()
    assert heard[start + 1] > 0
    assert pitch(heard[start : start + RATE // 4]) == 400


def test_a_prompt_change_sounds_at_the_acknowledged_sample_without_a_click(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 2)
        change = s.set("prompt", "800")
        assert change.seconds < 0.5
        samples.extend((start.sample, change.sample))
        await s.until(change.sample + RATE // 3)
        assert s.player.get("/bridge/deck/{deck}/prompt", 1) == ("800",)
        assert s.player.status().underruns == 0

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, change = samples
    assert pitch(heard[change - 4000 : change]) == 400
    assert pitch(heard[change : change + 4000]) == 800
    assert np.abs(np.diff(heard[start:])).max() < 1.15 * 0.5 * 2 * np.pi * 800 / RATE


def test_a_change_on_the_bar_waits_for_the_bar_and_a_change_now_does_not_disturb_it(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + 1000)
        bar = s.set("prompt", "800", when="1M")
        assert bar.beat == 4.0
        s.set("temperature", 0.5)
        samples.extend((start.sample, bar.sample))
        await s.until(bar.sample + RATE // 4)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    start, bar = samples
    assert bar - start == RATE
    assert pitch(heard[bar - 6000 : bar - 500]) == 400
    assert pitch(heard[bar + 500 : bar + 6000]) == 800


def test_stop_now_is_silent_at_once_and_the_next_start_begins_at_bar_one_again(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 2)
        stop = s.stop()
        await s.until(stop.sample + RATE // 5)
        assert s.state() == "stopped"
        again = s.start()
        assert (again.bar, again.beat) == (1, 0.0)
        await s.until(again.sample + RATE // 4)
        samples.extend((stop.sample, again.sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    stop, again = samples
    assert np.abs(heard[stop - 500 : stop]).max() > 0.4
    assert not heard[stop + RATE // 100 : again].any()
    assert np.abs(heard[again : again + 5000]).max() > 0.4


def test_play_starts_and_stops_a_deck_and_leaves_one_alone_that_plays(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.play(True)
        await s.until(start.sample + RATE // 4)
        assert s.play(True).seconds == 0.0
        await s.until(start.sample + 3 * RATE // 2)
        assert s.player.status().decks[0].bar == 2
        stop = s.play(False)
        assert (stop.sample - start.sample) % RATE == 0
        again = s.play(True)
        assert again.sample == stop.sample
        await s.until(again.sample + RATE // 4)
        assert s.player.status().decks[0].bar == 1
        ended.append(s.play(False).sample)
        await s.until(ended[0] + RATE // 4)
        assert s.state() == "stopped"

    ended: list[int] = []
    heard = perform(scene, tmp_path)
    assert np.abs(heard[ended[0] - 500 : ended[0]]).max() > 0.4
    assert not heard[ended[0] + RATE // 100 :].any()


def test_a_stereo_model_is_heard_in_stereo(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 2)
        samples.append(start.sample)
        results: list[Result] = []
        s.render(results.append, "500", 1, 240.0, "both")
        while not results:
            await asyncio.sleep(0.02)

    samples: list[int] = []
    perform(scene, tmp_path, model="fake:stereo")
    both = soundfile.read(tmp_path / "played.wav")[0][samples[0] + 2000 : samples[0] + 12000]
    assert np.abs(both[:, 0]).max() == pytest.approx(0.5, abs=0.01)
    assert np.allclose(both[:, 1], 0.5 * both[:, 0], atol=1e-5)
    clip = soundfile.read(tmp_path / "clips" / "both.wav")[0]
    assert np.allclose(clip[100:-100, 1], 0.5 * clip[100:-100, 0], atol=1e-5)


def test_two_decks_sound_together_and_gain_moves_one(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        s.set("prompt", "1000", deck=2)
        s.set("gain", -6.0, deck=2)
        first = s.start()
        second = s.start(deck=2)
        assert (second.sample - first.sample) % RATE == 0
        samples.append(second.sample)
        await s.until(second.sample + RATE // 4)
        s.set("gain", -60.0, deck=2)
        await s.until(second.sample + RATE)

    samples: list[int] = []
    heard = perform(scene, tmp_path, decks=2)
    at = samples[0]

    def level(first: int, hertz: int) -> float:
        block = heard[first : first + 4800]
        return float(np.abs(np.exp(-2j * np.pi * hertz * np.arange(4800) / RATE) @ block) / 2400)

    assert level(at + 1000, 400) == pytest.approx(0.5, abs=0.05)
    assert level(at + 1000, 1000) == pytest.approx(0.25, abs=0.05)
    assert level(at + 40000, 400) == pytest.approx(0.5, abs=0.02)
    assert level(at + 40000, 1000) < 1e-3


def test_what_cannot_be_done_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        with pytest.raises(ConditionError, match="Hx"):
            s.set("chords", "Am Hx")
        assert s.player.get("/bridge/deck/{deck}/chords", 1) == ("",)
        s.set("chroma/enable", False)
        with pytest.raises(ConditionError, match="Hx"):
            s.set("chords", "Am Hx")
        with pytest.raises(ScheduleError, match="bar 1"):
            s.start(bar=1)
        assert s.state() == "playing"

    perform(scene, tmp_path)


def test_a_model_or_a_device_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    async def absent_model() -> None:
        async with stage(tmp_path, model="fake:absent"):
            pass

    async def absent_device() -> None:
        async with stage(tmp_path, device="no such device"):
            pass

    with pytest.raises(ModelError, match="fake:absent"):
        asyncio.run(absent_model())
    with pytest.raises(DeviceError, match="no such device"):
        asyncio.run(absent_device())


def test_seeds_count_up_by_deck_until_they_are_set(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        path = "/bridge/deck/{deck}/seed"
        assert [s.player.get(path, deck) for deck in (1, 2)] == [(5,), (6,)]
        s.set("seed", 77, deck=2)
        assert s.player.get(path, 2) == (77,)

    perform(scene, tmp_path, decks=2, seed=5)


def test_stopping_leaves_no_thread_and_no_shared_memory(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start()
        await s.until(start.sample + 1000)
        began.append(time.monotonic())

    before = {thread.name for thread in threading.enumerate()}
    began: list[float] = []
    perform(scene, tmp_path)
    assert time.monotonic() - began[0] < 2.0
    left = {t.name for t in threading.enumerate() if not t.name.startswith("asyncio")} - before
    assert left == set()
    assert not list(Path("/dev/shm").glob(f"daw_bridge_{os.getpid()}_*"))


def test_the_state_tells_of_the_capture_of_a_melody_by_what_is_heard(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        assert s.player.status().capture == NO_CAPTURE
        s.player.show_capture(lambda status: CaptureStatus("recording", status.bar, status.beats_per_bar))
        assert s.player.status().capture == CaptureStatus("recording", 1, 4)

    perform(scene, tmp_path)
