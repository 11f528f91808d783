"""Processes killed while the music plays."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import psutil

from benchmarks.results import Figure, Outcome
from benchmarks.rig import BASE_PROMPT, DECK, Bench, bench
from benchmarks.soak.silence import Ear
from benchmarks.soak.watching import Progress, Stopped, pause, silence_figures, states_since, worker_of
from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.take import Take
from tests.rig.daemon import Daemon, shared_memory
from tests.rig.osc import OscClient

TEMPO = 120.0
BAR_S = 4 * 60.0 / TEMPO
BACK_LIMIT_S = 30.0
NEVER_HELD_S = 5.0
FRONT_PLAYS_S = (4.0, 9.0)
PLAYED = "played.flac"


def kill_worker(kills: int, progress: Progress, every_s: float = 20.0) -> Outcome:
    """Kill the model worker again and again, and listen.

    A deck is back when it plays what a new worker generates; the time counts from the kill.
    """
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder, bench(f"record={folder}/{PLAYED}") as on:
        on.client.ask("/bridge/tempo", TEMPO)
        on.client.ask(f"{DECK}/prompt", BASE_PROMPT)
        on.client.ask(f"{DECK}/start", "now")
        on.recorder.wait_for_sound(timeout=8.0)
        on.client.send("/bridge/subscribe", 50.0)
        pause(4 * BAR_S, progress, time.monotonic(), kills * every_s)
        ear = Ear(on.recorder)
        begun = time.monotonic()
        with suppress(Stopped):
            for _ in range(kills):
                at = time.monotonic()
                took.append(_kill(on, at))
                pause(at + every_s - time.monotonic(), progress, begun, kills * every_s)
                ear.listen()
                on.client.replies.clear()
        silence = silence_figures(ear, Path(folder) / PLAYED, on.client)
    return Outcome(
        "worker killed",
        [
            Figure("kills", len(took), "", note=f"one every {every_s:g} s, mini, {TEMPO:g} BPM"),
            *silence,
            *back_figures(took),
        ],
        {"sorted back after a kill": [1000.0 * seconds for seconds in took]},
    )


def back_figures(took: list[float]) -> list[Figure]:
    """What is said of seconds from kills until the deck was back; nothing where nobody was killed."""
    if not took:
        return []
    late = sum(seconds >= BACK_LIMIT_S for seconds in took)
    note = f"{late} not back after {BACK_LIMIT_S:g} s, which count as that" if late else ""
    return [
        Figure("back after, worst", max(took) / BAR_S, "bars", at_most=2, note=note),
        Figure("back after, median", median(took), "s"),
    ]


def _kill(on: Bench, at: float) -> float:
    """Kill the worker; see `back_after`. Where there is none any more the deck is not back either."""
    try:
        worker_of(on.daemon).kill()
    except (RuntimeError, psutil.NoSuchProcess):
        return BACK_LIMIT_S
    return back_after(on.client, at)


def back_after(client: OscClient, at: float) -> float:
    """Seconds from a kill until the deck plays again after having held; 0 where it never had to, and
    `BACK_LIMIT_S` where it has not come back by then."""
    while time.monotonic() < at + BACK_LIMIT_S:
        states = states_since(client, at)
        held = [reply.at for reply in states if reply.values[0] == "holding"]
        back = [reply.at for reply in states if held and reply.at > held[0] and reply.values[0] == "playing"]
        if back:
            return back[0] - at
        if not held and time.monotonic() > at + NEVER_HELD_S and states and states[-1].values[0] == "playing":
            return 0.0
        time.sleep(0.02)
    return BACK_LIMIT_S


def kill_front(kills: int, progress: Progress) -> Outcome:
    """Kill the front process while it records a take: what is lost, and what stays behind."""
    rng = random.Random(3)
    lost: list[float] = []
    opened = left = 0
    done = 0
    with suppress(Stopped):
        while done < kills:
            with tempfile.TemporaryDirectory() as folder:
                seconds, remains = _killed_front(Path(folder), rng.uniform(*FRONT_PLAYS_S))
                left += remains
                takes = [Take(path) for path in folders(Path(folder) / TAKES)]
                if len(takes) == 1 and takes[0].samples:
                    opened += 1
                    lost.append(seconds - (takes[0].first_sample + takes[0].samples) / takes[0].sample_rate)
            done += 1
            progress(done / kills)
    return Outcome(
        "front killed",
        [
            Figure("takes that open", opened, "", at_least=done, note=f"of {done}, kill -9 while playing"),
            *lost_figures(lost),
            Figure("processes and shared memory left", left, "", at_most=0),
        ],
        {"sorted sound lost": [1000.0 * seconds for seconds in lost]},
    )


def lost_figures(lost: list[float]) -> list[Figure]:
    """What is said of the seconds of sound that takes lack; nothing without a take."""
    if not lost:
        return []
    return [
        Figure("sound lost, worst", max(lost), "s", at_most=1.0),
        Figure("sound lost, median", median(lost), "s"),
    ]


def _killed_front(data: Path, plays_s: float) -> tuple[float, int]:
    """Play for a while and kill; returns the second that was heard last, and what was left behind."""
    words = ("takes=1", "device=null", f"data={data}", "start=1")
    with Daemon(*words, env=os.environ) as daemon, OscClient(daemon.port) as client:
        client.send("/bridge/subscribe", 50.0)
        time.sleep(plays_s)
        family = daemon.processes()
        blocks = shared_memory(family)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        heard = [reply.values[3] for reply in client.replies if reply.address == "/bridge/position"]
        _, alive = psutil.wait_procs(family[1:], timeout=5.0)
        stay = [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
        return float(heard[-1]), len(stay) + sum(block.exists() for block in blocks)
