"""What the front asks of an engine, wherever its worker runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from daw_bridge.engine.protocol import Command, Event
from daw_bridge.engine.ring import PcmRing

ENDED = "the model worker ended unexpectedly"
OnEvent = Callable[[Event], None]


class Engine(Protocol):
    """A model worker and the way to it. `LocalEngine` is one."""

    @property
    def pid(self) -> int | None:
        """Process number of the worker, if it has one here."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of all that it runs here: the worker, and what waits to take its place."""

    def start(self) -> None:
        """Start the worker; commands can be sent at once and wait in order until it listens."""

    def send(self, command: Command) -> None:
        """Queue a command; never blocks, never raises."""

    def create_ring(self, capacity: int, channels: int = 1) -> PcmRing:
        """Memory for ``capacity`` samples of a deck's PCM, freed by `release_ring` or at the latest by
        `stop`."""

    def release_ring(self, ring: PcmRing) -> None:
        """Free a ring; the worker may still write into it until it has closed the deck."""

    def restart(self) -> None:
        """Replace the worker by a new one without a model. May block for two seconds."""

    def stop(self) -> None:
        """End the worker within two seconds and free all memory."""


MakeEngine = Callable[[OnEvent, int], Engine]
"""Builds an engine from what takes its events (in any thread) and the number of threads, 0 for a choice."""
