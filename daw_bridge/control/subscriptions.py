"""Subscriptions: the state, sent again and again to whoever asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daw_bridge.control.client import Client
from daw_bridge.control.replies import deck_replies, status_replies
from daw_bridge.decks.protocol import Notice, Status
from daw_bridge.errors import BridgeError

MAX_SUBSCRIBERS = 64


class TooManySubscribersError(BridgeError):
    """`MAX_SUBSCRIBERS` clients are subscribed already."""


@dataclass
class _Subscription:
    interval: float
    due: float
    timer: asyncio.TimerHandle | None = None


class Subscriptions:
    """Sends the whole state to each subscriber at its own rate, and notices and changes as they come.

    Args:
        status: asks the instrument for its state.
    """

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status
        self._loop = asyncio.get_running_loop()
        self._of: dict[Client, _Subscription] = {}

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._of))

    def __contains__(self, client: Client) -> bool:
        return client in self._of

    def add(self, client: Client, rate: float) -> None:
        """Send the state now and then ``rate`` times a second; a second call changes the rate.

        Raises:
            TooManySubscribersError: there are `MAX_SUBSCRIBERS` others.
        """
        if client not in self._of and len(self._of) >= MAX_SUBSCRIBERS:
            raise TooManySubscribersError(
                f"{MAX_SUBSCRIBERS} clients are subscribed already: no more are taken"
            )
        self.remove(client)
        self._of[client] = _Subscription(1.0 / rate, self._loop.time())
        self._tick(client)

    def remove(self, client: Client) -> bool:
        """End a subscription; False when there was none."""
        subscription = self._of.pop(client, None)
        if subscription is None:
            return False
        if subscription.timer is not None:
            subscription.timer.cancel()
        return True

    def notice(self, notice: Notice) -> None:
        """Pass a notice on to every subscriber; a deck's change comes with its new state."""
        for client in list(self._of):
            client.send("/bridge/notice", notice.kind, notice.text, notice.deck or 0)
        if notice.kind == "deck" and notice.deck is not None and self._of:
            decks = self._status().decks
            if notice.deck <= len(decks):
                for address, args in deck_replies(decks[notice.deck - 1]):
                    for client in list(self._of):
                        client.send(address, *args)

    def changed(self, address: str, values: tuple[float | int | str, ...], by: Client) -> None:
        """Tell every subscriber but the one who did it that a value was set."""
        for client in list(self._of):
            if client != by:
                client.send(address, *values)

    def close(self) -> None:
        """End all subscriptions."""
        for client in list(self._of):
            self.remove(client)

    def _tick(self, client: Client) -> None:
        for address, args in status_replies(self._status()):
            client.send(address, *args)
        subscription = self._of.get(client)
        if subscription is not None:
            subscription.due = max(subscription.due + subscription.interval, self._loop.time())
            subscription.timer = self._loop.call_at(subscription.due, self._tick, client)
