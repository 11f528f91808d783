"""The model worker as the front process sees it: a process, a pipe, and two threads so that nothing
blocks.
"""

from __future__ import annotations

import contextlib
import logging
import math
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
from daw_bridge.engine.protocol import Command, Ending, Event, Failed, Load, Loaded, Ping, Pong, Shutdown
from daw_bridge.engine.ring import PcmRing
from daw_bridge.engine.worker import worker_environment, worker_main
from daw_bridge.metrics import resident_mb
from daw_bridge.priority import given_up

log = logging.getLogger(__name__)

GRACE_S = 0.4
PING_EVERY_S = 0.5
SILENCE_S = 5.0
SILENCE_FRAMES = 400
RELOAD_S = 60.0
RELOAD_SHARE = 5.0
SPARE_AFTER_S = 2.0
SPARE_MODEL_MB = 1500.0


class LocalEngine:
    """A worker process on this machine.

    ``on_event`` is called in a reader thread, for each event in order; it must be short. What it raises is
    logged.

    A worker that says nothing for `SILENCE_S`, or for the time of `SILENCE_FRAMES` frames where the model is
    slow, although it is asked twice a second, hangs: it is killed, and is then like one that died. The first
    load of a model may take any time (a download); a later one `RELOAD_SHARE` times as long, at least
    `RELOAD_S`.

    After a `Failed` with ``deck=None`` that begins with `ENDED` nothing more comes and the engine can only
    be restarted or stopped.

    While a model plays, a spare process waits, which `restart` takes: it has imported what takes longest, and
    has loaded the model where that is small and needs no GPU.
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
        self._load_limit_s = math.inf
        self._load: Load | None = None
        self._spare: tuple[SpawnProcess, Connection] | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process number."""
        return _number(self._process)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the worker and of the spare process, as far as they are there."""
        spare = self._spare
        numbers = self.pid, None if spare is None else _number(spare[0])
        return tuple(number for number in numbers if number is not None)

    def start(self) -> None:
        """Spawn the worker; commands can be sent at once and wait in order until it listens. Does nothing
        once `stop` was called."""
        with self._replacing:
            if not self._ended:
                self._start()

    def _start(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None and not spare[0].is_alive():
            _discard(spare)
            spare = None
        self._process, ours = spare or self._spawn()
        self._connection = ours
        self._workers = [
            threading.Thread(target=self._read, args=(ours,), daemon=True, name="engine-events"),
            threading.Thread(target=self._write, args=(ours,), daemon=True, name="engine-commands"),
        ]
        for thread in self._workers:
            thread.start()

    def send(self, command: Command) -> None:
        """Queue a command; never blocks, never raises. Lost without a word when the worker is gone."""
        if isinstance(command, Load):
            self._load = command
        self._outbox.put(command)

    def create_ring(self, capacity: int, channels: int = 1) -> PcmRing:
        """Shared memory for a deck, unlinked by `release_ring` or at the latest by `stop`."""
        ring = PcmRing.create(capacity, f"{os.getpid()}_{secrets.token_hex(4)}", channels)
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
                self._start()

    def stop(self) -> None:
        """End the worker within two seconds, by force where needed, and unlink all shared memory."""
        self._ended = True
        with self._replacing:
            self._end_worker()
            spare, self._spare = self._spare, None
            if spare is not None:
                _discard(spare)
        for ring in list(self._rings.values()):
            self.release_ring(ring)

    def _spawn(self, spare_for: Load | None = None, whole: bool = False) -> tuple[SpawnProcess, Connection]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        process = context.Process(
            target=worker_main, args=(theirs, spare_for, whole), daemon=True, name="model-worker"
        )
        with _environment(worker_environment(self._threads)), given_up():
            process.start()
        theirs.close()
        return process, ours

    def _provide_spare(self, device: str) -> None:
        time.sleep(SPARE_AFTER_S)
        with self._replacing:
            if not self._ended and not self._stopping and self._spare is None:
                small = resident_mb(self.pid) <= SPARE_MODEL_MB
                self._spare = self._spawn(self._load, device == "cpu" and small)

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
        watch = _Watch(self._load_limit_s)
        with contextlib.suppress(EOFError, OSError):
            while not watch.hung:
                self._take_next(connection, watch)
        if watch.hung:
            self._kill()
        if not self._stopping:
            hung = f"no answer for {watch.limit_s:.0f} s" if watch.hung else ""
            self._tell(Failed(None, f"{ENDED} ({hung or watch.last_word or self._exit_reason()})"))

    def _take_next(self, connection: Connection, watch: _Watch) -> None:
        """Pass the next event on, or ask for a sign of life when none comes for a while."""
        if not connection.poll(PING_EVERY_S):
            watch.heard_nothing()
            if watch.limit_s < math.inf:
                self.send(Ping())
            return
        event = connection.recv()
        watch.heard(event)
        if isinstance(event, Loaded):
            self._load_limit_s = watch.reload_limit_s
            provide = threading.Thread(target=self._provide_spare, args=(event.device,), daemon=True)
            provide.start()
        if not isinstance(event, Pong | Ending):
            self._tell(event)

    def _tell(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("taking %s from the model worker", type(event).__name__)

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(ValueError, OSError):
                process.kill()

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


class _Watch:
    """How long a worker has said nothing, and how long it may.

    Args:
        limit_s: seconds that the model may take to load.

    Attributes:
        last_word: why it ends itself, once it said so.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.reload_limit_s = math.inf
        self.last_word = ""
        self._began = self._looked = time.monotonic()
        self._silent_s = 0.0

    def heard(self, event: Event) -> None:
        """The worker said something."""
        self._looked, self._silent_s = time.monotonic(), 0.0
        if isinstance(event, Loaded):
            frame_s = 1.0 / (event.realtime_factor * event.frame_rate)
            self.limit_s = max(SILENCE_S, SILENCE_FRAMES * frame_s)
            self.reload_limit_s = max(RELOAD_S, RELOAD_SHARE * (self._looked - self._began))
        elif isinstance(event, Ending):
            self.last_word = event.what

    @property
    def hung(self) -> bool:
        """Whether it has been silent for too long."""
        return self._silent_s >= self.limit_s

    def heard_nothing(self) -> None:
        """Another look found nothing.

        A look counts for two periods at most, so that a front that was itself asleep blames nobody.
        """
        now = time.monotonic()
        self._silent_s += min(now - self._looked, 2 * PING_EVERY_S)
        self._looked = now


def _number(process: SpawnProcess | None) -> int | None:
    try:
        return None if process is None else process.pid
    except ValueError:
        # another thread has closed it meanwhile
        return None


def _discard(spare: tuple[SpawnProcess, Connection]) -> None:
    process, connection = spare
    process.kill()
    connection.close()
    process.join(GRACE_S)


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
