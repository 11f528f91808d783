"""Backlog: accepted messages that wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from daw_bridge.control.client import Client
from daw_bridge.errors import ScheduleError

COALESCE_S = 0.005
SLICE = 256
MAX_WAITING = 8192


@dataclass(eq=False)
class Entry:
    """One message.

    Attributes:
        action: carries it out.
        replaces: names the value and the time that a later entry overrules; empty for no value.
        superseded: whether one has.
    """

    client: Client
    address: str
    action: Callable[[], None]
    replaces: str = ""
    superseded: bool = False


class Backlog:
    """Carries messages out in order, at most `SLICE` at a time, so that the event loop stays free.

    They wait at most `COALESCE_S` (not at all when it is quiet). Of several values for the same address and
    time, with nothing else between them, only the last is carried out.

    Args:
        refuse: answers a message whose action failed.
    """

    def __init__(self, refuse: Callable[[Client, str, Exception], None]) -> None:
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Entry] = deque()
        self._latest: dict[str, Entry] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = -1.0

    def add(self, entry: Entry) -> None:
        """Take a message.

        Raises:
            ScheduleError: `MAX_WAITING` are waiting.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise ScheduleError(f"{entry.address}: {MAX_WAITING} messages are waiting: send fewer")
        if entry.replaces:
            earlier = self._latest.get(entry.replaces)
            if earlier is not None:
                earlier.superseded = True
            self._latest[entry.replaces] = entry
        else:
            self._latest.clear()
        self._waiting.append(entry)
        if self._timer is None:
            self._timer = self._loop.call_at(self._flushed_at + COALESCE_S, self._flush)

    def close(self) -> None:
        """Drop what waits."""
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()
        self._latest.clear()

    def _flush(self) -> None:
        try:
            for _ in range(min(SLICE, len(self._waiting))):
                entry = self._waiting.popleft()
                if entry.superseded:
                    continue
                if self._latest.get(entry.replaces) is entry:
                    del self._latest[entry.replaces]
                self._carry_out(entry)
        finally:
            self._flushed_at = self._loop.time()
            self._timer = self._loop.call_later(0, self._flush) if self._waiting else None

    def _carry_out(self, entry: Entry) -> None:
        try:
            entry.action()
        except Exception as error:
            self._refuse(entry.client, entry.address, error)
