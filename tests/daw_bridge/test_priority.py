from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection

import pytest

from daw_bridge import priority


def niceness(connection: Connection) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    priority.take_precedence()
    taken = os.getpriority(os.PRIO_PROCESS, 0)
    priority.give_way()
    connection.send((before, taken, os.getpriority(os.PRIO_PROCESS, 0)))


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no such thing here")
def test_precedence_is_taken_where_it_is_granted_and_given_up_again() -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=niceness, args=(theirs,))
    process.start()
    before, taken, after = ours.recv()
    process.join()
    assert taken in (before, priority.FRONT_NICE)
    assert after == (0 if taken < 0 else before)


def test_a_system_that_refuses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(priority.os, "setpriority", refuse, raising=False)
    priority.take_precedence()
