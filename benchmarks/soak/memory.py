"""Memory of a daemon over time, and whether it grows: the worker's over the life of one worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.results import Figure
from benchmarks.soak.slope import slope
from tests.rig.osc import OscClient

RESTARTS, FRONT, WORKER = 6, 7, 8
"""Places in the answer of ``/bridge/metrics``."""


@dataclass
class Life:
    """A process's memory.

    Attributes:
        times: seconds. megabytes: at each of them.
    """

    times: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def note(self, at: float, megabytes: float) -> None:
        """What it has now; a process that is not there yet has 0."""
        if megabytes > 0.0:
            self.times.append(at)
            self.megabytes.append(megabytes)


class Memory:
    """Resident memory of the front and of its workers, one after another, as the daemon says it."""

    def __init__(self) -> None:
        self.front = Life()
        self.workers: dict[int, Life] = defaultdict(Life)

    def ask(self, client: OscClient, at: float) -> None:
        """Note what the daemon says at a time, in seconds.

        Raises:
            TimeoutError: it does not answer.
        """
        self.note(client.ask("/bridge/metrics").values, at)

    def note(self, metrics: Sequence[float | int | str | bool], at: float) -> None:
        """Take the values of ``/bridge/metrics``."""
        self.front.note(at, float(metrics[FRONT]))
        self.workers[int(metrics[RESTARTS])].note(at, float(metrics[WORKER]))

    @property
    def worker(self) -> Life:
        """The worker that was seen longest: another one's memory says nothing of its growth."""
        return max(self.workers.values(), key=lambda life: len(life.times), default=Life())

    def figures(self) -> list[Figure]:
        """What each came to, and whether it grows."""
        return [*_growth("front", self.front), *_growth("worker", self.worker)]


def _growth(name: str, life: Life) -> list[Figure]:
    """The line's slope against its own uncertainty."""
    end = life.megabytes[-1] if life.megabytes else 0.0
    found = slope([at - life.times[0] for at in life.times], life.megabytes)
    if found is None:
        return [Figure(f"{name}'s memory at the end", end, "MB", note="too short to tell whether it grows")]
    interval = f"{found.low:+.1f} to {found.high:+.1f} with 95 % confidence"
    note = f"{interval}, over the last {found.minutes:.0f} minutes"
    return [
        Figure(f"{name}'s memory at the end", end, "MB"),
        Figure(
            f"{name}'s memory grows", found.hourly, "MB an hour", at_most=max(1.0, found.error), note=note
        ),
    ]
