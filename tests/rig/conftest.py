"""Fixtures of the rig: a JACK server, the daemon on it as a real process, a recorder and an OSC client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer, missing_programs
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the rig where its programs are missing; in CI that is a failure, never a skip."""
    missing = missing_programs()
    if missing and not os.environ.get("CI"):
        skip = pytest.mark.skip(reason=f"the rig needs {', '.join(missing)}: run make test")
        for item in items:
            if item.get_closest_marker("rig"):
                item.add_marker(skip)


@dataclass
class Rig:
    """Everything a test of the sounding daemon needs."""

    jack: JackServer
    daemon: Daemon
    recorder: Recorder
    client: OscClient

    def stop_playing(self) -> None:
        """Stop deck 1 at once and wait until nothing sounds any more."""
        self.client.ask("/bridge/deck/1/stop", "now")
        for _ in range(50):
            if abs(self.recorder.record(0.1).samples).max() == 0.0:
                return
        raise AssertionError("the daemon still sounds 5 s after stop")


@pytest.fixture(scope="module")
def jack_server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture(scope="module")
def running(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One daemon for the tests of a module, as starting it takes seconds."""
    data = tmp_path_factory.mktemp("data")
    with (
        Daemon(f"data={data}", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        yield Rig(jack_server, daemon, recorder, client)


@pytest.fixture
def rig(running: Rig) -> Iterator[Rig]:
    """The running daemon, silent and with its defaults of musical parameters."""
    running.recorder.clear()
    yield running
    running.stop_playing()
