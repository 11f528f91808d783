"""The daemon on a JACK server that ends under it, sound, MIDI and clock: it plays on, and follows the
transport of the server that comes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rig.jack_server import JackServer
from tests.rig.light_daemon import LightDaemon
from tests.rig.osc import OscClient

pytestmark = [pytest.mark.rig, pytest.mark.slow]

ROLL = "import jack; c = jack.Client('host', no_start_server=True); c.transport_start(); c.close()"


def roll(server: JackServer) -> None:
    """Somebody starts the transport."""
    subprocess.run([sys.executable, "-c", ROLL], env=server.env, check=True, timeout=20)


def until(client: OscClient, address: str, wanted: str, timeout: float = 15.0) -> None:
    """Until a value of an address's answer is as wanted."""
    deadline = time.monotonic() + timeout
    while wanted not in (values := client.ask(address).values):
        assert time.monotonic() < deadline, f"{address} stays {values}"
        time.sleep(0.1)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_daemon_outlives_its_jack_server_and_follows_the_next_ones_transport(
    ending: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "midi.yaml").write_text("midi:\n  api: jack\n  ports: {keys: {in: nobody}}\n")
    with JackServer() as server:
        words = (f"data={tmp_path}", f"midi={tmp_path / 'midi.yaml'}", "clock=jack")
        with LightDaemon(*words, env=server.env) as daemon, OscClient(daemon.port) as client:
            client.ask("/bridge/deck/1/start")
            until(client, "/bridge/clock/state", "standing")
            roll(server)
            until(client, "/bridge/deck/1/state", "playing")
            until(client, "/bridge/clock/state", "locked")
            server.end(ending)
            until(client, "/bridge/clock/state", "lost")
            assert client.ask("/bridge/tempo", 133.0).address == "/bridge/ack"
            time.sleep(1.5)
            assert client.ask("/bridge/deck/1/state").values[0] == "playing"
            assert float(client.ask("/bridge/position").values[2]) == pytest.approx(133.0)
            with JackServer(server.name) as again:
                until(client, "/bridge/clock/state", "standing")
                assert client.ask("/bridge/deck/1/state").values[0] == "playing"
                roll(again)
                until(client, "/bridge/clock/state", "locked")
                time.sleep(1.0)
                assert client.ask("/bridge/deck/1/state").values[0] == "playing"
                # a client in this process, beside what the first server left there, could crash it
                assert client.ask("/bridge/clock", "internal").address == "/bridge/ack"
                until(client, "/bridge/clock/state", "internal")
                client.send("/bridge/clock/out", "jack")
                client.wait_for(lambda reply: "restart the instrument" in str(reply.values))
                assert client.ask("/bridge/deck/1/state").values[0] == "playing"
                assert daemon.process.poll() is None
                assert daemon.stop() < 3.0
