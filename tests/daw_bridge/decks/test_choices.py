"""Look-ahead choices with the fake model, judged by what the player gave out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.decks.protocol import Ack, ChoicesStatus, When
from tests.daw_bridge.decks.stage import RATE, Stage, pitch, stage

DECK = "/bridge/deck/{deck}/"
Heard = NDArray[np.float64]


def ask(s: Stage, word: str, *args: int, when: str | int = "1M", deck: int = 1) -> Ack:
    asked = When(NOW, when) if isinstance(when, int) else When(Quantum.parse(when))
    return s.player.command(DECK + word, deck, args, asked)


def choices(s: Stage, deck: int = 1) -> ChoicesStatus:
    return s.player.status().decks[deck - 1].choices


async def ready(s: Stage, deck: int = 1) -> None:
    while choices(s, deck).state != "ready":
        await asyncio.sleep(0.01)


def heard_of(folder: Path, scene: Callable[[Stage], Awaitable[None]], **options: object) -> Heard:
    """All that a scene gave out, [samples, channels]."""

    async def play() -> Heard:
        async with stage(folder, **{"channels": 4, "model": "fake:bars", **options}) as s:  # type: ignore[arg-type]
            await scene(s)
            return s.heard().astype(np.float64)

    return asyncio.run(play())


async def playing(s: Stage, bpm: float = 240.0, beats: float = 2.0) -> Ack:
    """Deck 1 has played for some beats."""
    s.tempo(bpm)
    s.set("prompt", "400")
    start = s.start()
    await s.until(start.sample + round(beats * 60 / bpm * RATE))
    return start


def beats_of(heard: Heard, bar: int, channel: int, count: int = 4) -> list[float]:
    """Hz in the middle of the beats of a bar of a second that begins at output sample ``bar``."""
    beat = RATE // 4
    return [pitch(heard[bar + n * beat + 3000 : bar + (n + 1) * beat - 3000, channel]) for n in range(count)]


def in_time(base: float) -> list[float]:
    return [base + 1000 * n for n in range(4)]


def test_choices_are_heard_on_the_cue_alone_and_in_time_and_one_goes_on_as_cued(tmp_path: Path) -> None:
    at: list[int] = []

    async def scene(s: Stage) -> None:
        start = await playing(s)
        assert choices(s) == ChoicesStatus()
        ask(s, "choices", 3, 2)
        assert choices(s).state == "preparing"
        await ready(s)
        assert choices(s) == ChoicesStatus("ready", 3, 3, 2)
        ask(s, "cue", 2)
        assert choices(s).cued == 2
        loops = 1 + (s.player._output.written - start.sample) // (2 * RATE)
        line = start.sample + 2 * RATE * loops
        await s.until(line + 2 * RATE)
        ack = ask(s, "commit", 2)
        assert (ack.sample - start.sample) % RATE == 0
        assert 0.0 < ack.seconds <= 1.2
        assert (choices(s).committed, choices(s).bar) == (2, ack.bar)
        assert s.player.status().decks[0].following.name == "commit"  # type: ignore[union-attr]
        await s.until(ack.sample + 5 * RATE // 2)
        assert choices(s) == ChoicesStatus()
        at.extend((start.sample, line, ack.sample))

    heard = heard_of(tmp_path, scene)
    start, line, commit = at
    main, cue = heard[:, 0], heard[:, 2]
    assert np.array_equal(heard[:, 0], heard[:, 1])
    assert np.array_equal(heard[:, 2], heard[:, 3])
    assert beats_of(heard, line, 0) == in_time(400)
    assert beats_of(heard, line, 2) == in_time(500)
    assert beats_of(heard, commit - RATE, 0) == in_time(400)
    assert beats_of(heard, commit, 0) == in_time(500)
    # beyond what was prepared it goes on
    assert beats_of(heard, commit + 2 * RATE, 0, 1) == [500]
    sounding = slice(commit + 500, commit + 2 * RATE - 2000)
    assert np.array_equal(main[sounding], cue[line + 500 : line + 2 * RATE - 2000])
    assert not cue[: start + RATE // 2].any()
    assert not cue[commit + RATE // 4 :].any()
    levels = [np.abs(main[n : n + 480]).max() for n in range(start + 480, len(main) - 24000, 480)]
    assert min(levels) > 0.3
    # no step in the cue is larger than those of its sine
    steps = np.abs(np.diff(cue[line : line + 2 * RATE]))
    assert steps.max() < 1.2 * 0.5 * 2 * np.pi * 3500 / RATE
