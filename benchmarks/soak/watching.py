"""What all soaks share: progress, an early end, the processes of a daemon, and how silence is reported."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.results import Figure
from benchmarks.soak.silence import Ear, PlayedRecord
from daw_bridge.priority import give_way, take_precedence
from tests.rig.daemon import Daemon
from tests.rig.osc import OscClient, Reply

Progress = Callable[[float], None]
"""Called with the share done, 0..1; raises `Stopped` when the soak is to end early."""

RECORDED_S = 1.0
BURNER = "while True: pass"
STATE = "/bridge/deck/1/state"


class Stopped(Exception):
    """Whoever runs the soaks wants an end: what has been measured so far counts."""


def silence_figures(ear: Ear, played: Path, client: OscClient) -> list[Figure]:
    """What an ear heard of silence, whose it was, and what the daemon itself says of it.

    Args:
        played: the daemon's recording; the daemon has been asked before, and ends here at the latest.
    """
    underruns, own_s, *_ = client.ask("/bridge/output").values
    time.sleep(RECORDED_S)
    record = PlayedRecord(played)
    try:
        found = record.samples(ear.stretches)
    finally:
        record.close()
    server = found["server"]
    kinds = f"{found['starved']} not written, {found['played']} written, {found['unclear']} unclear"
    note = f"of {ear.heard:,}: {kinds}"
    return [
        Figure("samples of silence, the instrument's", ear.silent - server, "", at_most=0, note=note),
        Figure(
            "silence by its own count", 1000.0 * float(own_s), "ms", at_most=0, note=f"underruns: {underruns}"
        ),
        Figure("samples lost by the sound server", server, "", note="written, and not in the capture"),
        Figure("not heard by the recorder", ear.lost_share, "%"),
    ]


def stolen_s() -> float:
    """Seconds that the host of a virtual machine has taken from its cores, in which nothing in it runs; 0
    where that cannot be known."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


@contextmanager
def punctual() -> Iterator[None]:
    """Real-time priority, where it is granted, of the thread that listens: on a busy machine the sound server
    would have to wait for it. To be opened when all processes have been started."""
    take_precedence()
    try:
        yield
    finally:
        give_way()


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
