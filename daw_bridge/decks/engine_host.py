"""The engine as decks know it: loaded, restarted when it dies, its events delivered to runs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from daw_bridge.decks.protocol import EngineState
from daw_bridge.decks.rings import RING_SECONDS
from daw_bridge.engine.base import MakeEngine
from daw_bridge.engine.protocol import (
    CloseDeck,
    Command,
    Event,
    Failed,
    Load,
    Loaded,
    OpenDeck,
    Produced,
    Promote,
    Refused,
    Stats,
)
from daw_bridge.engine.ring import PcmRing
from daw_bridge.errors import ModelError
from daw_bridge.metrics import MEGABYTE, resident_mb
from daw_bridge.takes.status import Place
from genmodels.conditioning.attributes import Conditions

MAX_RESTARTS = 3
LASTING_S = 10.0
MEMORY_EVERY_S = 1.0


class Owner(Protocol):
    """Whoever is told of failures."""

    def worker_lost(self, reason: str) -> None:
        """The worker died, and all its voices with it."""

    def worker_back(self) -> None:
        """A new worker has its model."""

    def voice_failed(self, number: int, reason: str, out_of_memory: bool) -> None:
        """One voice failed by itself and is gone."""

    def voice_refused(self, number: int, reason: str) -> None:
        """One voice was told conditions that the model does not take; it goes on under the earlier ones."""


class Tap(Protocol):
    """Who hears what is said between decks and worker; a `daw_bridge.takes.voices.TakeVoices` is one."""

    def opened(
        self, number: int, place: Place, seed: int, conditions: Conditions, prompt: NDArray[np.int16] | None
    ) -> None:
        """A deck's voice is about to be opened."""

    def prepared(
        self, number: int, place: Place, seed: int, conditions: Conditions, prompt: NDArray[np.int16] | None
    ) -> None:
        """A voice that may become a deck's is about to be opened."""

    def promoted(self, number: int, place: Place) -> None:
        """It has become the deck's."""

    def withdrawn(self, number: int) -> None:
        """A deck has given its voice up before it was heard."""

    def sent(self, command: Command) -> None:
        """A command is about to be sent."""

    def produced(self, event: Produced) -> None:
        """Tokens have come; in the engine's reader thread."""

    def closed(self, number: int) -> None:
        """A voice was closed."""


@dataclass
class Memory:
    """Megabytes that the front takes, and the worker with what waits to take its place; the worker's last own
    figure for its GPU."""

    front_mb: float = 0.0
    worker_mb: float = 0.0
    gpu_mb: float = 0.0


class EngineHost:
    """One model worker.

    All methods are for the event loop's thread, where the callbacks come too; only the `Produced` sinks
    given to `open` are called in the engine's reader thread.

    Args:
        load: what to load, again after each restart.
        make_engine: builds what runs it.
        owner: told when something fails.
        tap: hears everything about decks' voices.
        numbers: gives voices their numbers.

    Attributes:
        load: what it loads. owner: as given; it changes where engines change hands.
        supervised: whether a worker that fails is replaced.
        restarts: workers that were replaced so far. memory: of front and worker, as of the last second.
    """

    def __init__(
        self,
        load: Load,
        make_engine: MakeEngine,
        owner: Owner,
        tap: Tap,
        numbers: Iterator[int],
    ) -> None:
        self.state: EngineState = "loading"
        self.realtime_factor = 0.0
        self.loaded: Loaded | None = None
        self.restarts = 0
        self.memory = Memory()
        self._memory_due = 0.0
        self._measured: float | None = None
        self.load = load
        self.owner = owner
        self.supervised = True
        self._tap = tap
        self._engine = make_engine(self._event, load.threads)
        self._sinks: dict[int, Callable[[Produced], None]] = {}
        self._numbers = numbers
        self._loop = asyncio.get_running_loop()
        self._loading: asyncio.Future[Loaded] | None = None
        self._short_lives = 0
        self._ready_since: float | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The worker's process number."""
        return self._engine.pid

    async def start(self) -> Loaded:
        """Start the worker and load the model.

        Raises:
            ModelError: it cannot be loaded.
        """
        await asyncio.to_thread(self._engine.start)
        return await self._load_model()

    async def stop(self) -> None:
        """End the worker; its shared memory is gone afterwards."""
        if self._stopped:
            return
        self._stopped = True
        if self._restarting is not None:
            self._restarting.cancel()
        await asyncio.to_thread(self._engine.stop)

    @property
    def voices(self) -> tuple[int, ...]:
        """Numbers of the voices that are open."""
        return tuple(self._sinks)

    @property
    def idle(self) -> bool:
        """Whether no voice is open."""
        return not self._sinks

    def retire(self, owner: Owner) -> None:
        """It plays no more: what is left of its voices is of concern to ``owner`` alone, and a worker that
        fails stays away."""
        self.owner, self.supervised = owner, False
        if self._restarting is not None:
            self._restarting.cancel()

    def take_measured(self) -> float | None:
        """A measurement of speed that has come since this was last asked."""
        measured, self._measured = self._measured, None
        return measured

    def watch(self) -> None:
        """Look how much memory is taken; cheap, to be called often."""
        now = time.monotonic()
        if now >= self._memory_due:
            self._memory_due = now + MEMORY_EVERY_S
            self.memory.front_mb = resident_mb(os.getpid())
            self.memory.worker_mb = sum(map(resident_mb, self._engine.pids), 0.0)

    def send(self, command: Command) -> None:
        """Send a command; never blocks."""
        self._tap.sent(command)
        self._engine.send(command)

    def open(
        self,
        conditions: Conditions,
        seed: int,
        attach: Callable[[int, PcmRing], Callable[[Produced], None]],
        prompt: NDArray[np.int16] | None = None,
        background: bool = False,
        place: Place | None = None,
    ) -> int:
        """Open a voice. ``attach`` gets its number and ring, and returns what takes its `Produced` events.

        Args:
            place: of a deck's voice; in the background of one that may become a deck's, see `promote`.
        """
        assert self.loaded is not None
        number = next(self._numbers)
        ring = self._engine.create_ring(RING_SECONDS * self.loaded.sample_rate, self.loaded.channels)
        self._sinks[number] = attach(number, ring)
        if place is not None:
            tell = self._tap.prepared if background else self._tap.opened
            tell(number, place, seed, conditions, prompt)
        self.send(OpenDeck(number, seed, conditions, ring.info, background, prompt))
        return number

    def promote(self, number: int, place: Place) -> None:
        """Make a background voice one of a deck's."""
        self._tap.promoted(number, place)
        self.send(Promote(number))

    def withdraw(self, number: int) -> None:
        """A deck gives its voice up before it is heard; the voice stays open."""
        self._tap.withdrawn(number)

    def close(self, number: int, ring: PcmRing) -> None:
        """Close a voice and release its ring, from which nobody may read any more."""
        self._sinks.pop(number, None)
        self.send(CloseDeck(number))
        self._tap.closed(number)
        self._engine.release_ring(ring)

    async def _load_model(self) -> Loaded:
        self._loading = self._loop.create_future()
        self.send(self.load)
        self.loaded = await self._loading
        self.realtime_factor = self.loaded.realtime_factor
        self.state = "ready"
        self._ready_since = time.monotonic()
        return self.loaded

    def _event(self, event: Event) -> None:
        """In the reader thread."""
        if isinstance(event, Produced):
            sink = self._sinks.get(event.deck)
            if sink is not None:
                self._tap.produced(event)
                sink(event)
        elif not self._stopped and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._handle, event)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Stats):
            self.realtime_factor = self._measured = event.realtime_factor
            self.memory.gpu_mb = event.gpu_bytes / MEGABYTE
        elif isinstance(event, Loaded):
            if self._loading is not None and not self._loading.done():
                self._loading.set_result(event)
        elif isinstance(event, Refused):
            self.owner.voice_refused(event.deck, event.what)
        elif isinstance(event, Failed) and event.deck is not None:
            if event.deck in self._sinks:
                self.owner.voice_failed(event.deck, event.what, event.out_of_memory)
        elif isinstance(event, Failed):
            if self._loading is not None and not self._loading.done():
                self._loading.set_exception(ModelError(event.what))
            elif not self._stopped:
                self._lost(event.what)

    def _lost(self, reason: str) -> None:
        if not self.supervised:
            self.state = "failed"
            self.owner.worker_lost(reason)
            return
        if self._ready_since is not None and time.monotonic() - self._ready_since >= LASTING_S:
            self._short_lives = 0
        self._ready_since = None
        if self._short_lives >= MAX_RESTARTS:
            self.state = "failed"
            self.owner.worker_lost(
                f"{reason}; restarted {MAX_RESTARTS} times, and none lasted {LASTING_S:g} s: "
                "not restarted again, decks hold"
            )
            return
        self._short_lives += 1
        self.restarts += 1
        self.state = "restarting"
        self.owner.worker_lost(f"{reason}; restarting it, decks hold")
        self._restarting = self._loop.create_task(self._restart())

    async def _restart(self) -> None:
        try:
            await asyncio.to_thread(self._engine.restart)
            await self._load_model()
        except (ModelError, OSError) as error:
            self._lost(str(error))
        else:
            self.owner.worker_back()
