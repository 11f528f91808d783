"""Listeners: single addresses, sent to whoever listens to them when they change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from daw_bridge.control.client import Client
from daw_bridge.control.reading import read
from daw_bridge.decks.protocol import Player, Status
from daw_bridge.errors import BridgeError
from daw_bridge.parameters import Address, Values

LISTEN, UNLISTEN = "/listen", "/unlisten"
MAX_CLIENTS = 64
MAX_LISTENERS = 8192
SOON_S = 0.02
SWEEP_S = 0.05


class TooManyListenersError(BridgeError):
    """`MAX_CLIENTS` clients listen already, or to `MAX_LISTENERS` addresses in all."""


@dataclass
class _Watch:
    """An address that is listened to: what each client knows of it, and when it may be told next."""

    target: Address
    known: dict[Client, Values] = field(default_factory=dict)
    due: float = 0.0


class Listeners:
    """Tells each client the addresses that it listens to: at once, and whenever they change.

    Every `SWEEP_S` what is listened to is compared with what each client knows, so that a change is told
    wherever it came from; what is set through the dispatcher is told sooner. An address is told at most every
    `SOON_S`, one of the state at most every `SWEEP_S`; of many changes the last one is told. Who sets a value
    knows it, and is told only what differs. The address of a deck that is taken away is silent until there is
    such a deck again.

    To be called from the event loop's thread only.
    """

    def __init__(self, player: Player) -> None:
        self._player = player
        self._loop = asyncio.get_running_loop()
        self._watches: dict[str, _Watch] = {}
        self._counts: dict[Client, int] = {}
        self._dirty: set[str] = set()
        self._soon: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._told_at = -1.0

    def __len__(self) -> int:
        return sum(self._counts.values())

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._counts))

    def add(self, client: Client, target: Address) -> None:
        """Tell a client an address now and when it changes; a second call tells it again.

        Raises:
            TooManyListenersError: see there.
            UnknownAddressError: the deck has been taken away.
        """
        values = read(self._player, target)
        watch = self._watches.get(target.text) or _Watch(target)
        if client not in watch.known:
            self._check_room(client, target)
            self._counts[client] = self._counts.get(client, 0) + 1
        self._watches[target.text] = watch
        watch.known[client] = values
        client.send(target.text, *values)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SWEEP_S, self._sweep)

    def remove(self, client: Client, target: Address) -> None:
        """Tell a client no more of an address."""
        self._drop(client, target.text)

    def forget(self, client: Client) -> None:
        """Tell a client nothing more."""
        if client in self._counts:
            for text in list(self._watches):
                self._drop(client, text)

    def changed(self, address: str, values: Values, by: Client) -> None:
        """A value was set by a client, to be heard now or later."""
        watch = self._watches.get(address)
        if watch is None:
            return
        if by in watch.known:
            watch.known[by] = values
        self._dirty.add(address)
        if self._soon is None:
            self._soon = self._loop.call_at(self._told_at + SOON_S, self._tell_dirty)

    def close(self) -> None:
        """Tell nobody anything more."""
        for timer in (self._soon, self._sweeping):
            if timer is not None:
                timer.cancel()
        self._watches.clear()
        self._counts.clear()

    def _check_room(self, client: Client, target: Address) -> None:
        if client not in self._counts and len(self._counts) >= MAX_CLIENTS:
            raise TooManyListenersError(
                f"{target.text}{LISTEN}: {MAX_CLIENTS} clients listen already: no more are taken"
            )
        if len(self) >= MAX_LISTENERS:
            raise TooManyListenersError(
                f"{target.text}{LISTEN}: {MAX_LISTENERS} addresses are listened to: unlisten some"
            )

    def _drop(self, client: Client, text: str) -> None:
        watch = self._watches.get(text)
        if watch is None or watch.known.pop(client, None) is None:
            return
        self._counts[client] -= 1
        if not self._counts[client]:
            del self._counts[client]
        if not watch.known:
            del self._watches[text]

    def _tell_dirty(self) -> None:
        self._soon = None
        self._told_at = self._loop.time()
        dirty, self._dirty = self._dirty, set()
        self._tell(dirty)

    def _sweep(self) -> None:
        self._sweeping = None
        if not self._watches:
            return
        self._sweeping = self._loop.call_later(SWEEP_S, self._sweep)
        self._tell(list(self._watches))

    def _tell(self, addresses: Iterable[str]) -> None:
        now, decks = self._loop.time(), self._player.deck_count
        status: Status | None = None
        for text in addresses:
            watch = self._watches.get(text)
            if watch is None or now < watch.due or (watch.target.deck or 0) > decks:
                continue
            of_the_state = watch.target.parameter.kind == "readonly"
            if of_the_state and status is None:
                status = self._player.status()
            values = read(self._player, watch.target, status)
            behind = [client for client, known in watch.known.items() if known != values]
            for client in behind:
                # a client may turn out to have gone while another one is told
                if client in watch.known:
                    watch.known[client] = values
                    client.send(text, *values)
            if behind:
                watch.due = now + (SWEEP_S if of_the_state else SOON_S) * 0.99
