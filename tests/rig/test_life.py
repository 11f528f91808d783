"""The daemon as a process: a second one, both ways of ending it, and what it leaves behind."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import psutil
import pytest

from tests.rig.daemon import Daemon, shared_memory
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder

pytestmark = pytest.mark.rig


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_ends_within_two_seconds_while_playing_and_leaves_nothing(
    jack_server: JackServer, tmp_path: Path, with_signal: signal.Signals
) -> None:
    with Daemon(f"data={tmp_path}", env=jack_server.env) as daemon:
        with Recorder(jack_server.name) as recorder, OscClient(daemon.port) as client:
            recorder.connect()
            client.ask("/bridge/deck/1/start", "now")
            recorder.wait_for_sound(timeout=6.0)
        family = daemon.processes()
        assert len(family) > 1, "the model should have a process of its own"
        blocks = shared_memory(family)
        assert blocks, "sound should cross between the processes in shared memory"
        took = daemon.stop(with_signal)
        assert took < 2.0
        assert daemon.process.returncode == 0
        _, left = psutil.wait_procs(family, timeout=0.5)
        # an orphan that has ended stays a zombie where the system's first process does not collect it
        assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
        assert [block for block in blocks if block.exists()] == []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            port.bind(("127.0.0.1", daemon.port))
        assert "Traceback" not in daemon.output


def test_a_second_daemon_on_the_port_says_so_and_exits_with_code_3(
    jack_server: JackServer, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        daemon = Daemon(f"data={tmp_path}", env=jack_server.env, port=port)
        daemon.launch()
        assert daemon.process.wait(30) == 3
        daemon.kill()
    assert str(port) in daemon.output
    assert "Traceback" not in daemon.output


def test_without_any_sound_device_it_runs_on_the_null_clock_and_says_so(tmp_path: Path) -> None:
    nowhere = {**JackServer("no_such_server").env}
    with Daemon(f"data={tmp_path}", env=nowhere) as daemon, OscClient(daemon.port) as client:
        assert "null" in daemon.output.lower()
        client.ask("/bridge/deck/1/start", "now")
        assert client.ask("/bridge/tempo").address == "/bridge/tempo"
