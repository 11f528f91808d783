"""The model worker as the front process sees it: a process, a pipe, and two threads so that nothing
blocks.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from daw_bridge.engine.base import ENDED, OnEvent
from daw_bridge.engine.protocol import Command, Failed, Shutdown
from daw_bridge.engine.ring import PcmRing
from daw_bridge.engine.worker import worker_environment, worker_main

GRACE_S = 0.4


class LocalEngine:
    """A worker process on this machine.

    ``on_event`` is called in a reader thread, for each event in order; it must be short and must not raise.
    After a `Failed` with ``deck=None`` that begins with `ENDED` nothing more comes and the engine can only
    be stopped.
    """

    def __init__(self, on_event: OnEvent, threads: int = 0) -> None:
        self._on_event = on_event
        self._threads = threads
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._outbox: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._rings: dict[str, PcmRing] = {}
        self._stopping = False
        self._ended = False
        self._replacing = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The worker's process number."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Spawn the worker; commands can be sent at once and wait in order until it listens."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        self._process = context.Process(target=worker_main, args=(theirs,), daemon=True, name="model-worker")
        with _environment(worker_environment(self._threads)):
            self._process.start()
        theirs.close()
        self._connection = ours
        self._workers = [
            threading.Thread(target=self._read, args=(ours,), daemon=True, name="engine-events"),
            threading.Thread(target=self._write, args=(ours,), daemon=True, name="engine-commands"),
        ]
        for thread in self._workers:
            thread.start()

    def send(self, command: Command) -> None:
        """Queue a command; never blocks, never raises. Lost without a word when the worker is gone."""
        self._outbox.put(command)

    def create_ring(self, capacity: int) -> PcmRing:
        """Shared memory for a deck, unlinked by `release_ring` or at the latest by `stop`."""
        ring = PcmRing.create(capacity, f"{os.getpid()}_{secrets.token_hex(4)}")
        self._rings[ring.info.name] = ring
        return ring

    def release_ring(self, ring: PcmRing) -> None:
        """Unlink a ring; the worker may still write into it until it has closed the deck."""
        self._rings.pop(ring.info.name, None)
        ring.close()

    def restart(self) -> None:
        """End the worker, if it still runs, and start a new one without a model; rings and decks' numbers
        stay the front's. Commands that the old worker did not take are lost. May block for `stop`'s
        time. Does nothing once `stop` was called, in whatever thread."""
        with self._replacing:
            if self._ended:
                return
            self._end_worker()
            self._outbox = queue.SimpleQueue()
            self._stopping = False
            if not self._ended:
                self.start()

    def stop(self) -> None:
        """End the worker within two seconds, by force where needed, and unlink all shared memory."""
        self._ended = True
        with self._replacing:
            self._end_worker()
        for ring in list(self._rings.values()):
            self.release_ring(ring)

    def _end_worker(self) -> None:
        self._stopping = True
        self._outbox.put(Shutdown())
        self._outbox.put(None)
        process = self._process
        if process is not None:
            for urge in (None, process.terminate, process.kill):
                if urge is not None:
                    urge()
                process.join(GRACE_S)
                if not process.is_alive():
                    break
        for thread in self._workers:
            if thread is not threading.current_thread():
                thread.join(GRACE_S)
        if self._connection is not None:
            self._connection.close()
        if process is not None and not process.is_alive():
            process.close()
        self._process = self._connection = None

    def _read(self, connection: Connection) -> None:
        while True:
            try:
                event = connection.recv()
            except (EOFError, OSError):
                break
            self._on_event(event)
        if not self._stopping:
            self._on_event(Failed(None, f"{ENDED} ({self._exit_reason()})"))

    def _write(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):
            while (command := self._outbox.get()) is not None:
                connection.send(command)

    def _exit_reason(self) -> str:
        process = self._process
        if process is None:
            return "stopped"
        deadline = time.monotonic() + GRACE_S
        while (code := process.exitcode) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return f"exit code {code}" if code is not None else "its pipe closed"


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables for the time of a spawn; the child inherits them, the front keeps its own."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
