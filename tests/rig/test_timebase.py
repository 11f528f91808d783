"""The daemon as JACK's timebase master: another client reads bar, beat and tempo, those that sound."""

from __future__ import annotations

import time
from collections.abc import Iterator

import jack
import numpy as np
import pytest

from daw_bridge.jack_client import open_client
from tests.rig.conftest import Rig
from tests.rig.jack_server import JackServer
from tests.rig.light_daemon import LightDaemon
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder
from tests.rig.test_clock import TOLERANCE_S

pytestmark = [pytest.mark.rig, pytest.mark.slow]

BBT = 0x10


@pytest.fixture(scope="module")
def giving(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    data = tmp_path_factory.mktemp("timebase")
    with (
        LightDaemon(f"data={data}", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        client.ask("/bridge/deck/1/prompt", "400")
        client.ask("/bridge/clock/out", "jack")
        yield Rig(jack_server, daemon, recorder, client)


def errors_s(reader: jack.Client, first: int, bpm: float, seconds: float) -> list[float]:
    """By how many seconds what the reader is told is ahead of the beats that began to sound at a frame of the
    server's."""
    errors, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        _, place = reader.transport_query_struct()
        now, frame = reader.frame_time, reader.transport_frame
        if place.valid & BBT:
            assert place.beats_per_minute == pytest.approx(bpm, rel=0.003)
            assert (place.beats_per_bar, place.beat_type) == (4.0, 4.0)
            beat = (place.bar - 1) * 4 + place.beat - 1 + place.tick / place.ticks_per_beat
            errors.append(beat * 60.0 / bpm + (frame - place.frame - now + first) / reader.samplerate)
        time.sleep(0.01)
    return errors


def performance(giving: Rig, reader: jack.Client, bpm: float) -> list[float]:
    """Start the deck at a tempo, and read for a while; again where the sound has had a gap meanwhile, as what
    comes after it is late, and the beats with it."""
    for _ in range(4):
        giving.stop_playing()
        giving.recorder.clear()
        gaps = giving.client.ask("/bridge/output").values[0]
        giving.client.ask("/bridge/tempo", bpm)
        giving.client.ask("/bridge/deck/1/start")
        first = giving.recorder.wait_for_sound(timeout=8.0, threshold=0.0)
        time.sleep(0.5)
        errors = errors_s(reader, first, bpm, 3.0)
        if giving.client.ask("/bridge/output").values[0] == gaps:
            return errors
    raise AssertionError("the sound had gaps four times")


def test_another_client_reads_the_bars_beats_and_tempo_that_sound(giving: Rig) -> None:
    found: dict[float, list[float]] = {}
    with open_client("host", giving.jack.name) as reader:
        try:
            reader.transport_start()
            for bpm in (120.0, 97.0):
                found[bpm] = performance(giving, reader, bpm)
            giving.client.ask("/bridge/clock/out", "off")
        finally:
            reader.transport_stop()
            print({bpm: np.percentile(1000 * np.array(each), [0, 50, 100]) for bpm, each in found.items()})
    for each in found.values():
        assert len(each) > 50
        assert abs(np.median(each)) < TOLERANCE_S
        assert np.ptp(each) < 2 * TOLERANCE_S
    giving.stop_playing()
