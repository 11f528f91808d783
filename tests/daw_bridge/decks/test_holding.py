"""What the whole front does when generation is late or fails: it holds, and comes back in time."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.audio.analysis import longest_silence
from daw_bridge.engine import local
from daw_bridge.engine.base import OnEvent
from daw_bridge.engine.local import LocalEngine
from daw_bridge.errors import EngineError
from tests.daw_bridge.decks.stage import RATE, Stage, perform, pitch
from tests.daw_bridge.thread_engine import ThreadEngine


def test_a_fault_inside_is_told_once_and_the_music_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(s: Stage) -> None:
        def broken() -> None:
            raise KeyError("broken")

        monkeypatch.setattr(s.player._output, "watch", broken)
        start = s.start()
        await s.until(start.sample + 2 * RATE)
        samples.append(start.sample)
        assert [n.text for n in s.notices if n.kind == "error"] == ["failed inside: KeyError: 'broken'"]

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert longest_silence(heard[samples[0] : samples[0] + 2 * RATE], RATE) < 0.001


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
    heard = perform(scene, tmp_path, make_engine=LocalEngine)
    level = [np.abs(heard[n : n + 480]).max() for n in range(samples[0] + 480, len(heard) - 24000, 480)]
    assert min(level) > 0.3


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
    heard = perform(scene, tmp_path, model="fake:ms=4")
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

    heard = perform(noted, tmp_path, model="fake:ms=26")
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
    heard = perform(scene, tmp_path, model="fake:ms=1", make_engine=make)
    start = samples[0]
    level = [np.abs(heard[n : n + 480]).max() for n in range(start + 480, len(heard) - 24000, 480)]
    assert min(level) > 0.3


def test_a_voice_that_keeps_failing_is_held_and_left_alone_in_the_end(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.start()
        for _ in range(600):
            if any("keeps failing" in n.text for n in s.notices):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(s.notices)

    perform(scene, tmp_path, model="fake:fail=40")
