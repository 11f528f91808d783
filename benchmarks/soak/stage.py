"""An evening on stage: two decks, a flood of messages, garbage among them, and a busy machine."""

from __future__ import annotations

import os
import random
import threading
import time
from contextlib import nullcontext

import numpy as np

from benchmarks.results import Figure, Outcome
from benchmarks.rig import BASE_PROMPT, bench, flood_message, send_flood
from benchmarks.soak.watching import Ear, Progress, cpu_burner, pause, worker_of
from daw_bridge.metrics import resident_mb

LISTEN_EVERY_S = 2.0
SETTLED = 1 / 3


def stage(minutes: float, progress: Progress, rate: int = 2000, burns: bool = True) -> Outcome:
    """Play two decks for so long, under so many messages a second, a tenth of them garbage, beside a process
    that takes all it gets of a core (``burns``)."""
    rng = random.Random(2)
    datagrams = [flood_message(rng, deck=rng.choice((1, 2))) for _ in range(4096)]
    times: list[float] = []
    memory: dict[str, list[float]] = {"front": [], "worker": []}
    with bench("decks=2") as on:
        for deck in (1, 2):
            on.client.ask(f"/bridge/deck/{deck}/prompt", BASE_PROMPT)
            on.client.ask(f"/bridge/deck/{deck}/start", "now")
        on.recorder.wait_for_sound(timeout=8.0)
        time.sleep(4.0)
        front, worker = on.daemon.process.pid, worker_of(on.daemon).pid
        ended, sent = threading.Event(), [0]
        sender = threading.Thread(target=send_flood, args=(on.daemon.port, datagrams, rate, ended, sent))
        ear, begun, seconds = Ear(on.recorder), time.monotonic(), 60.0 * minutes
        with cpu_burner() if burns else nullcontext():
            sender.start()
            while time.monotonic() - begun < seconds:
                pause(LISTEN_EVERY_S, progress, begun, seconds)
                ear.listen()
                times.append(time.monotonic() - begun)
                memory["front"].append(resident_mb(front))
                memory["worker"].append(resident_mb(worker))
            ended.set()
            sender.join()
        metrics = on.client.ask("/bridge/metrics").values
        xruns = int(on.client.ask("/bridge/status").values[8])
    figures = [
        Figure("samples of silence", ear.silent, "", at_most=0, note=f"of {ear.heard}"),
        Figure("messages", sent[0], "", note=f"{sent[0] / seconds:.0f} a second, 10 % garbage"),
        Figure("holds", int(metrics[4]), "", note=f"{metrics[5]:.1f} s in all: the last bars, in time"),
        Figure("gaps of the sound server", xruns, "", note="JACK without a device or realtime rights"),
        Figure("not heard by the recorder", ear.lost_share, "%"),
    ]
    for name, series in memory.items():
        growth, noise = growth_and_noise(times, series)
        note = f"of {series[-1]:.0f} MB, over the last {times[-1] * (1 - SETTLED) / 60:.1f} minutes"
        figures.append(Figure(f"{name}'s memory grew", growth, "MB", at_most=max(1.0, noise), note=note))
    where = f"{minutes:g} minutes, load {os.getloadavg()[0]:.1f}"
    figures.append(Figure("generation", float(metrics[0]), "x real time", note=where))
    return Outcome("stage", figures, {f"{name}, MB": series for name, series in memory.items()})


def growth_and_noise(times: list[float], series: list[float]) -> tuple[float, float]:
    """How much a straight line through the last two thirds rises, and what chance alone explains: twice the
    spread of the points around it."""
    first = int(len(times) * SETTLED)
    x, y = np.array(times[first:]), np.array(series[first:])
    if len(x) < 3:
        return 0.0, 0.0
    slope, offset = np.polyfit(x, y, 1)
    return float(slope * (x[-1] - x[0])), float(2 * np.std(y - slope * x - offset))
