"""Ctrl-C at a moment that suits."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# a terminal and a program that passes signals on may both tell of one
TOGETHER_S = 1.0


@contextmanager
def interrupt_noted() -> Iterator[Callable[[], bool]]:
    """Inside, a first SIGINT (Ctrl-C) is only noted: what is given says whether one came. A second one, more
    than `TOGETHER_S` later, interrupts at once. Python tells signals to the main thread only: in another
    nothing is changed."""
    noted = 0.0

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal noted
        if not noted:
            noted = time.monotonic()
        elif time.monotonic() - noted > TOGETHER_S:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: noted > 0.0
    finally:
        signal.signal(signal.SIGINT, before)
