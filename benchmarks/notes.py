"""From a key pressed in another program to the first sample that it changes, through JACK MIDI."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.results import Figure, Outcome
from benchmarks.rig import bench, first_changes
from tests.daw_bridge.control.midi.jack_process import Controller
from tests.rig.jack_server import JackServer

MAP = "midi: {api: jack, ports: {keys: {in: keys out}}}\n"
PITCHES = (60, 64, 67, 71, 74, 57, 61, 66)


def note_to_sound(trials: int) -> Outcome:
    """Milliseconds from telling another process to send a note-on, through JACK MIDI, to the first captured
    sample that differs from a take without the note; see `first_changes`."""
    with tempfile.TemporaryDirectory() as folder, JackServer() as jack, Controller(jack) as keys:
        path = Path(folder) / "map.yaml"
        path.write_text(MAP)
        with bench(f"midi={path}", server=jack) as on:
            on.client.ask("/bridge/melody/steer", 1)

            def press(trial: int) -> float:
                at = time.monotonic()
                keys.say(bytes((0x90, PITCHES[trial % len(PITCHES)], 100)))
                return at

            def let_go() -> None:
                keys.say(b"\xb0\x7b\x00")
                time.sleep(0.1)

            delays = first_changes(on, trials, press, let_go)
    p50, p95 = np.percentile(delays, [50, 95])
    note = f"{trials - len(delays)} of {trials} could not be compared"
    return Outcome(
        "notes",
        [
            Figure("note-on to sound, p50", float(p50), "ms"),
            Figure("note-on to sound, p95", float(p95), "ms", at_most=200.0),
            Figure("note-on to sound, worst", max(delays), "ms"),
            Figure("trials compared", len(delays), "", note=note),
        ],
        {"sorted note-on to sound": delays},
    )
