"""The whole front with a fake model in a thread, on the null clock, judged by what it recorded."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.decks.protocol import Result
from daw_bridge.engine import local
from daw_bridge.engine.base import OnEvent
from daw_bridge.engine.local import LocalEngine
from daw_bridge.errors import ClipError, DeviceError, EngineError, ModelError, ScheduleError
from genmodels.errors import ConditionError
from tests.daw_bridge.decks.stage import RATE, Stage, pitch, played, stage
from tests.daw_bridge.thread_engine import ThreadEngine


def run(scene: Callable[[Stage], Awaitable[None]], folder: Path, **options: object) -> np.ndarray:
    """Play a scene; what was recorded."""

    async def play() -> Path:
        async with stage(folder, **options) as on_stage:
            await scene(on_stage)
        return on_stage.recording

    return played(asyncio.run(play()))


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
    heard = run(scene, tmp_path)
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
    heard = run(scene, tmp_path)
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
    heard = run(scene, tmp_path)
    start, bar = samples
    assert bar - start == RATE
    assert pitch(heard[bar - 6000 : bar - 500]) == 400
    assert pitch(heard[bar + 500 : bar + 6000]) == 800


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
    heard = run(scene, tmp_path)
    start, faster = samples
    first_bar = round((faster - start) + (4 - (faster - start) / RATE * 2) * RATE / 4)
    end = np.flatnonzero(np.abs(heard) > 1e-3)[-1] - start
    assert abs(end - (first_bar + RATE)) < 2500
    assert pitch(heard[start + first_bar - 6000 : start + first_bar - 1500]) == 800
    assert pitch(heard[start + first_bar + 1500 : start + first_bar + 6000]) == 600


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
    heard = run(scene, tmp_path)
    stop, again = samples
    assert np.abs(heard[stop - 500 : stop]).max() > 0.4
    assert not heard[stop + RATE // 100 : again].any()
    assert np.abs(heard[again : again + 5000]).max() > 0.4


def test_a_meter_set_just_before_the_first_start_counts_from_bar_one(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await s.until(RATE // 10)
        s.set("meter", 3, deck=None)
        start = s.start()
        await s.until(start.sample + 1000)
        assert s.player.status().beats_per_bar == 3

    run(scene, tmp_path)


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
        assert s.player.status().underruns == 0

    run(scene, tmp_path, decks=2)


def test_a_fault_inside_is_told_once_and_the_music_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(s: Stage) -> None:
        def broken() -> None:
            raise KeyError("broken")

        monkeypatch.setattr(s.player._output, "watch", broken)
        start = s.start()
        await s.until(start.sample + 2 * RATE)
        assert s.state() == "playing"
        assert s.player.status().underruns == 0
        assert [n.text for n in s.notices if n.kind == "error"] == ["failed inside: KeyError: 'broken'"]

    run(scene, tmp_path)


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
    heard = run(scene, tmp_path, decks=3)
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
        planned = s.player._parts.decks[0].timeline.breakpoints(0, 99 * RATE)  # type: ignore[union-attr]
        assert planned[-1] == run.stop
        bar, _ = s.player._parts.clock.map.bar_beat(run.stop_beat)  # type: ignore[union-attr]
        assert bar == 5

    run(scene, tmp_path)


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

    run(scene, tmp_path, decks=2)


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
    run(scene, tmp_path, model="fake:stereo")
    both = soundfile.read(tmp_path / "played.wav")[0][samples[0] + 2000 : samples[0] + 12000]
    assert np.abs(both[:, 0]).max() == pytest.approx(0.5, abs=0.01)
    assert np.allclose(both[:, 1], 0.5 * both[:, 0], atol=1e-5)
    clip = soundfile.read(tmp_path / "clips" / "both.wav")[0]
    assert np.allclose(clip[100:-100, 1], 0.5 * clip[100:-100, 0], atol=1e-5)


def test_a_worker_that_hangs_is_replaced_and_the_music_never_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SILENCE_S", 1.0)

    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + 3 * RATE // 2)
        samples.append(start.sample)
        pid = s.player.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        while s.player.worker_pid == pid or s.player.status().engine != "ready":
            await asyncio.sleep(0.02)
        while s.state() != "playing":
            await asyncio.sleep(0.02)
        assert any("no answer for 1 s" in n.text for n in s.notices)

    samples: list[int] = []
    heard = run(scene, tmp_path, make_engine=LocalEngine)
    level = [np.abs(heard[n : n + 480]).max() for n in range(samples[0] + 480, len(heard) - 24000, 480)]
    assert min(level) > 0.3


def test_an_armed_start_can_be_taken_back(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.start()
        s.stop("1M")
        assert s.state() == "stopped"
        await asyncio.sleep(0.5)

    assert not run(scene, tmp_path).any()


def test_a_flood_of_changes_never_starves_the_sound(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 3)
        began = time.monotonic()
        count = 0
        while time.monotonic() - began < 1.5:
            for _ in range(20):
                count += 1
                s.set("prompt", str(400 + 50 * (count % 4)))
                s.set("temperature", 0.5 + count % 10 / 20)
            await asyncio.sleep(0.02)
        last = s.set("prompt", "900")
        await s.until(last.sample + RATE // 4)
        samples.extend((start.sample, last.sample))
        status = s.player.status()
        assert (status.underruns, status.decks[0].state) == (0, "playing")

    samples: list[int] = []
    heard = run(scene, tmp_path, model="fake:ms=4")
    start, last = samples
    level = [np.abs(heard[n : n + 480]).max() for n in range(start + 480, len(heard) - 9600, 480)]
    assert min(level) > 0.3
    assert pitch(heard[last + 2000 : last + 8000]) == 900


def test_a_model_slower_than_real_time_holds_in_time_and_says_so(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        samples.append(start.sample)
        await s.until(start.sample + 2 * RATE)
        assert s.player.status().underruns >= 1

    samples: list[int] = []

    async def noted(s: Stage) -> None:
        await scene(s)
        assert any(n.kind == "warning" and "holds" in n.text for n in s.notices)
        assert ("deck", "holding", 1) in [(n.kind, n.text, n.deck) for n in s.notices]

    heard = run(noted, tmp_path, model="fake:ms=26")
    start = samples[0]
    level = [np.abs(heard[n : n + 480]).max() for n in range(start + 9600, start + 2 * RATE - 4800, 480)]
    assert min(level) > 0.3


def test_a_lost_worker_is_replaced_and_the_music_goes_on_at_a_bar_from_the_last_tokens(
    tmp_path: Path,
) -> None:
    engines: list[ThreadEngine] = []

    def make(on_event: OnEvent, threads: int) -> ThreadEngine:
        engines.append(ThreadEngine(on_event, threads))
        return engines[-1]

    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        start = s.start()
        samples.append(start.sample)
        await s.until(start.sample + 2 * RATE)
        before = s.player._parts.decks[0]._runs[-1]  # type: ignore[union-attr]
        engines[0].die()
        await asyncio.sleep(0.05)
        if s.player.status().engine == "restarting":
            with pytest.raises(EngineError, match="restarted"):
                s.start()
        while s.player.status().engine != "ready":
            await asyncio.sleep(0.02)
        deck = s.player._parts.decks[0]  # type: ignore[union-attr]
        while deck._runs[-1] is before:
            await asyncio.sleep(0.02)
        after = deck._runs[-1]
        assert after.start > after.origin
        given = after.geometry.frames(after.start - after.origin)
        assert after.tokens.before(round(given), 10) is not None
        assert (after.start - start.sample) % RATE == 0
        await s.until(after.start + RATE // 2)
        assert len(deck._runs) == 1
        assert s.state() == "playing"
        assert any("restarting" in n.text for n in s.notices)

    samples: list[int] = []
    heard = run(scene, tmp_path, model="fake:ms=1", make_engine=make)
    start = samples[0]
    level = [np.abs(heard[n : n + 480]).max() for n in range(start + 480, len(heard) - 24000, 480)]
    assert min(level) > 0.3


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
    heard = run(scene, tmp_path, decks=2)
    at = samples[0]

    def level(first: int, hertz: int) -> float:
        block = heard[first : first + 4800]
        return float(np.abs(np.exp(-2j * np.pi * hertz * np.arange(4800) / RATE) @ block) / 2400)

    assert level(at + 1000, 400) == pytest.approx(0.5, abs=0.05)
    assert level(at + 1000, 1000) == pytest.approx(0.25, abs=0.05)
    assert level(at + 40000, 400) == pytest.approx(0.5, abs=0.02)
    assert level(at + 40000, 1000) < 1e-3


def test_clips_are_rendered_beside_the_music_and_never_overwrite(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        results: list[Result] = []
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample)
        s.render(results.append, "500", 2, 120.0, "loop")
        s.render(results.append, "500", 1, 120.0, "loop")
        while len(results) < 2:
            await asyncio.sleep(0.02)
        assert [r.error for r in results] == ["", ""]
        assert [Path(str(r.values[0])).name for r in results] == ["loop.wav", "loop-2.wav"]
        assert [r.values[1] for r in results] == [4.0, 2.0]
        assert s.player.status().underruns == 0
        with pytest.raises(ClipError, match="path"):
            s.render(results.append, "500", 1, 120.0, "../loop")

    run(scene, tmp_path, model="fake:ms=2")
    clip = tmp_path / "clips" / "loop.wav"
    assert soundfile.info(clip).frames == 4 * 32000
    facts = json.loads(clip.with_suffix(".json").read_text())
    assert (facts["bars"], facts["tempo"], facts["prompts"]) == (2, 120.0, [["500", 1.0]])
    assert not list((tmp_path / "clips").glob(".*"))


def test_a_clip_without_a_name_is_called_after_its_prompt_whatever_that_holds(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        results: list[Result] = []
        s.render(results.append, "../500 / 600", 1, 240.0, "")
        while not results:
            await asyncio.sleep(0.02)
        assert Path(str(results[0].values[0])) == tmp_path / "clips" / "500 600 240bpm.wav"

    run(scene, tmp_path)


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

    run(scene, tmp_path)


def test_a_voice_that_keeps_failing_is_held_and_left_alone_in_the_end(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.start()
        for _ in range(600):
            if any("keeps failing" in n.text for n in s.notices):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(s.notices)

    run(scene, tmp_path, model="fake:fail=40")


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

    run(scene, tmp_path, decks=2, seed=5)


def test_stopping_leaves_no_thread_and_no_shared_memory(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start()
        await s.until(start.sample + 1000)
        began.append(time.monotonic())

    before = {thread.name for thread in threading.enumerate()}
    began: list[float] = []
    run(scene, tmp_path)
    assert time.monotonic() - began[0] < 2.0
    left = {t.name for t in threading.enumerate() if not t.name.startswith("asyncio")} - before
    assert left == set()
    assert not list(Path("/dev/shm").glob(f"daw_bridge_{os.getpid()}_*"))
