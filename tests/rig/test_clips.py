"""Clips from the real model: by the command line, and by the daemon while it plays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.audio import analysis
from tests.rig.conftest import Rig

pytestmark = pytest.mark.rig


def test_the_command_line_renders_whole_bars(tmp_path: Path) -> None:
    out = tmp_path / "clip.wav"
    command = [sys.executable, "-m", "daw_bridge", "render", "drums only, rock", "--bars", "2"]
    command += ["--tempo", "150", "--out", str(out)]
    if "RIG_MODEL" in os.environ:
        command += ["--model", os.environ["RIG_MODEL"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    samples, rate = soundfile.read(out, dtype="float32")
    assert len(samples) == round(2 * 4 * 60 / 150 * rate)
    assert analysis.rms(samples) > 0.003


def test_the_daemon_renders_a_clip_while_it_plays_on(rig: Rig) -> None:
    rig.client.ask("/bridge/deck/1/start", "now")
    rig.recorder.wait_for_sound(timeout=6.0)
    begun = rig.recorder.now()
    since = len(rig.client.replies)
    assert rig.client.ask("/bridge/clip/render", "solo piano", 1, 120.0, "one bar").address == "/bridge/ack"
    done = rig.client.wait_for(lambda reply: reply.address == "/bridge/clip/done", since, timeout=60.0)
    path, seconds = Path(done.values[0]), float(done.values[1])
    assert path.is_file()
    assert seconds == pytest.approx(2.0)
    assert soundfile.info(path).duration == pytest.approx(2.0, abs=1e-4)
    heard = rig.recorder.take(begun, rig.recorder.now() - rig.recorder.rate // 10)
    assert analysis.longest_silence(heard.marked, heard.rate) < 0.05


def test_the_last_bars_of_a_deck_are_kept_as_a_loop(rig: Rig) -> None:
    rig.client.ask("/bridge/tempo", 170.0)
    started = rig.client.ask("/bridge/deck/1/start", "now")
    assert started.address == "/bridge/ack"
    rig.recorder.wait_for_sound(timeout=6.0)
    # four whole bars, and the one in which it began
    time.sleep(5 * 4 * 60 / 170 + 0.5)
    since = len(rig.client.replies)
    assert rig.client.ask("/bridge/deck/1/grab", 4).address == "/bridge/ack"
    done = rig.client.wait_for(lambda reply: reply.address == "/bridge/clip/done", since, timeout=20.0)
    samples, rate = soundfile.read(done.values[0], dtype="float32", always_2d=True)
    assert rate == rig.recorder.rate
    assert len(samples) == round(4 * 4 * 60 / 170 * rate)
    assert done.values[1] == pytest.approx(4 * 4 * 60 / 170, abs=1e-3)
    assert [analysis.rms(bar) > 0.003 for bar in np.array_split(samples[:, 0], 4)] == [True] * 4
    rig.client.ask("/bridge/tempo", 120.0)
