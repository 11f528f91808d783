"""What a deck is said to hear is what its model is told, when that sounds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.daw_bridge.decks.stage import Stage, stage

SILENT = (0.0,) * 12


def run(tmp_path: Path, scene: object) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on_stage:
            await scene(on_stage)  # type: ignore[operator]

    asyncio.run(play())


def heard(on: Stage) -> tuple[float, ...]:
    return on.player.status().decks[0].heard


def names(on: Stage) -> set[int]:
    return {pitch for pitch, strength in enumerate(heard(on)) if strength > 0}


def test_chords_are_heard_bar_by_bar_and_nothing_while_the_deck_is_silent(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        on.tempo(240.0)
        on.set("chords", "Am F")
        assert heard(on) == SILENT
        ack = on.start("now")
        await on.until(ack.sample + 24000)
        assert names(on) == {9, 0, 4}
        await on.until(ack.sample + 72000)
        assert names(on) == {5, 9, 0}
        on.set("chroma/enable", False)
        await asyncio.sleep(0.6)
        assert heard(on) == SILENT
        on.stop()
        await asyncio.sleep(0.3)
        assert heard(on) == SILENT

    run(tmp_path, scene)


def test_what_is_played_is_heard_when_it_sounds_not_when_it_was_set(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        start = on.start("now")
        await on.until(start.sample + 24000)
        ack = on.set("melody", *(1.0 if pitch == 2 else 0.0 for pitch in range(12)))
        seen = []
        while (status := on.player.status()).sample < ack.sample + 24000:
            seen.append((status.sample, status.decks[0].heard[2]))
            await asyncio.sleep(0.005)
        first = next(sample for sample, strength in seen if strength)
        assert all(strength == 0.0 for sample, strength in seen if sample < ack.sample - 4800)
        assert abs(first - ack.sample) < 7200

    run(tmp_path, scene)
