"""What the instrument says of how it is doing: one snapshot of figures, and the memory of a process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1e6


@dataclass(frozen=True)
class Metrics:
    """How the instrument is doing. What has not been measured yet is 0.

    Attributes:
        realtime_factor: seconds generated per second of computing.
        lookahead_ms: music generated beyond what is heard, of the playing deck that has least.
        control_ms, control_p95_ms: from the arrival of a value that a deck's model is told at once, to the
            first sample at the output that it changed: the last one, and the 95th percentile of the last
            `daw_bridge.decks.meter.KEPT`.
        underruns: times that sound was late. xruns: gaps that the sound device reported.
        output_underruns: times that the device wanted sound and none was written; they count as underruns.
        silence_s: seconds in which the device wanted sound and none was written.
        used_up_ms: of what is written ahead of the device, how much had been used up before it was topped up:
            the worst of the last seconds.
        held_s: seconds in which decks repeated their last bars, all decks together.
        restarts: times that the model worker was replaced because it had died or hung.
        front_mb, worker_mb: resident memory of the front, and of the worker with the spare process that waits
            to take its place; what the two share counts twice. gpu_mb: what the worker holds of its GPU's.
    """

    realtime_factor: float = 0.0
    lookahead_ms: float = 0.0
    control_ms: float = 0.0
    control_p95_ms: float = 0.0
    underruns: int = 0
    xruns: int = 0
    held_s: float = 0.0
    restarts: int = 0
    front_mb: float = 0.0
    worker_mb: float = 0.0
    gpu_mb: float = 0.0
    output_underruns: int = 0
    silence_s: float = 0.0
    used_up_ms: float = 0.0


NO_METRICS = Metrics()


def resident_mb(pid: int | None) -> float:
    """Resident memory of a process in megabytes; 0 where the system has no /proc, or the process is gone."""
    if pid is None:
        return 0.0
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
