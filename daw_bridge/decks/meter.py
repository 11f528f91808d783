"""Measures the instrument while it plays: how soon changes are heard, and how long decks hold."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

KEPT = 200
FORGET_S = 20.0


class Sounding(Protocol):
    """What sounds a change; a `daw_bridge.decks.run.Run` is one."""

    @property
    def holding(self) -> bool:
        """Whether it repeats what has sounded, because what is new is late."""

    def ended(self, sample: int) -> bool:
        """Whether it is over at an output sample."""


@dataclass(frozen=True)
class _Expected:
    """A change that was asked for at a time of `time.monotonic`, from an output sample on."""

    run: Sounding
    asked: float
    sample: int


class Meter:
    """Takes the time of changes on their way to the output, and of holds. For the event loop's thread.

    A change counts as heard when the output plays its first sample; where that came late, and the deck held,
    when the deck has come back.

    Args:
        sample_rate: of the output, Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._expected: list[_Expected] = []
        self._delays: deque[float] = deque(maxlen=KEPT)
        self._held = 0
        self._looked: int | None = None

    @property
    def held_s(self) -> float:
        """Seconds in which decks have held."""
        return self._held / self._rate

    @property
    def last_s(self) -> float:
        """Seconds that the last change took to be heard; 0 before the first."""
        return self._delays[-1] if self._delays else 0.0

    @property
    def p95_s(self) -> float:
        """Seconds within which 95 of 100 changes were heard; 0 before the first."""
        ordered = sorted(self._delays)
        return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else 0.0

    def expect(self, run: Sounding, asked: float, sample: int) -> None:
        """A change asked for at ``asked`` (`time.monotonic`) is on its way to output sample ``sample``."""
        self._expected.append(_Expected(run, asked, sample))

    def pump(self, written: int, position: float, holding: int) -> None:
        """Look what has happened; to be called every few milliseconds.

        Args:
            written: the first output sample that has not been asked for.
            position: output sample being heard.
            holding: number of decks that hold.
        """
        if self._looked is not None:
            self._held += (written - self._looked) * holding
        before, self._looked = self._looked, written
        now = time.monotonic()
        waiting = []
        for change in self._expected:
            if change.run.ended(written) or now - change.asked > FORGET_S:
                continue
            if change.sample >= written or change.run.holding:
                waiting.append(change)
                continue
            late = before is not None and change.sample < before
            sounds = before if late and before is not None else change.sample
            self._delays.append(now + (sounds - position) / self._rate - change.asked)
        self._expected = waiting
