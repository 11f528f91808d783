"""The sound card's output on a real JACK server without a sound card."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from daw_bridge.audio.rtmixer_output import DRIFT_SETTLING, Drift, RtmixerOutput
from tests.rig.jack_server import RATE, JackServer, missing_programs

SCENE = [sys.executable, "-m", "tests.daw_bridge.audio.jack_scene"]
ROOT = Path(__file__).parents[3]
needs_jack = pytest.mark.skipif("jackd2" in missing_programs(), reason="jackd2 is not installed")


@pytest.mark.rig
@needs_jack
def test_playing_on_jack_keeps_time_and_survives_a_starved_ring() -> None:
    with JackServer() as server:
        done = subprocess.run(
            SCENE, env=server.env, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
        )
    told = json.loads(done.stdout.splitlines()[-1])
    first, second, third = told["seen"]
    assert "JACK" in told["name"]
    assert "no such device" in told["refused"]
    assert "system" in told["refused"]
    rate = (second["position"] - first["position"]) / (second["time"] - first["time"])
    assert rate == pytest.approx(RATE, rel=0.02)
    assert 0 < second["written"] - second["position"] < 0.12 * RATE
    assert (first["underruns"], second["underruns"]) == (0, 0)
    assert third["underruns"] == 1
    assert third["silence"] == pytest.approx(0.24, abs=0.06)
    assert third["position"] > second["position"] + 0.4 * RATE
    assert 0.05 < told["latency"] < 0.15
    assert told["stopping"] < 1.0


@pytest.mark.rig
@needs_jack
def test_a_sound_server_that_dies_is_noticed_and_does_not_hang_the_program() -> None:
    with JackServer() as server:
        scene = subprocess.Popen(
            [*SCENE, "wait"],
            env=server.env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert scene.stdout is not None
        assert scene.stdout.readline().strip() == "ready"
    out, _ = scene.communicate("go\n", timeout=15)
    told = json.loads(out.splitlines()[-1])
    assert told["seen"][2]["alive"]
    assert not told["seen"][3]["alive"]
    assert told["stopping"] < 1.5
    assert scene.returncode == 0


def test_gaps_that_the_device_reports_are_counted_apart_from_an_empty_ring() -> None:
    stats = SimpleNamespace(output_underflows=2)
    action = SimpleNamespace(stats=stats, done_frames=0, actual_time=1.0)
    output = RtmixerOutput.__new__(RtmixerOutput)
    output.underruns = output.xruns = output._seen_xruns = output._last_done = output._written = 0
    output._ring, output._ran_dry = SimpleNamespace(read_available=0), None
    output.sample_rate, output.silence_s, output._drift = 48000, 0.0, Drift(48000)
    output._mixer, output._action = SimpleNamespace(actions=[action], time=1.0), action
    output._watch()
    output._watch()
    assert (output.xruns, output.underruns) == (2, 0)
    stats.output_underflows = 3
    output._watch()
    assert (output.xruns, output.underruns) == (3, 0)
    output._mixer.actions.clear()
    output._watch()
    assert (output.xruns, output.underruns) == (3, 1)


def test_the_time_without_sound_is_that_between_two_playing_actions() -> None:
    stats = SimpleNamespace(output_underflows=0)
    first = SimpleNamespace(stats=stats, done_frames=48000, actual_time=10.0)
    output = RtmixerOutput.__new__(RtmixerOutput)
    output.underruns = output.xruns = output._seen_xruns = output._last_done = output._written = 0
    output._ring, output._ran_dry = SimpleNamespace(read_available=0), None
    output.sample_rate, output.silence_s, output._drift = 48000, 0.0, Drift(48000)
    output._mixer, output._action = SimpleNamespace(actions=[], time=11.5), first
    output._watch()
    again = SimpleNamespace(stats=stats, done_frames=0, actual_time=0.0)
    output._mixer.actions, output._action = [again], again
    output._watch()
    assert (output.underruns, output.silence_s) == (1, 0.0)
    again.actual_time = 11.25
    output._watch()
    output._watch()
    assert output.silence_s == pytest.approx(0.25)


def test_drift_of_the_device_is_followed_slowly_and_jumps_at_once() -> None:
    drift = Drift(48000)
    for n in range(DRIFT_SETTLING):
        drift.observe(-500.0 + n % 3)
    assert drift.correction == 0.0
    for _ in range(500):
        drift.observe(-400.0)
    assert drift.correction == pytest.approx(99.0, abs=2.0)
    drift.observe(-400.0 - 4800)
    assert drift.correction == pytest.approx(-4701.0, abs=2.0)
