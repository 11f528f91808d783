"""LinkPython-extern's module in the place of the real one: a session that a test changes."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace

import pytest

AHEAD_US = 5_000_000


def micros() -> int:
    """Link's clock, which is not ours."""
    return round(time.monotonic() * 1e6) + AHEAD_US


@dataclass
class State:
    """What a session is like: beat 0 at ``origin``."""

    bpm: float
    origin: int
    playing: bool = False
    playing_from: int = 0

    def tempo(self) -> float:
        return self.bpm

    def beatAtTime(self, at: int, quantum: float) -> float:
        return (at - self.origin) * 1e-6 * self.bpm / 60.0

    def isPlaying(self) -> bool:
        return self.playing

    def timeForIsPlaying(self) -> int:
        return self.playing_from


class Session:
    """Attributes:
    peers: other peers. state: what they share.
    """

    def __init__(self) -> None:
        self.peers = 1
        self.state = State(120.0, micros())
        self.synced = False

    def play(self, playing: bool, in_s: float = 0.0) -> None:
        """Another peer starts or stops the song, now or in a while."""
        at = micros() + round(1e6 * in_s)
        self.state = replace(self.state, playing=playing, playing_from=at)


def install(monkeypatch: pytest.MonkeyPatch) -> Session:
    """Put a session of another peer, of 120 BPM, in the place of Link for a test."""
    session, fake = Session(), ModuleType("link")

    class Link:
        enabled = False

        def __init__(self, bpm: float) -> None:
            pass

        def __setattr__(self, name: str, value: object) -> None:
            session.synced |= name == "startStopSyncEnabled" and bool(value)
            super().__setattr__(name, value)

        def numPeers(self) -> int:
            return session.peers

        def clock(self) -> SimpleNamespace:
            return SimpleNamespace(micros=micros)

        def captureSessionState(self) -> State:
            return replace(session.state)

    fake.Link = Link  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "link", fake)
    return session
