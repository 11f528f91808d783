"""What tests of a player that follows a host share."""

from __future__ import annotations

import asyncio
import time

from daw_bridge.clock import BeatLine
from daw_bridge.decks.protocol import Result, When
from daw_bridge.decks.song_clock import SongClock
from tests.daw_bridge.decks.stage import Stage


def clock(s: Stage) -> SongClock:
    parts = s.player._parts
    assert parts is not None
    return parts.clock


def began(s: Stage) -> int:
    """The output sample at which deck 1 started."""
    parts = s.player._parts
    assert parts is not None
    sample = parts.decks[0].began(s.player._output.position())
    assert sample is not None
    return sample


async def follow(s: Stage, name: str = "midi:HOST") -> list[Result]:
    """Choose a clock as somebody who waits for the answer does."""
    results: list[Result] = []
    s.player.set("/bridge/clock", None, (name,), When(), results.append)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if results or s.player.get("/bridge/clock", None) == (name,):
            break
    await asyncio.sleep(0.03)
    return results


def running(beat: float = 0.0, bpm: float = 120.0) -> BeatLine:
    """A song that is at a beat now."""
    return BeatLine(time.monotonic(), beat, bpm)


def off_s(s: Stage, line: BeatLine) -> float:
    """Seconds by which what is heard now is off the line's nearest beat."""
    now, heard = time.monotonic(), s.player._output.position()
    off = clock(s).map.beat_at(heard) - line.beat_at(now)
    return (off - round(off)) * 60.0 / line.bpm


async def until_followed(s: Stage, line: BeatLine, seconds: float = 20.0) -> None:
    """Until the map lies within 3 ms of a line, for a while."""
    deadline, good = time.monotonic() + seconds, 0
    while good < 10:
        off = off_s(s, line)
        good = good + 1 if abs(off) < 0.003 else 0
        if time.monotonic() > deadline:
            raise AssertionError(f"{1000 * off:.1f} ms off")
        await asyncio.sleep(0.01)
