"""MidiClockOut: the instrument as the MIDI clock of others."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from daw_bridge.clock.midi_clock import TICKS_PER_BEAT, TICKS_PER_POSITION
from daw_bridge.clock.midi_stream import CLOCK, CONTINUE, SONG_POSITION, START, STOP
from daw_bridge.clock.source import BeatLine

WAKE_S = 0.005
MAX_BEHIND = 4
LAST_POSITION = 0x3FFF

Send = Callable[[bytes], None]


class MidiClockOut:
    """Sends 24 clocks a beat, start, stop, continue and song position.

    `pump` sends what is due; `run_in_thread` calls it when something is due, so that clocks are as punctual
    as the system lets a thread wake. Clocks go on while stopped. Where the line was moved, they go on
    from there.

    Args:
        send: takes one message; called in the thread that pumps.
        line: the beat that is heard at a time, and the tempo (see `Follower.samples` and `TempoMap`).
    """

    def __init__(self, send: Send, line: Callable[[float], BeatLine]) -> None:
        self._send = send
        self._line = line
        self._lock = threading.Lock()
        self._next: int | None = None
        self._rolling_from: int | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def play(self, beat: float = 0.0) -> None:
        """Start the others so that their song and ours agree from ``beat`` on, at the next sixteenth from
        there; where that is beat 0 by a start, else by song position and continue."""
        with self._lock:
            self._rolling_from = max(0, math.ceil(beat * TICKS_PER_BEAT / TICKS_PER_POSITION))

    def halt(self) -> None:
        """Stop the others."""
        with self._lock:
            self._rolling_from = None
            self._send(bytes([STOP]))

    def pump(self, now: float) -> float:
        """Send what is due at ``now`` (seconds of `time.monotonic`); returns seconds until the next clock."""
        with self._lock:
            line = self._line(now)
            reached = math.floor(line.beat_at(now) * TICKS_PER_BEAT + 1e-9)
            if self._next is None or abs(reached - self._next) > MAX_BEHIND:
                self._next = reached + 1
            while self._next <= reached:
                self._begin(self._next)
                self._send(bytes([CLOCK]))
                self._next += 1
            return max(0.0, line.time_of(self._next / TICKS_PER_BEAT) - now)

    def run_in_thread(self) -> None:
        """Pump in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._run, daemon=True, name="midi-clock-out")
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _begin(self, tick: int) -> None:
        """Before the clock of a sixteenth from which the others shall run, tell them."""
        first = self._rolling_from
        if first is None or tick % TICKS_PER_POSITION or tick // TICKS_PER_POSITION < first:
            return
        self._rolling_from = None
        position = tick // TICKS_PER_POSITION
        if position == 0:
            self._send(bytes([START]))
            return
        position = min(position, LAST_POSITION)
        self._send(bytes([SONG_POSITION, position & 0x7F, position >> 7]))
        self._send(bytes([CONTINUE]))

    def _run(self) -> None:
        while not self._ended.is_set():
            due = self.pump(time.monotonic())
            # short naps only, as the tempo may change meanwhile
            self._ended.wait(min(WAKE_S, due))
