"""How far ahead is far enough: holds, and how soon changes are heard, against the lookahead."""

from __future__ import annotations

import os
import random
import tempfile
import time

from benchmarks.results import Figure, Outcome
from benchmarks.rig import BASE_PROMPT, DECK, OTHER_PROMPTS
from benchmarks.soak.watching import cpu_burner
from tests.rig.daemon import Daemon
from tests.rig.osc import OscClient

LOOKAHEADS_MS = (200, 300, 400, 600, 900)
CHANGE_EVERY_S = (0.5, 2.0)
SETTLING_S = 3.0


def lookahead(seconds: float, rounds: int) -> Outcome:
    """Play a deck on the null clock beside a process that takes all it gets of a core, change its prompt
    now and then, and count how often it held; ``rounds`` times ``seconds`` with each lookahead, in turn, so
    that what else the machine does meets all alike."""
    rng = random.Random(4)
    held = dict.fromkeys(LOOKAHEADS_MS, 0.0)
    holds = dict.fromkeys(LOOKAHEADS_MS, 0)
    heard: dict[int, list[float]] = {ms: [] for ms in LOOKAHEADS_MS}
    speeds: list[float] = []
    with cpu_burner():
        for _ in range(rounds):
            for ms in LOOKAHEADS_MS:
                metrics = _played(ms, seconds, rng)
                holds[ms] += int(metrics[4])
                held[ms] += float(metrics[5])
                heard[ms].append(float(metrics[3]))
                speeds.append(float(metrics[0]))
    minutes = seconds * rounds / 60.0
    slowest = f"generation at its slowest {min(speeds):.1f} x real time, load {os.getloadavg()[0]:.1f}"
    figures = [
        Figure(
            f"holds at {ms} ms",
            holds[ms],
            "",
            note=f"{held[ms]:.1f} s of {minutes:.1f} minutes; changes heard within {max(heard[ms]):.0f} ms",
        )
        for ms in LOOKAHEADS_MS
    ]
    return Outcome("lookahead", [*figures, Figure("lookaheads", len(LOOKAHEADS_MS), "", note=slowest)])


def _played(lookahead_ms: int, seconds: float, rng: random.Random) -> tuple[float | int | str | bool, ...]:
    """What the daemon says of itself after so long; a hold counts from 3 s after the start on."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("device=null", f"data={folder}", f"lookahead_ms={lookahead_ms}")
        with Daemon(*words, env=os.environ) as daemon, OscClient(daemon.port) as client:
            client.ask(f"{DECK}/prompt", BASE_PROMPT)
            client.ask(f"{DECK}/start", "now")
            time.sleep(SETTLING_S)
            before = client.ask("/bridge/metrics").values
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                client.send(f"{DECK}/prompt", rng.choice(OTHER_PROMPTS))
                time.sleep(rng.uniform(*CHANGE_EVERY_S))
            after = client.ask("/bridge/metrics").values
    counted = {4: int(after[4]) - int(before[4]), 5: float(after[5]) - float(before[5])}
    return tuple(counted.get(place, value) for place, value in enumerate(after))
