"""An evening on stage: two decks, a flood of messages, garbage among them, and a busy machine."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import nullcontext, suppress
from pathlib import Path

from benchmarks.results import Figure, Outcome
from benchmarks.rig import BASE_PROMPT, Bench, bench
from benchmarks.soak.flood import flooding
from benchmarks.soak.silence import Ear
from benchmarks.soak.slope import slope
from benchmarks.soak.watching import (
    Progress,
    Stopped,
    cpu_burner,
    pause,
    punctual,
    silence_figures,
    stolen_s,
    worker_of,
)
from daw_bridge.metrics import resident_mb

LISTEN_EVERY_S = 2.0
PLAYED = "played.flac"


def stage(minutes: float, progress: Progress, rate: int = 2000, burns: bool = True) -> Outcome:
    """Play two decks for so long, under so many messages a second, a tenth of them garbage, beside a process
    that takes all it gets of a core (``burns``)."""
    times: list[float] = []
    memory: dict[str, list[float]] = {"front": [], "worker": []}
    used_up: list[float] = []
    with tempfile.TemporaryDirectory() as folder, bench("decks=2", f"record={folder}/{PLAYED}") as on:
        for deck in (1, 2):
            on.client.ask(f"/bridge/deck/{deck}/prompt", BASE_PROMPT)
            on.client.ask(f"/bridge/deck/{deck}/start", "now")
        on.recorder.wait_for_sound(timeout=8.0)
        time.sleep(4.0)
        processes = {"front": on.daemon.process.pid, "worker": worker_of(on.daemon).pid}
        ear, begun, seconds = Ear(on.recorder), time.monotonic(), 60.0 * minutes
        stolen_before = stolen_s()
        burner = cpu_burner() if burns else nullcontext()
        with burner, flooding(on.daemon.port, rate, decks=2) as flood, punctual(), suppress(Stopped):
            while time.monotonic() - begun < seconds:
                pause(LISTEN_EVERY_S, progress, begun, seconds)
                ear.listen()
                times.append(time.monotonic() - begun)
                # a flood that fills the port's buffer loses questions, too
                with suppress(TimeoutError):
                    used_up.append(float(on.client.ask("/bridge/output").values[2]))
                for name, pid in processes.items():
                    memory[name].append(resident_mb(pid))
        stolen = stolen_s() - stolen_before
        lasted = times[-1] / 60.0 if times else 0.0
        load = os.getloadavg()[0]
        figures = [
            Figure("minutes", lasted, "", note=f"load {load:.1f}; the host took {stolen:.1f} s of its cores"),
            *silence_figures(ear, Path(folder) / PLAYED, on.client),
            Figure("used up of what is written ahead, worst", max(used_up, default=0.0), "ms"),
            Figure(
                "messages", flood.sent, "", note=f"{flood.sent / flood.seconds:.0f} a second, 10 % garbage"
            ),
            *_doings(on),
        ]
    for name, series in memory.items():
        figures += _growth(name, times, series)
    return Outcome("stage", figures, {f"{name}, MB": series for name, series in memory.items()})


def _doings(on: Bench) -> list[Figure]:
    metrics = on.client.ask("/bridge/metrics").values
    gaps = int(on.client.ask("/bridge/output").values[4])
    return [
        Figure("holds", int(metrics[4]), "", note=f"{metrics[5]:.1f} s in all: the last bars, in time"),
        Figure("gaps of the sound server", gaps, "", note="JACK without a device"),
        Figure("generation", float(metrics[0]), "x real time"),
    ]


def _growth(name: str, times: list[float], series: list[float]) -> list[Figure]:
    """What a process's memory came to, and whether it grows: the line's slope against its own uncertainty."""
    end = series[-1] if series else 0.0
    found = slope(times, series)
    if found is None:
        return [Figure(f"{name}'s memory at the end", end, "MB", note="too short to tell whether it grows")]
    interval = f"{found.low:+.1f} to {found.high:+.1f} with 95 % confidence"
    note = f"{interval}, over the last {found.minutes:.0f} minutes"
    return [
        Figure(f"{name}'s memory at the end", end, "MB"),
        Figure(
            f"{name}'s memory grows", found.hourly, "MB an hour", at_most=max(1.0, found.error), note=note
        ),
    ]
