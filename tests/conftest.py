"""What holds for all tests: no network, no waiting threads, no files of hypothesis, no dead JACK servers."""

from __future__ import annotations

import os
import threading
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("JACK_NO_START_SERVER", "1")

import pytest
from hypothesis import settings

from daw_bridge import jack_client

settings.register_profile("daw_bridge", deadline=None, database=None, max_examples=60)
settings.load_profile("daw_bridge")


TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the instrument run against the clock of a machine that others may use, too: one that fails is
    run again, at most twice, and the summary names it. Tests of the models have no such excuse."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] != "genmodels":
            item.add_marker(pytest.mark.flaky(reruns=2))


def pytest_configure() -> None:
    """Before anything of this process knows of JACK."""
    from tests.rig.jack_server import forget_dead_servers

    forget_dead_servers()


@pytest.fixture(autouse=True)
def _jack_servers_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A JACK server that ended in one test is nothing to the others."""
    monkeypatch.setattr(jack_client, "_lost", threading.Event())
