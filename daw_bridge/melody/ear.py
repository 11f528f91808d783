"""Ear: the process that listens to a sound input, as the front knows it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from daw_bridge.melody.ear_process import Deaf, EarEvent, ear_main
from daw_bridge.side_process import ENDING_S, end, spawn

SILENT_S = 8.0
AGAIN_AFTER_S = 2.0

EarMain = Callable[[Connection, str, int], None]


class Ear:
    """Listens from `start` to `stop`, and starts its process anew when that dies or hangs.

    All methods are for the event loop's thread and return at once.

    Args:
        heard: called on the loop with each event; nothing comes after `stop`.
        main: what the process does; see `ear_main`.
    """

    def __init__(self, heard: Callable[[EarEvent], None], main: EarMain = ear_main) -> None:
        self._heard = heard
        self._main = main
        self._loop = asyncio.get_running_loop()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, device: str, channel: int) -> None:
        """Open an input, or begin to look for it; see `SoundInput`."""
        self._thread = threading.Thread(target=self._run, args=(device, channel), daemon=True, name="ear")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has a process, or is about to."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Close it, in the background."""
        self._ending.set()

    def join(self) -> None:
        """Wait until the process has ended; for about a second at most."""
        if self._thread is not None:
            self._thread.join(3 * ENDING_S)

    def _run(self, device: str, channel: int) -> None:
        while not self._ending.is_set():
            try:
                process, ours = spawn(self._main, (device, channel), "ear")
            except OSError as error:
                self._tell(Deaf(f"no process can be started to listen: {error}", lost=True))
                self._ending.wait(AGAIN_AFTER_S)
                continue
            self._listen(ours)
            end(process, ours)
            if not self._ending.is_set():
                self._tell(Deaf("the process that listens has ended: it is started again", lost=True))
                self._ending.wait(AGAIN_AFTER_S)

    def _listen(self, ours: Connection) -> None:
        """Until the process ends or says nothing any more, or nobody wants to hear."""
        with suppress(EOFError, OSError):
            quiet = 0.0
            while not self._ending.is_set() and quiet < SILENT_S:
                if ours.poll(0.1):
                    quiet = 0.0
                    self._tell(ours.recv())
                else:
                    quiet += 0.1

    def _tell(self, event: EarEvent) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._pass_on, event)

    def _pass_on(self, event: EarEvent) -> None:
        if not self._ending.is_set():
            self._heard(event)
