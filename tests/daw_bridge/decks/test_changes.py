"""The pace of changes, without a model."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daw_bridge.decks import changes as module
from daw_bridge.decks.agenda import Agenda
from daw_bridge.decks.changes import RESERVE_MAX_S, RESERVE_STEP_S, Changes
from daw_bridge.decks.estimate import Estimate
from daw_bridge.decks.protocol import When
from daw_bridge.decks.timing import Timing


def make() -> tuple[Changes, Timing]:
    timing = Timing(1.5, Estimate(0.05, 0.02, 1.0), Estimate(0.05, 0.02, 1.0))
    deck: Any = SimpleNamespace(
        active=True, changed=True, earliest=lambda written: written, flush=lambda written: None,
        score=SimpleNamespace(check=lambda *args: None), set_now=lambda *args: None,
    )  # fmt: skip
    clock: Any = SimpleNamespace(
        resolve=lambda sample, *rest: sample,
        moment=lambda sample: sample,
        map=SimpleNamespace(sample_rate=48000),
    )
    return Changes(cast(Any, clock), [deck], timing, lambda: 0, Agenda()), timing


async def flush(changes: Changes, times: int) -> None:
    for _ in range(times):
        changes.flush_in_time()
        await asyncio.sleep(0.11)


def test_a_single_change_keeps_no_reserve_and_a_flood_a_bounded_one() -> None:
    async def play() -> None:
        changes, timing = make()
        await flush(changes, 1)
        assert timing.margin_s == timing.change.value
        await flush(changes, 2)
        assert timing.reserve_s == pytest.approx(2 * RESERVE_STEP_S)
        await flush(changes, 8)
        assert timing.reserve_s == pytest.approx(RESERVE_MAX_S)
        changes.close()

    asyncio.run(play())


def test_after_a_quiet_while_a_change_is_quick_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        monkeypatch.setattr(module, "BUSY_S", 0.2)
        changes, timing = make()
        await flush(changes, 3)
        assert timing.reserve_s > 0.0
        await asyncio.sleep(0.25)
        changes.set_value(cast(Any, changes._decks[0]), "temperature", (1.0,), When())
        assert timing.reserve_s == 0.0
        changes.close()

    asyncio.run(play())


def test_notes_played_one_after_another_on_a_fast_model_keep_no_reserve_and_on_a_slow_one_do() -> None:
    async def play(lookahead_s: float) -> float:
        changes, timing = make()
        timing.lookahead_s = lookahead_s
        for _ in range(3):
            changes.set_value(cast(Any, changes._decks[0]), "melody", (1.0,) * 12, When())
            await asyncio.sleep(0.3)
        changes.close()
        return timing.reserve_s

    assert asyncio.run(play(0.6)) == 0.0
    assert asyncio.run(play(4.0)) == pytest.approx(2 * RESERVE_STEP_S)
