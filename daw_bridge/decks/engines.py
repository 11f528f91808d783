"""The engines of an instrument: the one that plays, and while models change hands those beside it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from daw_bridge.decks.engine_host import EngineHost, Memory, Owner, Tap
from daw_bridge.decks.protocol import EngineState
from daw_bridge.engine.base import MakeEngine
from daw_bridge.engine.protocol import Command, Load, Loaded, Produced
from daw_bridge.engine.ring import PcmRing
from daw_bridge.takes.status import Place
from genmodels.conditioning.attributes import Conditions


class Supervisor(Owner, Protocol):
    """Whoever is told of failures of the engine that plays, and of those that have played."""

    def voice_orphaned(self, number: int, reason: str) -> None:
        """A voice of an engine that no longer plays is gone."""


class Engines:
    """Model workers behind one face: new voices go to the one that plays, each command to the worker that has
    the voice. Voices are numbered over all of them.

    All methods are for the event loop's thread, but `send` is for any.

    Args:
        load: what to load first. make_engine: builds what runs it.
        owner: told when something fails.
        tap: hears everything about decks' voices in the engine that plays.

    Attributes:
        current: the engine that plays.
    """

    def __init__(self, load: Load, make_engine: MakeEngine, owner: Supervisor, tap: Tap) -> None:
        self._make_engine = make_engine
        self._owner = owner
        self._numbers = itertools.count(1)
        self._hosts: dict[int, EngineHost] = {}
        self._beside: list[EngineHost] = []
        self._retired: list[EngineHost] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._past_restarts = 0
        self.current = EngineHost(load, make_engine, owner, tap, self._numbers)

    @property
    def state(self) -> EngineState:
        """Of the engine that plays."""
        return self.current.state

    @property
    def loaded(self) -> Loaded | None:
        """The model that plays."""
        return self.current.loaded

    @property
    def load(self) -> Load:
        """What the engine that plays was asked to load."""
        return self.current.load

    @property
    def realtime_factor(self) -> float:
        """Of the engine that plays."""
        return self.current.realtime_factor

    @property
    def pid(self) -> int | None:
        """Process number of the worker that plays."""
        return self.current.pid

    @property
    def restarts(self) -> int:
        """Workers that were replaced because they had failed."""
        return self._past_restarts + self.current.restarts

    @property
    def memory(self) -> Memory:
        """Of the front and of all workers."""
        hosts = (self.current, *self._beside, *self._retired)
        return Memory(
            self.current.memory.front_mb,
            sum(host.memory.worker_mb for host in hosts),
            sum(host.memory.gpu_mb for host in hosts),
        )

    async def start(self) -> Loaded:
        """Start the first worker and load its model.

        Raises:
            ModelError: it cannot be loaded.
        """
        return await self.current.start()

    async def stop(self) -> None:
        """End all workers; their shared memory is gone afterwards."""
        hosts = (self.current, *self._beside, *self._retired)
        await asyncio.gather(*(host.stop() for host in hosts), *self._ending)

    def beside(self, load: Load, owner: Owner, tap: Tap) -> EngineHost:
        """Another engine, not started yet, which stays unsupervised: when it fails its owner is told, and
        that is all."""
        host = EngineHost(load, self._make_engine, owner, tap, self._numbers)
        host.supervised = False
        self._beside.append(host)
        return host

    def take(self, host: EngineHost) -> None:
        """Let an engine play from now on; the one before ends with its last voice."""
        self._beside.remove(host)
        old, self.current = self.current, host
        self._past_restarts += old.restarts
        old.retire(_Orphans(old, self._owner))
        self._retired.append(old)
        host.owner, host.supervised = self._owner, True
        host.load = replace(host.load, gently=False)

    def drop(self, host: EngineHost) -> None:
        """End an engine that did not come to play, or plays no more."""
        if host in self._beside:
            self._beside.remove(host)
        task = asyncio.get_running_loop().create_task(host.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def take_measured(self) -> float | None:
        """A measurement of speed that has come since this was last asked."""
        return self.current.take_measured()

    def watch(self) -> None:
        """Look how much memory is taken, and end engines that have no voice left; cheap, to be called
        often."""
        for host in (self.current, *self._beside, *self._retired):
            host.watch()
        for host in [host for host in self._retired if host.idle]:
            self._retired.remove(host)
            self.drop(host)

    def send(self, command: Command) -> None:
        """Send a command about a voice to its worker, any other to the one that plays; never blocks."""
        number = getattr(command, "deck", None)
        (self.current if number is None else self._hosts.get(number, self.current)).send(command)

    def open(
        self,
        conditions: Conditions,
        seed: int,
        attach: Callable[[int, PcmRing], Callable[[Produced], None]],
        prompt: NDArray[np.int16] | None = None,
        background: bool = False,
        place: Place | None = None,
        host: EngineHost | None = None,
    ) -> int:
        """Open a voice, see `EngineHost.open`; in ``host``, by default the engine that plays."""
        chosen = host or self.current

        def attached(number: int, ring: PcmRing) -> Callable[[Produced], None]:
            self._hosts[number] = chosen
            return attach(number, ring)

        return chosen.open(conditions, seed, attached, prompt, background, place)

    def promote(self, number: int, place: Place) -> None:
        """Make a background voice one of a deck's, see `EngineHost.promote`."""
        self._hosts.get(number, self.current).promote(number, place)

    def withdraw(self, number: int) -> None:
        """A deck gives its voice up before it is heard, see `EngineHost.withdraw`."""
        self._hosts.get(number, self.current).withdraw(number)

    def close(self, number: int, ring: PcmRing) -> None:
        """Close a voice and release its ring, from which nobody may read any more."""
        self._hosts.pop(number, self.current).close(number, ring)


class _Orphans:
    """The owner of an engine that has played: what fails in it concerns only the voices that end there."""

    def __init__(self, host: EngineHost, owner: Supervisor) -> None:
        self._host = host
        self._owner = owner

    def worker_lost(self, reason: str) -> None:
        for number in self._host.voices:
            self._owner.voice_orphaned(number, reason)

    def worker_back(self) -> None:
        """It is not started again."""

    def voice_failed(self, number: int, reason: str, out_of_memory: bool) -> None:
        self._owner.voice_orphaned(number, reason)

    def voice_refused(self, number: int, reason: str) -> None:
        """It plays on as before for the moments that are left to it."""
