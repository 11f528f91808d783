from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from daw_bridge.decks.meter import KEPT, Meter
from daw_bridge.decks.protocol import When
from daw_bridge.metrics import resident_mb
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.thread_engine import ThreadEngine


@dataclass
class Voice:
    holding: bool = False
    over: bool = False

    def ended(self, sample: int) -> bool:
        return self.over


def pumped(meter: Meter, *looks: tuple[int, bool], voice: Voice) -> float:
    """Look at an output without latency, at ``(written, holding)`` each; how long the last change took."""
    for written, holding in looks:
        voice.holding = holding
        meter.pump(written, float(written), int(holding))
    return meter.last_s


def test_a_change_counts_to_its_first_sample_and_the_latency_of_the_output_with_it() -> None:
    meter, voice = Meter(1000), Voice()
    asked = time.monotonic()
    meter.expect(voice, asked, 300)
    meter.pump(250, 190.0, 0)
    assert meter.last_s == 0.0
    meter.pump(310, 250.0, 0)
    assert meter.last_s == pytest.approx(0.050, abs=0.02)
    assert meter.p95_s == meter.last_s


def test_a_change_that_came_late_counts_to_the_end_of_the_hold() -> None:
    meter, voice = Meter(1000), Voice()
    meter.expect(voice, time.monotonic(), 300)
    took = pumped(meter, (290, False), (350, True), (600, True), (700, False), voice=voice)
    assert took == pytest.approx(-0.1, abs=0.02)
    assert meter.held_s == pytest.approx((600 - 290) / 1000)


def test_a_change_of_a_voice_that_has_ended_is_not_counted() -> None:
    meter, voice = Meter(1000), Voice(over=True)
    meter.expect(voice, time.monotonic(), 300)
    assert pumped(meter, (290, False), (700, False), voice=voice) == 0.0


def test_the_95th_percentile_is_of_the_last_changes() -> None:
    meter, voice = Meter(1000), Voice()
    for number in range(2 * KEPT):
        old = number < KEPT
        meter.expect(voice, time.monotonic() - (5.0 if old or number % 20 == 0 else 0.1), 10)
        meter.pump(5, 5.0, 0)
        meter.pump(15, 10.0, 0)
    assert meter.p95_s == pytest.approx(0.1, abs=0.02)


def test_the_daemon_takes_the_time_of_a_change_and_knows_its_memory(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start()
        await s.until(start.sample + RATE // 2)
        change = s.player.set("/bridge/deck/{deck}/prompt", 1, ("800",), When(asked=time.monotonic()))
        await s.until(change.sample + RATE // 3)
        metrics = s.player.status().metrics
        assert 20.0 < metrics.control_ms < 1000.0 * change.seconds + 100.0
        assert metrics.control_p95_ms == metrics.control_ms
        assert 100.0 < metrics.lookahead_ms < 2000.0
        assert metrics.front_mb == pytest.approx(resident_mb(os.getpid()), rel=0.3)
        assert metrics.held_s == 0.0
        assert metrics.restarts == 0
        assert isinstance(metrics.worker_mb, float), (
            "its type in a reply stays, also while there is no worker"
        )

    perform(scene, tmp_path)


def test_the_memory_of_a_worker_counts_the_process_that_waits_to_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ThreadEngine, "pids", (os.getpid(), os.getpid()))

    async def scene(s: Stage) -> None:
        await s.until(RATE // 4)
        metrics = s.player.status().metrics
        assert metrics.worker_mb == pytest.approx(2 * metrics.front_mb, rel=0.1)

    perform(scene, tmp_path)


def test_a_process_that_is_gone_takes_no_memory() -> None:
    assert resident_mb(None) == resident_mb(2**22 + 1) == 0.0
