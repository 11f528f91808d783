"""What all soaks share: progress, the processes of a daemon, and an ear that counts silence."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import psutil

from tests.rig.daemon import Daemon
from tests.rig.osc import OscClient, Reply
from tests.rig.recorder import Recorder

Progress = Callable[[float], None]
"""Called with the share done, 0..1."""

SILENT_RUN = 48
BURNER = "while True: pass"
STATE = "/bridge/deck/1/state"


class Ear:
    """Counts samples of digital silence, in runs of at least a millisecond, in what a recorder hears.

    Music never has such runs: a codec's silence is faint noise. What the recorder missed counts as sound.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._mark = recorder.now()
        self.silent = self.lost = self.heard = 0

    def listen(self) -> None:
        """Count what was heard since the last time; to be called every few seconds."""
        until = self._recorder.now() - self._recorder.rate // 10
        take = self._recorder.take(self._mark, until)
        self._recorder.clear()
        self._mark = until
        self.lost += take.lost
        self.heard += len(take.samples)
        quiet = np.flatnonzero(~((take.samples == 0.0).all(axis=1) & take.known))
        runs = np.diff(np.concatenate([[-1], quiet, [len(take.samples)]])) - 1
        self.silent += int(runs[runs >= SILENT_RUN].sum())

    @property
    def lost_share(self) -> float:
        """Percent of the time that the recorder missed."""
        return 100.0 * self.lost / max(self.heard, 1)


def worker_of(daemon: Daemon) -> psutil.Process:
    """The model worker of a daemon: of its processes the one that computes, not the spare one.

    Raises:
        RuntimeError: it has none.
    """
    found: list[tuple[float, psutil.Process]] = []
    for process in daemon.processes()[1:]:
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(process.cmdline()):
                found.append((process.cpu_times().user, process))
    if not found:
        raise RuntimeError("the daemon has no model worker")
    return max(found, key=lambda pair: pair[0])[1]


def pause(seconds: float, progress: Progress, begun: float, length: float) -> None:
    """Sleep, and say how far a soak of ``length`` seconds that began at ``begun`` is."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(0.5, left))
        progress(min(1.0, (time.monotonic() - begun) / length))


def states_since(client: OscClient, at: float) -> list[Reply]:
    """What deck 1 was said to do, since a moment of `time.monotonic`."""
    return [reply for reply in list(client.replies) if reply.address == STATE and reply.at >= at]


@contextmanager
def cpu_burner() -> Iterator[None]:
    """A process beside that takes as much of a core as it gets."""
    process = subprocess.Popen([sys.executable, "-c", BURNER])
    try:
        yield
    finally:
        process.kill()
        process.wait()
