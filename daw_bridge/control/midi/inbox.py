"""Inbox: from rtmidi's threads to the event loop, without waiting on either side."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

MAX_WAITING = 20_000
SLICE = 512

Item = tuple[int, bytes, float]
"""Number of a port, bytes, and when they came (seconds of `time.monotonic`)."""


class Inbox:
    """Messages in order of arrival; handed over in slices, so that a flood never holds up the loop.

    Args:
        take: called on the loop with at most `SLICE` items.
        overflowed: called on the loop, once, when more than `MAX_WAITING` waited and some were lost.
    """

    def __init__(self, take: Callable[[list[Item]], None], overflowed: Callable[[], None]) -> None:
        self._take = take
        self._overflowed = overflowed
        self._loop = asyncio.get_running_loop()
        self._items: deque[Item] = deque()
        self._lock = threading.Lock()
        self._awake = False
        self._lost = False
        self._closed = False

    def put(self, port: int, data: bytes, at: float) -> None:
        """From any thread: keep a message and wake the loop."""
        with self._lock:
            if self._closed:
                return
            if len(self._items) >= MAX_WAITING:
                self._lost = True
                return
            self._items.append((port, data, at))
            if self._awake:
                return
            self._awake = True
        try:
            self._loop.call_soon_threadsafe(self._hand_over)
        except RuntimeError:
            # the loop has been closed under a port that still receives
            self._closed = True

    def close(self) -> None:
        """Hand over nothing more."""
        with self._lock:
            self._closed = True
            self._items.clear()

    def _hand_over(self) -> None:
        with self._lock:
            items = [self._items.popleft() for _ in range(min(SLICE, len(self._items)))]
            lost, self._lost = self._lost and not self._items, self._lost and bool(self._items)
            more = bool(self._items)
            self._awake = more
        if items and not self._closed:
            self._take(items)
        if lost:
            self._overflowed()
        if more:
            self._loop.call_soon(self._hand_over)
