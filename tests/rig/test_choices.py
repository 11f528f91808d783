"""Look-ahead choices of the real model, on an output of four channels."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder

pytestmark = pytest.mark.rig

BARS, BAR_S = 2, 1.0


def state(client: OscClient) -> tuple[object, ...]:
    return client.ask("/bridge/deck/1/choices/state").values


@pytest.mark.slow
def test_a_choice_is_heard_on_channels_3_and_4_and_goes_on_at_the_bar_as_it_was_heard(tmp_path: Path) -> None:
    with (
        JackServer(channels=4) as server,
        Daemon(f"data={tmp_path}", "channels=4", env=server.env) as daemon,
        Recorder(server.name, channels=4) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        client.ask("/bridge/tempo", 240.0)
        client.ask("/bridge/deck/1/prompt", "drums only, straight rock beat")
        client.ask("/bridge/deck/1/start", "1M")
        start = recorder.wait_for_sound(timeout=6.0)
        recorder.record(4 * BAR_S)
        assert client.ask("/bridge/deck/1/choices", 2, BARS).address == "/bridge/ack"
        deadline = time.monotonic() + 90.0
        while state(client)[:4] != ("ready", 2, 2, BARS):
            assert time.monotonic() < deadline, state(client)
            time.sleep(0.1)
        client.ask("/bridge/deck/1/cue", 2)
        recorder.record(2.2 * BARS * BAR_S)
        ack = client.ask("/bridge/deck/1/commit", 2, "1M")
        assert (ack.address, state(client)[4:6]) == ("/bridge/ack", (2, 2))
        promised = recorder.frame_at(ack.at + float(ack.values[2]))
        recorder.record(float(ack.values[2]) + (BARS + 1) * BAR_S)
        heard = recorder.take(start, None)
        assert state(client)[:2] == ("none", 0)
        underruns = client.ask("/bridge/deck/1/held").values[0]

    main, cue = heard.samples[:, 0], heard.samples[:, 2]
    bar = round(BAR_S * heard.rate)
    commit = round((promised - start) / bar) * bar
    assert abs(commit - (promised - start)) < 0.1 * heard.rate
    # the bars that the cue repeats are those that the deck went on with, sample by sample
    section = slice(bar // 10, BARS * bar - bar // 10)
    played = main[commit:][section]
    shift = 0
    best = np.inf
    first = np.flatnonzero(np.abs(cue) > 1e-4)[0]
    for loop in range(first // bar + 1, commit // bar - BARS + 1):
        for offset in range(-64, 65):
            at = loop * bar + offset
            there = cue[at : at + BARS * bar][section]
            apart = float(np.abs(there[::50] - played[::50]).max())
            if apart < best:
                best, shift = apart, offset
    assert best < 1e-4, f"the cue was {best} apart at best, {shift} samples off"
    if not underruns:
        levels = [np.abs(main[n : n + 2400]).max() for n in range(0, commit + BARS * bar, 2400)]
        assert min(levels) > 0.0
    assert not np.any(cue[:first])
