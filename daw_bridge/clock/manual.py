"""ManualSource: the instrument's own tempo, set in BPM or tapped."""

from __future__ import annotations

import math
from collections import deque

from daw_bridge.clock.source import BeatLine, Reading
from daw_bridge.clock.tap import TapTempo


class ManualSource:
    """The internal clock as a source: what a message or a foot says.

    A tempo in BPM moves no beat; four taps and more move it to the taps. `set_tempo` and `tap` may be called
    from any thread.

    Args:
        bpm: at the beginning.
    """

    has_transport = False
    connected = True
    tempo_owner = meter_owner = ""

    def __init__(self, bpm: float = 120.0, name: str = "internal") -> None:
        self.name = name
        self._inbox: deque[tuple[float | None, float]] = deque()
        self._taps = TapTempo()
        self._tempo = bpm
        self._line: BeatLine | None = None
        self._epoch = 0

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Nothing to close."""

    def watch(self) -> None:
        """Nothing comes or goes."""

    def set_meter(self, beats_per_bar: int) -> None:
        """It has no bars of its own."""

    def set_tempo(self, bpm: float) -> None:
        """The tempo, from now on.

        Raises:
            ValueError: ``bpm`` is not a positive finite number.
        """
        if not (bpm > 0 and math.isfinite(bpm)):
            raise ValueError(f"tempo {bpm} is not a positive number of BPM")
        self._inbox.append((bpm, 0.0))

    def tap(self, time: float) -> None:
        """A tap, at ``time`` (seconds of `time.monotonic`)."""
        self._inbox.append((None, time))

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`; bars are the instrument's own, so that taps only set tempo and beat."""
        while self._inbox:
            bpm, time = self._inbox.popleft()
            if bpm is not None:
                self._tempo, self._line, self._taps = bpm, None, TapTempo()
                continue
            tempo, line = self._taps.tap(time)
            if tempo is not None:
                self._tempo, self._line = tempo, line
                self._epoch += line is not None
        return Reading("locked", self._tempo, self._line, self._epoch)
