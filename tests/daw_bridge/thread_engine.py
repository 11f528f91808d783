"""An engine whose worker is a thread of the test: same messages, no process."""

from __future__ import annotations

import os
import queue
import secrets
import threading
import time

from daw_bridge.engine.base import ENDED, OnEvent
from daw_bridge.engine.protocol import Command, Ending, Event, Failed, Shutdown
from daw_bridge.engine.ring import PcmRing
from daw_bridge.engine.worker import Worker


class ThreadEngine:
    """`daw_bridge.engine.base.Engine`; `die` ends the worker as a crash would."""

    pid = None
    pids: tuple[int, ...] = ()

    def __init__(self, on_event: OnEvent, threads: int = 0) -> None:
        self._on_event = on_event
        self._rings: dict[str, PcmRing] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._dead = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._commands, self._dead), daemon=True)
        self._thread.start()

    def send(self, command: Command) -> None:
        self._commands.put(command)

    def create_ring(self, capacity: int, channels: int = 1) -> PcmRing:
        ring = PcmRing.create(capacity, f"{os.getpid()}_{secrets.token_hex(4)}", channels)
        self._rings[ring.info.name] = ring
        return ring

    def release_ring(self, ring: PcmRing) -> None:
        self._rings.pop(ring.info.name, None)
        ring.close()

    def die(self) -> None:
        self._dead.set()
        self._on_event(Failed(None, f"{ENDED} (test)"))

    def restart(self) -> None:
        self._end()
        self.start()

    def stop(self) -> None:
        self._end()
        for ring in list(self._rings.values()):
            self.release_ring(ring)

    def _end(self) -> None:
        self._dead.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self, commands: queue.SimpleQueue[Command], dead: threading.Event) -> None:
        def tell(event: Event) -> None:
            if dead.is_set():
                return
            if isinstance(event, Ending):
                dead.set()
                event = Failed(None, f"{ENDED} ({event.what})")
            self._on_event(event)

        worker = Worker(tell)
        while not dead.is_set():
            while not commands.empty():
                command = commands.get()
                if isinstance(command, Shutdown):
                    return
                worker.handle(command)
            worker.generate()
            if not worker.busy:
                time.sleep(0.001)
        worker.close()
