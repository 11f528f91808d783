"""What is said about the voices of a model that does not play yet, kept back until its take begins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from daw_bridge.decks.engine_host import Tap
from daw_bridge.engine.protocol import Command, Produced
from daw_bridge.takes.status import Place
from genmodels.conditioning.attributes import Conditions


class HeldTap:
    """A `Tap` before another one: it keeps everything in order until `release`, and passes on from then."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._lock = threading.Lock()
        self._held: list[Callable[[], None]] | None = []

    def release(self) -> None:
        """Pass on what has been kept, and all that comes."""
        with self._lock:
            held, self._held = self._held, None
            for call in held or ():
                call()

    def opened(
        self, number: int, place: Place, seed: int, conditions: Conditions, prompt: NDArray[np.int16] | None
    ) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.opened, number, place, seed, conditions, prompt))

    def prepared(
        self, number: int, place: Place, seed: int, conditions: Conditions, prompt: NDArray[np.int16] | None
    ) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.prepared, number, place, seed, conditions, prompt))

    def promoted(self, number: int, place: Place) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.promoted, number, place))

    def withdrawn(self, number: int) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.withdrawn, number))

    def sent(self, command: Command) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.sent, command))

    def produced(self, event: Produced) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.produced, event))

    def closed(self, number: int) -> None:
        """See `Tap`."""
        self._tell(partial(self._tap.closed, number))

    def _tell(self, call: Callable[[], None]) -> None:
        with self._lock:
            if self._held is not None:
                self._held.append(call)
                return
        call()
