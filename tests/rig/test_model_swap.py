"""Another model takes over while the daemon plays, heard on JACK."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.soak.silence import Ear, PlayedRecord
from benchmarks.soak.watching import worker_of
from genmodels.checkpoints.bundled import BUNDLED
from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient, Reply
from tests.rig.recorder import Recorder

pytestmark = [pytest.mark.rig, pytest.mark.slow]

LOADING_S = 240.0


def asked(client: OscClient, *words: str | int) -> Reply:
    """Ask for a model; what came of it."""
    since = len(client.replies)
    ack = client.ask("/bridge/model", *words)
    assert ack.address == "/bridge/ack"
    outcomes = ("/bridge/model/done", "/bridge/error")
    return client.wait_for(lambda reply: reply.address in outcomes, since, LOADING_S)


def workers(daemon: Daemon) -> list[psutil.Process]:
    return [each for each in daemon.processes()[1:] if "spawn_main" in " ".join(each.cmdline())]


def test_models_change_while_it_plays_without_a_sample_of_silence(
    jack_server: JackServer, tmp_path: Path
) -> None:
    shutil.copytree(BUNDLED, tmp_path / "models" / "mine")
    (tmp_path / "models" / "broken").mkdir()
    (tmp_path / "models" / "broken" / "config.yaml").write_text("codec: none")
    played = tmp_path / "played.flac"
    with (
        Daemon(f"data={tmp_path}", f"record={played}", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        assert client.ask("/bridge/model").values == ("mini",)
        client.ask("/bridge/deck/1/prompt", "driving techno")
        client.ask("/bridge/deck/1/start", "now")
        recorder.wait_for_sound(timeout=6.0)
        time.sleep(1.0)
        ear = Ear(recorder)
        old = worker_of(daemon)
        done = asked(client, "mine")
        assert (done.address, done.values[0], done.values[2]) == ("/bridge/model/done", "mine", 1.0)
        assert client.ask("/bridge/model").values == ("mine",)
        refused = asked(client, "broken")
        assert refused.address == "/bridge/error"
        assert "broken" in str(refused.values[1])
        assert not old.is_running() or old.status() == psutil.STATUS_ZOMBIE
        back = asked(client, "mini", "2M")
        assert (back.values[0], int(back.values[1]) % 2) == ("mini", 1)
        time.sleep(4.0)
        assert len(workers(daemon)) <= 2
        ear.listen()
        assert ear.lost_share < 20.0
    record = PlayedRecord(played)
    lost = record.samples(ear.stretches)
    record.close()
    # what the sound server lost on its way is not the instrument's
    assert set(lost) <= {"server"}, lost
    assert "Traceback" not in daemon.output
