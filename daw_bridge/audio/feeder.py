"""The thread that keeps an output supplied."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.lateness import Lateness
from daw_bridge.audio.output import Output
from daw_bridge.priority import precede_front

PERIOD_S = 0.004
MAX_BLOCK = 512


class Source(Protocol):
    """Where the sound comes from."""

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        """Output samples ``start .. start + count - 1`` as [count, channels]; must return at once.

        Called once for each sample, in order, by the feeder's thread alone.
        """


class Listener(Protocol):
    """Who takes what was written to the output; a `Recorder` is one."""

    def write(self, start: int, block: NDArray[np.float32]) -> None:
        """``block`` [n, channels] went out as output samples ``start ..``; must return at once and not change
        it. Called by the feeder's thread, in order."""


Kept = Callable[[int, NDArray[np.float32]], NDArray[np.float32]]


class Feeder:
    """Tops up an output from a source every few milliseconds; waits for nothing else.

    Args:
        on_error: called in the feeder's thread when the source or the output raised; silence is written
            instead of the block, so that the clock goes on.
        lateness: takes note of how near to running dry the output came.
        kept: what of a block, by its first sample, the listeners are given; by default all of it.
    """

    def __init__(
        self,
        output: Output,
        source: Source,
        listeners: Sequence[Listener] = (),
        on_error: Callable[[Exception], None] | None = None,
        lateness: Lateness | None = None,
        kept: Kept | None = None,
    ) -> None:
        self._kept = kept
        self.output = output
        self._lateness = lateness or Lateness()
        self._source = source
        self._listeners = tuple(listeners)
        self._on_error = on_error
        self._filled = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the output, then the thread. Raises `DeviceError` when the output refuses."""
        self.output.start()
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, daemon=True, name="feeder")
        self._thread.start()

    def stop(self) -> None:
        """End the thread, then the output. The listeners are left to their owners."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(0.5)
        self._thread = None
        self.output.stop()

    def _run(self) -> None:
        precede_front()
        while not self._ended.is_set():
            try:
                self._top_up()
            except Exception as error:
                if self._on_error is not None:
                    self._on_error(error)
            self._ended.wait(PERIOD_S)

    def _top_up(self) -> None:
        output = self.output
        used_up = 0
        while (room := output.writable()) > 0 and not self._ended.is_set():
            used_up, count = max(used_up, room), min(room, MAX_BLOCK)
            start = output.written
            try:
                block = self._source.read(start, count)
            except Exception as error:
                block = np.zeros((count, output.channels), np.float32)
                if self._on_error is not None:
                    self._on_error(error)
            output.write(block)
            if self._kept is not None:
                block = self._kept(start, block)
            for listener in self._listeners:
                listener.write(start, block)
        if used_up and self._filled:
            self._lateness.add(used_up / output.sample_rate)
        self._filled = True
