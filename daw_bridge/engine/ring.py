"""PCM in shared memory, addressed by absolute sample number."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from multiprocessing import resource_tracker, shared_memory
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME_PREFIX = "daw_bridge_"
_ITEM = 4
# attaching hides the tracker for a moment, from creation in other threads too
_TRACKING = Lock()


@dataclass(frozen=True)
class RingInfo:
    """What another process needs to attach: the shared memory's name, its capacity in samples, and its
    channels."""

    name: str
    capacity: int
    channels: int = 1


class PcmRing:
    """Ring of float32 samples [channels]; absolute sample ``n`` lies in slot ``n % capacity``.

    There are no locks and no pointers: which samples are valid is told by messages. The creator unlinks the
    memory with `close`; who attached only detaches.
    """

    def __init__(self, memory: shared_memory.SharedMemory, capacity: int, channels: int, owner: bool) -> None:
        self._memory = memory
        self._owner = owner
        self._closed = False
        self.capacity = capacity
        self.channels = channels
        self._data: NDArray[np.float32] = np.ndarray((capacity, channels), np.float32, memory.buf)

    @classmethod
    def create(cls, capacity: int, name: str, channels: int = 1) -> PcmRing:
        """New silent ring of ``capacity`` samples; ``name`` is unique among the machine's rings.

        Raises:
            FileExistsError: a ring of that name exists.
        """
        size = capacity * channels * _ITEM
        with _TRACKING:
            memory = shared_memory.SharedMemory(name=NAME_PREFIX + name, create=True, size=size)
        return cls(memory, capacity, channels, owner=True)

    @classmethod
    def attach(cls, info: RingInfo) -> PcmRing:
        """The ring that another process created.

        Raises:
            FileNotFoundError: it is gone.
        """
        return cls(_attach_untracked(info.name), info.capacity, info.channels, owner=False)

    @property
    def info(self) -> RingInfo:
        """What the other process needs."""
        return RingInfo(self._memory.name, self.capacity, self.channels)

    def write(self, start: int, samples: NDArray[np.float32]) -> None:
        """Put ``samples`` [n, channels] (or [n] of one channel), n <= capacity, at absolute sample
        ``start``."""
        samples = samples.reshape(-1, self.channels)
        slot = start % self.capacity
        first = min(len(samples), self.capacity - slot)
        self._data[slot : slot + first] = samples[:first]
        self._data[: len(samples) - first] = samples[first:]

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        """Copy [count, channels] of samples ``start .. start + count - 1``, count <= capacity."""
        slot = start % self.capacity
        first = min(count, self.capacity - slot)
        out = np.empty((count, self.channels), np.float32)
        out[:first] = self._data[slot : slot + first]
        out[first:] = self._data[: count - first]
        return out

    def close(self) -> None:
        """Detach, and unlink if this end created the memory. Reading or writing afterwards is an error."""
        if self._closed:
            return
        self._closed = True
        self._data = np.empty((0, self.channels), np.float32)
        self._memory.close()
        if self._owner:
            self._memory.unlink()


def _attach_untracked(name: str) -> shared_memory.SharedMemory:
    """Attach without telling the resource tracker, which the creator's registration already covers."""
    if sys.version_info >= (3, 13):
        options: dict[str, Any] = {"track": False}
        return shared_memory.SharedMemory(name=name, **options)
    with _TRACKING:
        register = resource_tracker.register
        resource_tracker.register = _no_register
        try:
            return shared_memory.SharedMemory(name=name)
        finally:
            resource_tracker.register = register


def _no_register(name: object, rtype: str) -> None:
    return None
