from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from daw_bridge import priority

needs_scheduling = pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="no such thing here")
SHOW_POLICY = "import os; print(os.sched_getscheduler(0))"


def precedence() -> tuple[int, int]:
    """Real-time priority of the calling thread, and niceness of the process."""
    return os.sched_getparam(0).sched_priority, os.getpriority(os.PRIO_PROCESS, 0)


def in_thread(action: Callable[[], object]) -> object:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(action()))
    thread.start()
    thread.join()
    return found[0]


def child_policy() -> int:
    return int(subprocess.run([sys.executable, "-S", "-c", SHOW_POLICY], capture_output=True).stdout)


def feeder_priority() -> int:
    priority.precede_front()
    return precedence()[0]


def take_and_give_up(connection: Connection) -> None:
    before = precedence()
    priority.take_precedence()
    taken, in_threads, of_feeder = precedence(), in_thread(precedence), in_thread(feeder_priority)
    with priority.given_up():
        of_child, meanwhile = child_policy(), precedence()[0]
    again = precedence()
    priority.give_way()
    connection.send((before, taken, in_threads, of_feeder, of_child, meanwhile, again, precedence()))


@needs_scheduling
def test_precedence_is_taken_where_it_is_granted_by_all_threads_and_not_passed_on_to_processes() -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=take_and_give_up, args=(theirs,))
    process.start()
    before, taken, in_threads, of_feeder, of_child, meanwhile, again, after = ours.recv()
    process.join()
    granted = taken[0] > 0
    assert taken in (before, (priority.FRONT_PRIORITY, before[1]), (0, priority.FRONT_NICE))
    assert in_threads == again == taken
    assert of_feeder == (priority.FEEDER_PRIORITY if granted else 0)
    assert (of_child, meanwhile) == (os.SCHED_OTHER, 0)
    assert after == (0, max(0, before[1]) if taken[1] < 0 else before[1])


def test_a_system_that_refuses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuse, raising=False)
    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    priority.take_precedence()
    priority.precede_front()


def test_what_is_there_is_left_out_of_the_collectors_rounds() -> None:
    kept: list[list[int]] = [[] for _ in range(1000)]
    try:
        priority.spare_garbage()
        assert gc.get_freeze_count() > len(kept)
        assert len(gc.get_objects()) < len(kept)
    finally:
        gc.unfreeze()


LOCKED = "(line,) = [line for line in open('/proc/self/status') if line.startswith('VmLck')]"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no such thing here")
def test_what_was_touched_stays_in_memory_where_that_is_granted_but_not_of_a_child() -> None:
    code = f"""
from daw_bridge.priority import stay_in_memory
import subprocess, sys
granted = stay_in_memory()
taken = bytearray(8 << 20)
{LOCKED}
show = {LOCKED + "; print(line.split()[1])"!r}
child = subprocess.run([sys.executable, "-S", "-c", show], capture_output=True)
print(granted, line.split()[1], int(child.stdout))
"""
    words = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    granted, locked, of_child = words[0] == "True", int(words[1]), int(words[2])
    assert locked > 8 << 10 if granted else locked == 0
    assert of_child == 0
