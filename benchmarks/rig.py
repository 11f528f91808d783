"""Latencies and steadiness of the real daemon on JACK, from the datagram to the captured sample."""

from __future__ import annotations

import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.results import Figure, Outcome
from daw_bridge.audio import analysis
from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient, encode
from tests.rig.recorder import Recorder

DECK = "/bridge/deck/1"
BASE_PROMPT = "drums only, rock"
OTHER_PROMPTS = ("solo piano", "techno with synth bass", "orchestral strings", "jazz trio", "funk guitar")


@dataclass(frozen=True)
class Bench:
    """A running daemon with a recorder on its output and a client on its port."""

    daemon: Daemon
    recorder: Recorder
    client: OscClient
    data: Path

    def silence(self) -> None:
        """Stop the deck and wait until its output is digital silence."""
        self.client.ask(f"{DECK}/stop", "now")
        for _ in range(100):
            if not self.recorder.record(0.05).samples.any():
                return
        raise RuntimeError("the daemon still sounds 5 s after stop")

    def status(self) -> tuple[float, int]:
        """Real-time factor of generation and underruns so far, as the daemon says."""
        values = self.client.ask("/bridge/status").values
        return float(values[5]), int(values[6])


@contextmanager
def bench(*words: str, server: JackServer | None = None) -> Iterator[Bench]:
    """Start JACK (unless there is a server already), the daemon (with options, ``key=value``) and what
    listens to it."""
    with (
        tempfile.TemporaryDirectory() as data,
        nullcontext(server) if server is not None else JackServer() as jack,
        Daemon(f"data={data}", *words, env=jack.env) as daemon,
        Recorder(jack.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        yield Bench(daemon, recorder, client, Path(data))


def start_to_sound(trials: int) -> Outcome:
    """Milliseconds from the `start` datagram to the first sample that sounds."""
    delays = []
    with bench() as on:
        on.client.ask(f"{DECK}/prompt", BASE_PROMPT)
        for _ in range(trials):
            on.recorder.clear()
            sent = on.recorder.frame_at(on.client.send(f"{DECK}/start", "now"))
            first = on.recorder.wait_for_sound(timeout=8.0)
            delays.append((first - sent) / on.recorder.rate * 1000.0)
            time.sleep(0.3)
            on.silence()
    return Outcome(
        "start",
        [
            Figure("start to first sample, median", float(np.median(delays)), "ms", at_most=1500.0),
            Figure("start to first sample, worst", max(delays), "ms", note=f"{trials} starts"),
        ],
        {"sorted start to first sample": delays},
    )


def control_to_sound(trials: int) -> Outcome:
    """Milliseconds from a prompt's datagram to the first captured sample that it changed.

    Generation is deterministic: started with the same seed on a bar line, the deck plays the same samples
    each time. So every trial is compared with a take in which nothing was changed.
    """
    promised: list[float] = []
    with bench() as on:

        def change(trial: int) -> float:
            since = len(on.client.replies)
            at = on.client.send(f"{DECK}/prompt", OTHER_PROMPTS[trial % len(OTHER_PROMPTS)])
            ack = on.client.wait_for(lambda reply: reply.address == "/bridge/ack", since)
            promised.append((float(ack.values[2]) + ack.at - at) * 1000.0)
            return at

        delays = first_changes(on, trials, change, lambda: None)
    p50, p95 = np.percentile(delays, [50, 95])
    unusable = trials - len(delays)
    return Outcome(
        "control",
        [
            Figure("control to sound, p50", float(p50), "ms"),
            Figure("control to sound, p95", float(p95), "ms", at_most=500.0),
            Figure("control to sound, worst", max(delays), "ms"),
            Figure("as acknowledged, p50", float(np.median(promised)), "ms"),
            Figure("trials compared", len(delays), "", note=f"{unusable} of {trials} could not be compared"),
        ],
        {"sorted control to sound": delays, "sorted as acknowledged": promised},
    )


def first_changes(
    on: Bench, trials: int, change: Callable[[int], float], undo: Callable[[], None]
) -> list[float]:
    """Milliseconds from a change, made somewhere in the music, to the first captured sample that it changed;
    trials that cannot be compared are left out.

    Args:
        change: makes the change of a trial by its number; returns when (`time.monotonic`).
        undo: takes it back.

    Raises:
        RuntimeError: no trial can be compared.
    """
    rng = random.Random(1)
    delays: list[float] = []
    on.client.ask("/bridge/tempo", 120.0)
    on.client.ask(f"{DECK}/seed", 11)
    on.client.ask(f"{DECK}/prompt", BASE_PROMPT)
    reference = _take(on, 5.0)
    for trial in range(trials):
        on.client.ask(f"{DECK}/prompt", BASE_PROMPT)
        on.recorder.clear()
        on.client.ask(f"{DECK}/start", "1M")
        first = on.recorder.wait_for_sound(timeout=8.0)
        time.sleep(rng.uniform(0.8, 2.3))
        sent = on.recorder.frame_at(change(trial))
        time.sleep(1.5)
        take = on.recorder.take(first, first + len(reference))
        changed = analysis.first_difference(reference, take.marked)
        if changed is not None and first + changed >= sent:
            delays.append((first + changed - sent) / on.recorder.rate * 1000.0)
        undo()
        on.silence()
    if not delays:
        raise RuntimeError(f"none of {trials} trials could be compared: is generation deterministic?")
    return delays


def _take(on: Bench, seconds: float) -> analysis.Samples:
    """An unchanged take from the first sounding sample on, then silence."""
    on.recorder.clear()
    on.client.ask(f"{DECK}/start", "1M")
    first = on.recorder.wait_for_sound(timeout=8.0)
    on.recorder.record(seconds)
    take = on.recorder.take(first, first + round(seconds * on.recorder.rate))
    on.silence()
    return take.marked


def flood(seconds: float, rate: int = 1000) -> Outcome:
    """Play for so long while so many messages a second arrive: knobs, queries and nonsense."""
    rng = random.Random(2)
    datagrams = [flood_message(rng) for _ in range(4096)]
    with bench() as on:
        on.client.ask(f"{DECK}/prompt", BASE_PROMPT)
        on.client.ask(f"{DECK}/start", "now")
        on.recorder.wait_for_sound(timeout=8.0)
        time.sleep(3.0)
        _, underruns_before = on.status()
        ended = threading.Event()
        sent = [0]
        sender = threading.Thread(target=send_flood, args=(on.daemon.port, datagrams, rate, ended, sent))
        sender.start()
        silent, lost, heard, factors = 0.0, 0, 0, []
        end = time.monotonic() + seconds
        mark = on.recorder.now()
        while time.monotonic() < end:
            time.sleep(2.0)
            until = on.recorder.now() - on.recorder.rate // 10
            take = on.recorder.take(mark, until)
            on.recorder.clear()
            mark = until
            silent = max(silent, analysis.longest_silence(take.marked, take.rate))
            lost, heard = lost + take.lost, heard + len(take.samples)
            factors.append(on.status()[0])
        ended.set()
        sender.join()
        underruns = on.status()[1] - underruns_before
    note = f"{sent[0]} messages in {seconds:g} s"
    return Outcome(
        "flood",
        [
            Figure("underruns", underruns, "", at_most=0, note=note),
            Figure("longest digital silence", silent * 1000.0, "ms", at_most=20.0),
            Figure("generation meanwhile, median", float(np.median(factors)), "x real time"),
            Figure("lost by the recorder", 100.0 * lost / max(heard, 1), "%"),
        ],
    )


def flood_message(rng: random.Random, deck: int = 1) -> bytes:
    """A knob of a deck (70 %), a question (20 %) or garbage (10 %)."""
    kind = rng.random()
    if kind < 0.7:
        name, low, high = rng.choice(
            (("temperature", 0.8, 1.1), ("guidance", 2.0, 4.0), ("gain", -3.0, 0.0), ("top_k", 100, 250))
        )
        value = rng.uniform(low, high)
        return encode(f"/bridge/deck/{deck}/{name}", round(value) if name == "top_k" else value)
    if kind < 0.9:
        return encode(rng.choice(("/bridge/position", "/bridge/tempo", f"{DECK}/state")))
    return rng.choice((encode("/bridge/tempo", 9999.0), encode("/bridge/nowhere", 1), rng.randbytes(60)))


def send_flood(port: int, datagrams: list[bytes], rate: int, ended: threading.Event, sent: list[int]) -> None:
    """Send `rate` datagrams a second in groups of ten until told to end; nobody reads the answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        begun = time.monotonic()
        while not ended.is_set():
            due = int((time.monotonic() - begun) * rate)
            while sent[0] < due:
                out.send(datagrams[sent[0] % len(datagrams)])
                sent[0] += 1
            time.sleep(0.01)
