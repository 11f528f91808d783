"""LinkSource: Ableton Link, through LinkPython-extern (optional)."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from daw_bridge.clock.source import BeatLine, ClockEvent, Reading
from daw_bridge.errors import DeviceError

EXTRA = "Ableton Link needs LinkPython-extern: pip install -e '.[link]'"
READ_TRIES = 3
JUMP_BEATS = 0.01
US = 1e-6


class LinkSource:
    """A peer of the Link session on this network.

    It joins with its own tempo, which counts only where it is the first: a session's tempo is never changed
    by joining. Beats share the session's phase within a bar. Alone it keeps time by itself.

    Args:
        bpm: the tempo to found a session with. beats_per_bar: Link's quantum.

    Attributes:
        has_transport: whether the session's start and stop count: from the first start that is seen on, as a
            session that nobody has ever started cannot be told from one that was stopped, and many never use
            it. Its beats go on while it stands; the last peer that leaves one that stands takes this along.

    Raises:
        DeviceError: LinkPython-extern is not installed.
    """

    connected = True
    tempo_owner = meter_owner = ""

    def __init__(
        self,
        bpm: float = 120.0,
        beats_per_bar: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = "Ableton Link"
        self.beats_per_bar = beats_per_bar
        self._clock = clock
        self.has_transport = False
        self._playing = False
        self._epoch = 0
        self._last: BeatLine | None = None
        try:
            self._link: Any = import_module("link").Link(bpm)
        except ImportError as error:
            raise DeviceError(EXTRA) from error

    @property
    def peers(self) -> int:
        """Other peers in the session."""
        return int(self._link.numPeers())

    def start(self) -> None:
        """Join."""
        self._link.startStopSyncEnabled = True
        self._link.enabled = True

    def stop(self) -> None:
        """Leave."""
        self._link.enabled = False

    def watch(self) -> None:
        """Peers find each other by themselves."""

    def set_meter(self, beats_per_bar: int) -> None:
        """Share the phase of bars of this length from now on."""
        self.beats_per_bar = beats_per_bar

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo of the whole session (20 to 999 BPM)."""
        state = self._link.captureSessionState()
        state.setTempo(bpm, self._link.clock().micros())
        self._link.commitSessionState(state)

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`."""
        state = self._link.captureSessionState()
        micros = round((now + self._offset()) / US)
        line = BeatLine(now, float(state.beatAtTime(micros, self.beats_per_bar)), float(state.tempo()))
        if self._last is not None and self._moved(self._last, line):
            self._epoch += 1
        self._last = line
        events = self._started_or_stopped(state, micros, line)
        if not self._playing and self.peers == 0:
            self.has_transport = False
        standing = self.has_transport and not self._playing
        return Reading("locked", line.bpm, line, self._epoch, self.beats_per_bar, events, standing)

    def _started_or_stopped(self, state: Any, micros: int, line: BeatLine) -> tuple[ClockEvent, ...]:
        """What the session's start and stop have become at a time of Link's clock; they may be announced."""
        playing = bool(state.isPlaying())
        if playing == self._playing or state.timeForIsPlaying() > micros:
            return ()
        self._playing = playing
        self.has_transport = True
        return (ClockEvent("continue" if playing else "stop", line.time, line.beat),)

    def _moved(self, before: BeatLine, line: BeatLine) -> bool:
        """Whether the beat was moved, rather than its tempo changed, since the reading before."""
        expected = (before.beat_at(line.time), before.beat + (line.time - before.time) * line.bpm / 60.0)
        return not min(expected) - JUMP_BEATS <= line.beat <= max(expected) + JUMP_BEATS

    def _offset(self) -> float:
        """Seconds by which Link's clock is ahead of ours: of a few looks the one that took least."""
        looks: list[tuple[float, float]] = []
        for _ in range(READ_TRIES):
            before = self._clock()
            micros = self._link.clock().micros()
            after = self._clock()
            looks.append((after - before, micros * US - (before + after) / 2.0))
        return min(looks)[1]
