"""Precedence of the front process before others, where the system grants it."""

from __future__ import annotations

import os
from contextlib import suppress

FRONT_NICE = -10


def take_precedence() -> None:
    """Let this process's threads run before others that want the processor: the sound must not wait for them.

    To be called before threads are started, which inherit it. Without the right to (on Linux ``nice`` in
    limits.conf, which distributions give to the audio group) nothing changes.
    """
    _set(FRONT_NICE)


def give_way() -> None:
    """Take no precedence, in a process started by one that does: generation may wait, as it runs ahead."""
    if hasattr(os, "getpriority") and os.getpriority(os.PRIO_PROCESS, 0) < 0:
        _set(0)


def _set(nice: int) -> None:
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, nice)
