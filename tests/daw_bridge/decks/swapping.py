"""What tests of a model that takes over need: asking for one, and where and how it was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.decks.protocol import Result, When
from tests.daw_bridge.decks.stage import RATE, Stage

BAR = RATE  # at 240 BPM
Scene = Callable[[Stage], Awaitable[None]]


def model(on: Stage, name: str, when: str | int = "1M") -> list[Result]:
    """Ask for a model that lies in the data folder; what comes of it."""
    results: list[Result] = []
    (on.recording.parent / "models" / name).mkdir(parents=True, exist_ok=True)
    asked = When(NOW, when) if isinstance(when, int) else When(Quantum.parse(when))
    on.player.command("/bridge/model", None, (name,), asked, results.append)
    return results


async def outcome(results: list[Result]) -> Result:
    for _ in range(1500):
        if results:
            return results[0]
        await asyncio.sleep(0.01)
    raise AssertionError("nothing came of it")


async def playing(on: Stage, prompt: str = "400") -> int:
    on.tempo(240.0)
    on.set("prompt", prompt)
    start = on.start().sample
    await on.until(start + RATE // 2)
    return start


def place(on: Stage, result: Result) -> int:
    """Output sample at which a model took over."""
    assert result.error == ""
    song = on.player._parts.clock.map  # type: ignore[union-attr]
    return song.sample_at(song.beat_of_bar(int(result.values[1])) + float(result.values[2]) - 1.0)


def quietest(heard: NDArray[np.float64], start: int, end: int = 0) -> float:
    """The lowest peak of 5 ms between a start and half a second before the end."""
    stop = end or len(heard) - RATE // 2
    return min(float(np.abs(heard[n : n + 240]).max()) for n in range(start + 480, stop, 240))
