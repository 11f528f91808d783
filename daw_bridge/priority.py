"""Precedence of the front process before others, where the system grants it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import get_native_id
from typing import TypeVar

FRONT_NICE = -10
# below a sound server (JACK: 10) and its clients (5)
FRONT_PRIORITY, FEEDER_PRIORITY = 1, 2
GENTLE_NICE = 5
# <sys/mman.h> of Linux
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4

T = TypeVar("T")


def take_precedence() -> None:
    """Let this process's threads run before others that want the processor: the sound must not wait for them.

    To be called before threads are started, which inherit it. On Linux they get real-time priority (rtprio
    in limits.conf, which distributions give to the audio group), all of them, because the feeder waits for
    whichever of them holds the interpreter's lock. Niceness alone counts only among the processes of one
    session (autogroups): what was started elsewhere takes its share all the same. Without the right to either
    nothing changes.
    """
    if not _in_real_time(FRONT_PRIORITY):
        _set_nice(FRONT_NICE)


def stay_in_memory() -> bool:
    """Keep in memory what this process has once touched, so that the sound never waits for a page that was
    taken away; returns whether that is granted.

    On Linux only, and only without a limit (memlock in limits.conf, which distributions lift for the audio
    group): under one, an allocation could fail later on. Processes that this one starts are free of it.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes
    import resource

    endless = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, endless)
        locked: int = ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)
    except (OSError, ValueError, AttributeError):
        return False
    return locked == 0


def precede_front() -> None:
    """Let the calling thread, the feeder's, run before the others of a front that runs in real time."""
    if _scheduled() == FRONT_PRIORITY:
        _in_real_time(FEEDER_PRIORITY)


@contextmanager
def given_up() -> Iterator[None]:
    """No real-time priority of the calling thread while this is open, so that a process that it starts has
    none: generation may wait, as it runs ahead, and what a process does before its first line may, too."""
    priority = _scheduled()
    if priority:
        _as_others()
    try:
        yield
    finally:
        if priority:
            _in_real_time(priority)


def give_way() -> None:
    """Take no precedence, in a process started by one that does."""
    if _scheduled():
        _as_others()
    if hasattr(os, "getpriority") and os.getpriority(os.PRIO_PROCESS, 0) < 0:
        _set_nice(0)


def spare_garbage(collect: bool = True) -> None:
    """Leave what is there now out of the rounds of the garbage collector: each would stop all threads for as
    long as it takes to look at everything that was imported.

    Args:
        collect: end with a last such round, for when nothing plays yet.
    """
    if collect:
        gc.collect()
    gc.freeze()


def gently(action: Callable[[], T]) -> T:
    """Carry something out while others come first, and wait for it; what it raises is raised.

    It runs in a thread of its own, which alone gives way: a process that has stepped back may not step
    forward again. Where the system knows no precedence of threads (Linux does) it runs as it is.
    """
    if not sys.platform.startswith("linux"):
        return action()
    with ThreadPoolExecutor(1, initializer=_step_back) as thread:
        return thread.submit(action).result()


def _step_back() -> None:
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), GENTLE_NICE)


def _scheduled() -> int:
    """The real-time priority of the calling thread; 0 without."""
    if not hasattr(os, "sched_getparam"):
        return 0
    return int(os.sched_getparam(0).sched_priority)


def _as_others() -> None:
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _in_real_time(priority: int) -> bool:
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except OSError:
        return False
    return True


def _set_nice(nice: int) -> None:
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, nice)
