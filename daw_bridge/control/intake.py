"""Intake: packets of any transport, taken apart and handed to the dispatcher at their time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import groupby

from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.packet import Message, decode
from daw_bridge.errors import MalformedPacketError, ScheduleError

MAX_AHEAD_S = 60.0
MAX_SCHEDULED = 1024


class Intake:
    """Takes packets in order.

    Of bundles with a time in the future, at most `MAX_AHEAD_S` ahead, values, starts and stops are planned so
    that they are heard at that time; the rest waits for it on the event loop. Late and immediate ones are
    taken at once. Anything that is not OSC is answered by one ``/bridge/error``, rationed.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self._loop = asyncio.get_running_loop()
        self._scheduled: set[asyncio.TimerHandle] = set()

    def take(self, client: Client, packet: bytes) -> None:
        """Take one packet of a client; never raises."""
        try:
            messages = decode(packet)
        except MalformedPacketError as error:
            self.dispatcher.refuse(client, "datagram", error)
            return
        for at, group in groupby(messages, key=lambda message: message.at):
            ahead = 0.0 if at is None else at - time.time()
            if ahead <= 0.0:
                self._submit(client, tuple(group))
            else:
                self._schedule(client, tuple(group), ahead)

    def close(self) -> None:
        """Drop what waits."""
        for timer in self._scheduled:
            timer.cancel()
        self._scheduled.clear()

    def _submit(self, client: Client, messages: Sequence[Message]) -> None:
        for message in messages:
            self.dispatcher.submit(client, message.address, message.args)

    def _schedule(self, client: Client, messages: tuple[Message, ...], ahead: float) -> None:
        if ahead > MAX_AHEAD_S or len(self._scheduled) >= MAX_SCHEDULED:
            others = len(self._scheduled)
            allowed = f"at most {MAX_AHEAD_S:g} s and {MAX_SCHEDULED} waiting bundles are taken"
            error = ScheduleError(f"a bundle {ahead:.1f} s ahead with {others} waiting: {allowed}")
            self.dispatcher.refuse(client, messages[0].address, error)
            return

        planned: list[Message] = []
        waiting: list[Message] = []
        for message in messages:
            plans = self.dispatcher.plans(message.address, message.args)
            (planned if plans else waiting).append(message)
        for message in planned:
            self.dispatcher.submit(client, message.address, message.args, message.at)
        if not waiting:
            return

        def due() -> None:
            self._scheduled.discard(timer)
            self._submit(client, waiting)

        timer = self._loop.call_later(ahead, due)
        self._scheduled.add(timer)
