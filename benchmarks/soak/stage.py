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
from benchmarks.soak.memory import RESTARTS, Memory
from benchmarks.soak.silence import Ear
from benchmarks.soak.watching import (
    Progress,
    Stopped,
    cpu_burner,
    pause,
    punctual,
    silence_figures,
    stolen_s,
)

LISTEN_EVERY_S = 2.0
PLAYED = "played.flac"


def stage(minutes: float, progress: Progress, rate: int = 2000, burns: bool = True) -> Outcome:
    """Play two decks for so long, under so many messages a second, a tenth of them garbage, beside a process
    that takes all it gets of a core (``burns``)."""
    memory = Memory()
    used_up: list[float] = []
    with tempfile.TemporaryDirectory() as folder, bench("decks=2", f"record={folder}/{PLAYED}") as on:
        for deck in (1, 2):
            on.client.ask(f"/bridge/deck/{deck}/prompt", BASE_PROMPT)
            on.client.ask(f"/bridge/deck/{deck}/start", "now")
        on.recorder.wait_for_sound(timeout=8.0)
        time.sleep(4.0)
        ear, begun, seconds = Ear(on.recorder), time.monotonic(), 60.0 * minutes
        stolen_before = stolen_s()
        burner = cpu_burner() if burns else nullcontext()
        with burner, flooding(on.daemon.port, rate, decks=2) as flood, punctual(), suppress(Stopped):
            while time.monotonic() - begun < seconds:
                pause(LISTEN_EVERY_S, progress, begun, seconds)
                ear.listen()
                # a flood that fills the port's buffer loses questions, too
                with suppress(TimeoutError):
                    used_up.append(float(on.client.ask("/bridge/output").values[2]))
                    memory.ask(on.client, time.monotonic() - begun)
        lasted = (time.monotonic() - begun) / 60.0
        stolen = stolen_s() - stolen_before
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
    series = {"front, MB": memory.front.megabytes, "worker, MB": memory.worker.megabytes}
    return Outcome("stage", [*figures, *memory.figures()], series)


def _doings(on: Bench) -> list[Figure]:
    metrics = on.client.ask("/bridge/metrics").values
    gaps = int(on.client.ask("/bridge/output").values[4])
    return [
        Figure("holds", int(metrics[4]), "", note=f"{metrics[5]:.1f} s in all: the last bars, in time"),
        Figure("gaps of the sound server", gaps, "", note="JACK without a device"),
        Figure("generation", float(metrics[0]), "x real time"),
        Figure(
            "restarts of the worker",
            int(metrics[RESTARTS]),
            "",
            note="its memory below is that of the one seen longest",
        ),
    ]
