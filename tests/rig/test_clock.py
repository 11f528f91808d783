"""The daemon led by the MIDI clock of another process, through JACK: its bars lie on the sender's, also after
a change of tempo, and sources are changed while it plays."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from daw_bridge.audio import analysis
from tests.daw_bridge.clock import jack_sender
from tests.rig.conftest import Rig
from tests.rig.jack_server import JackServer
from tests.rig.light_daemon import LightDaemon
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder

pytestmark = [pytest.mark.rig, pytest.mark.slow]

TEMPI = (120.0, 14.0, 132.0, 22.0)
# half a period of JACK on either side, its writing of what came meanwhile, and a machine that is shared
TOLERANCE_S = 0.015


class Host:
    """A process that sends MIDI clock, and where its beats are."""

    def __init__(self, server: JackServer, port: str, tempi: tuple[float, ...]) -> None:
        words = [str(value) for value in tempi]
        self._process = subprocess.Popen(
            [sys.executable, jack_sender.__file__, port, *words],
            env=server.env,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        first = float(self._process.stdout.readline())
        self._ticks = first + np.array(list(jack_sender.tick_times(tempi)))

    def time_of(self, beat: float) -> float:
        """The monotonic time of a beat."""
        return float(np.interp(24 * beat, np.arange(len(self._ticks)), self._ticks))

    def bar_error_s(self, time: float) -> float:
        """Seconds by which a time is after the nearest bar line."""
        bars = self._ticks[::96]
        return float(min(time - bars, key=abs))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def led(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    data = tmp_path_factory.mktemp("clock")
    (data / "map.yaml").write_text("midi:\n  api: jack\n")
    with (
        LightDaemon(f"data={data}", f"midi={data / 'map.yaml'}", "clock=midi", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        yield Rig(jack_server, daemon, recorder, client)


def clock_state(client: OscClient) -> tuple[object, ...]:
    return client.ask("/bridge/clock/state").values


def wait_until(at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))


def first_sound(rig: Rig) -> float:
    """The monotonic time of the first sample that is not silence, since the recording was cleared."""
    frame = rig.recorder.wait_for_sound(timeout=8.0, threshold=0.0)
    return time.monotonic() + (frame - rig.recorder.now()) / rig.recorder.rate


def again_on_the_bar(rig: Rig, host: Host) -> float:
    """Stop at once, start on a bar line; the error of what sounded. One that came in late is tried again: a
    voice that is not ready begins in time, but after its line."""
    error = 0.0
    for _ in range(3):
        rig.stop_playing()
        rig.recorder.clear()
        assert rig.client.ask("/bridge/deck/1/start", "1M").address == "/bridge/ack"
        error = host.bar_error_s(first_sound(rig))
        if error < TOLERANCE_S:
            break
    return error


def test_the_music_follows_a_host_from_its_start_through_a_change_of_tempo_to_its_stop(led: Rig) -> None:
    client = led.client
    client.ask("/bridge/deck/1/prompt", "400")
    assert clock_state(client)[1] == "waiting"
    client.ask("/bridge/deck/1/start")
    assert client.ask("/bridge/deck/1/state").values[0] == "armed"
    led.recorder.clear()
    host = Host(led.jack, "daw_bridge:clock", TEMPI)
    errors: dict[str, float] = {}
    try:
        errors["first bar"] = host.bar_error_s(first_sound(led))
        first = led.recorder.now()
        wait_until(host.time_of(16))
        errors["120 BPM"] = again_on_the_bar(led, host)
        first = led.recorder.now()
        wait_until(host.time_of(28) + 1.0)
        # two beats after the step
        state = clock_state(client)
        assert state[1] == "locked"
        assert float(str(state[2])) == pytest.approx(132.0, abs=1.5)
        wait_until(host.time_of(36))
        heard = led.recorder.take(first, led.recorder.now())
        assert analysis.longest_silence(heard.marked, heard.rate) < 0.05
        errors["132 BPM"] = again_on_the_bar(led, host)
        refused = client.ask("/bridge/tempo", 90.0)
        assert refused.address == "/bridge/error"
        assert "is set by MIDI clock" in str(refused.values[1])
        first = led.recorder.now()
        client.ask("/bridge/clock", "internal")
        wait_until(host.time_of(50))
        assert client.ask("/bridge/tempo", 110.0).address == "/bridge/ack"
        wait_until(host.time_of(54))
        assert float(client.ask("/bridge/position").values[2]) == pytest.approx(110.0)
        client.ask("/bridge/clock", "midi")
        time.sleep(0.3)
        host_port = client.ask("/bridge/clock").values
        assert host_port == ("midi",)
        heard = led.recorder.take(first, led.recorder.now())
        assert analysis.longest_silence(heard.marked, heard.rate) < 0.05
    finally:
        host.close()
        print({name: f"{1000 * error:.1f} ms" for name, error in errors.items()})
    assert all(abs(error) < TOLERANCE_S for error in errors.values()), errors
    led.stop_playing()
