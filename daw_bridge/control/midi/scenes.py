"""Scenes and presets while playing: values that are set together, on a line of a grid."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import partial

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.decks.protocol import Status, When
from daw_bridge.errors import BridgeError
from daw_bridge.parameters import Address, Values
from genmodels.errors import GenModelsError

Assignments = tuple[tuple[Address, Values], ...]


def seconds_until(quantum: Quantum, status: Status) -> float:
    """From what is heard now to the next line of a grid; 0 for no grid.

    Bars of a grid of n bars are 1, 1 + n, 1 + 2n ...; note values count from the bar's start.
    """
    if quantum.unit == "now":
        return 0.0
    beat = status.beat - 1.0
    if quantum.unit == "bar":
        position = (status.bar - 1) % int(quantum.size) * status.beats_per_bar + beat
        size = float(quantum.size) * status.beats_per_bar
    else:
        position, size = beat, float(quantum.size)
    lines = math.ceil(position / size - 1e-6)
    return (lines * size - position) * 60.0 / status.tempo if lines * size > position else 0.0


class SceneRunner:
    """Sets values together. What decks generate anew is planned by them on the line itself; gains, tempo and
    other values that hold at once are set so that they are heard there.

    Args:
        changed: called with each address and its values when they are set.
    """

    def __init__(
        self, dispatcher: Dispatcher, client: Client, changed: Callable[[str, Values], None]
    ) -> None:
        self._dispatcher = dispatcher
        self._client = client
        self._changed = changed
        self._timers: set[asyncio.TimerHandle] = set()

    def play(self, assignments: Assignments, quantum: Quantum) -> None:
        """Set the values on the next line of the grid. What is refused is told to the client; the rest is
        set."""
        player = self._dispatcher.player
        status = player.status()
        wait = seconds_until(quantum, status) - status.latency_s
        loop = asyncio.get_running_loop()
        for address, values in assignments:
            if address.deck is not None and address.deck > player.deck_count:
                self._dispatcher.refuse(self._client, address.text, f"decks are 1..{player.deck_count}")
            elif address.parameter.takes == "deck" or wait <= 0.0:
                self._set(address, values, When(quantum if address.parameter.takes == "deck" else NOW))
            else:
                self._timers = {timer for timer in self._timers if timer.when() > loop.time()}
                self._timers.add(loop.call_later(wait, partial(self._set, address, values, When())))

    def close(self) -> None:
        """Set nothing more."""
        for timer in self._timers:
            timer.cancel()

    def _set(self, address: Address, values: Values, when: When) -> None:
        try:
            self._dispatcher.player.set(address.parameter.path, address.deck, values, when)
        except (BridgeError, GenModelsError) as error:
            self._dispatcher.refuse(self._client, address.text, error)
            return
        self._dispatcher.subscriptions.changed(address.text, values, self._client)
        self._changed(address.text, values)
