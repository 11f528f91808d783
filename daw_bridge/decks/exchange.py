"""Exchange: what takes its time to open, put in the place of what is there without holding anything up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Protocol

from daw_bridge.decks.protocol import NoticeKind, OnResult, Result
from daw_bridge.decks.values import ParameterValues
from daw_bridge.errors import BridgeError, DeviceError

STOP_LIMIT_S = 0.5


class Openable(Protocol):
    """What is opened and closed."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def connected(self) -> bool:
        """Whether what it was opened for is there."""

    def start(self) -> None:
        """Open it. Raises `DeviceError`."""

    def stop(self) -> None:
        """Close it; may be called twice."""

    def watch(self) -> None:
        """Look after it, a few times a second; may take its time."""


class Exchange:
    """Opens, looks after and closes things in other threads. For the event loop's thread.

    Exchanges are done one at a time, in the order in which they were asked for.
    """

    def __init__(self, values: ParameterValues, notify: Callable[[NoticeKind, str], None]) -> None:
        self._values = values
        self._notify = notify
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._due: dict[str, list[str]] = {}

    def wanted(self, path: str) -> str:
        """What is or will be in the place of a parameter's value."""
        due = self._due.get(path)
        return due[-1] if due else str(self._values.get(path, None)[0])

    def under_way(self, path: str) -> bool:
        """Whether something is being opened for a parameter, or waits for that."""
        return bool(self._due.get(path))

    def begin(
        self,
        path: str,
        name: str,
        new: Openable | None,
        adopt: Callable[[], Openable | None],
        on_result: OnResult | None,
    ) -> None:
        """Open something; where that succeeds it becomes the parameter's value.

        Args:
            new: what is to be opened; None for nothing.
            adopt: called when it is open; returns what it replaces, which is then closed.
            on_result: told why it could not be opened. Where nobody waits for the answer it may be that what
                it is opened for is not there yet.
        """
        self._due.setdefault(path, []).append(name)
        self._spawn(self._exchange(path, name, new, adopt, on_result))

    def watch(self, *things: Openable | None) -> None:
        """Look after things, unless something is under way."""
        if not self._tasks:
            self._spawn(_watched([thing for thing in things if thing is not None]))

    async def close(self, *things: Openable | None) -> None:
        """Close things, when what is under way has ended."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_LIMIT_S)
        await asyncio.gather(*(_stopped(thing) for thing in things if thing is not None))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _exchange(
        self,
        path: str,
        name: str,
        new: Openable | None,
        adopt: Callable[[], Openable | None],
        on_result: OnResult | None,
    ) -> None:
        async with self._turn:
            try:
                if new is not None:
                    await asyncio.to_thread(_open, new, on_result is not None)
            except BridgeError as error:
                was = self._values.get(path, None)
                self._notify("error", f"{path} {name}: {error}; it stays {was[0]}")
                if on_result is not None:
                    on_result(Result(error=str(error)))
                return
            finally:
                # turns are taken in the order of asking
                self._due[path].pop(0)
            old = adopt()
            self._values.put(path, None, (name,))
            if new is None or new.connected:
                self._notify("info", f"{path}: {new.name if new else name}")
            else:
                self._notify("warning", f"{path}: {new.name} is not there yet, and looked for")
            if old is not None:
                await _stopped(old)


def _open(new: Openable, needed: bool) -> None:
    new.start()
    if needed and not new.connected:
        new.stop()
        raise DeviceError(f"there is no port for {new.name}: see the names that your system gives its ports")


async def _watched(things: list[Openable]) -> None:
    for thing in things:
        with suppress(BridgeError):
            await asyncio.to_thread(thing.watch)


async def _stopped(thing: Openable) -> None:
    """Close something; what hangs is left to its thread."""
    with suppress(BridgeError, TimeoutError, asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.to_thread(thing.stop), STOP_LIMIT_S)
