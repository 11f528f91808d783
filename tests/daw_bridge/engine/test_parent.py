from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import psutil

from daw_bridge.engine.worker import end_with_parent

PARENT = """
import multiprocessing, time
from tests.daw_bridge.engine.test_parent import busy
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=busy)
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)
"""


def busy() -> None:
    """What looks at no pipe for a minute."""
    end_with_parent()
    print("ready", flush=True)
    time.sleep(60)


def test_a_process_that_is_busy_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline().strip() == "ready"
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 5.0
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_nobody_started_goes_on() -> None:
    assert multiprocessing.parent_process() is None
    end_with_parent()
