"""What waits for a slow thread: bounded, and free for the one that adds to it."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Backlog(Generic[Item]):
    """A queue without locks between threads that must not wait and one that may.

    `put` never blocks and wakes nobody: the taker looks for itself, a few times a second. So a thread of the
    audio pays no more than an append.

    Args:
        limit: sizes that may wait in all.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._items: deque[tuple[Item, int]] = deque()
        self._put = 0
        self._taken = 0

    def put(self, item: Item, size: int = 1) -> bool:
        """Add an item; False, and nothing is added, where it is too much.

        Two threads that put at the same moment may miscount by an item, which a limit can bear.
        """
        if self.waiting + size > self.limit:
            return False
        self._put += size
        self._items.append((item, size))
        return True

    @property
    def waiting(self) -> int:
        """Sizes that wait in all."""
        return self._put - self._taken

    def take(self) -> list[Item]:
        """All that waits, in order; for one thread alone."""
        taken = []
        while self._items:
            item, size = self._items.popleft()
            self._taken += size
            taken.append(item)
        return taken
