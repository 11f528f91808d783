"""JackTransportSource: JACK's transport, through a process of its own."""

from __future__ import annotations

import time

from daw_bridge.clock.jack_peer import TransportPeer
from daw_bridge.clock.jack_process import Look
from daw_bridge.clock.source import BeatLine, ClockEvent, Reading

JUMP_BEATS = 0.05
STALE_S = 1.0


class JackTransportSource:
    """Follows the transport of a JACK server.

    Where a timebase master tells bar, beat and tempo these count. Without one tempo and meter are the
    instrument's own (`set_tempo`), at first what the last master said, and beats count from the transport's
    frame 0 in them.

    A server that ends is a loss. It is looked for; the transport of one that comes in its place is followed.

    Args:
        bpm: tempo while there is no timebase master. beats_per_bar: likewise.
        server: name of the JACK server; None for the usual one.
        peer: what looks at the transport.
    """

    has_transport = True

    def __init__(
        self,
        bpm: float = 120.0,
        beats_per_bar: int = 4,
        server: str | None = None,
        peer: TransportPeer | None = None,
    ) -> None:
        self.name = "JACK transport"
        self._bpm = bpm
        self._beats_per_bar = beats_per_bar
        self._peer = peer or TransportPeer(server)
        self._look: Look | None = None
        self._mastered = False
        self._lost = False
        self._epoch = 0
        self._rolling = False
        self._last: BeatLine | None = None

    def start(self) -> None:
        """Begin to look.

        Raises:
            DeviceError: JACK-Client is missing, or no server runs.
        """
        self._peer.start()
        self._see(time.monotonic())

    def stop(self) -> None:
        """Look no more; may be called twice."""
        self._peer.stop()

    @property
    def connected(self) -> bool:
        """Whether the server runs."""
        return self._look is not None

    @property
    def tempo_owner(self) -> str:
        """The timebase master, where there is one."""
        return "JACK's timebase master" if self._mastered else ""

    @property
    def meter_owner(self) -> str:
        """The timebase master, where there is one."""
        return self.tempo_owner

    def watch(self) -> None:
        """See `TransportPeer.watch`."""
        self._peer.watch()

    def set_tempo(self, bpm: float) -> None:
        """The tempo while there is no timebase master."""
        self._bpm = bpm

    def set_meter(self, beats_per_bar: int) -> None:
        """The meter while there is no timebase master."""
        self._beats_per_bar = beats_per_bar

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`."""
        self._see(now)
        if self._look is None:
            return self._absent(now)
        line = self._line(self._look)
        events = self._events(self._look.rolling, line, now)
        if self._lost:
            self._lost = False
            events = (ClockEvent("locked", now, line.beat), *events)
        self._last = line
        running = line if self._rolling else None
        return Reading("locked", line.bpm, running, self._epoch, self._beats_per_bar, events)

    def _see(self, now: float) -> None:
        said = self._peer.newest()
        self._look = said if isinstance(said, Look) and now - said.time < STALE_S else None

    def _absent(self, now: float) -> Reading:
        """What there is to say while there is no server."""
        last, self._last = self._last, None
        events: tuple[ClockEvent, ...] = ()
        if last is not None:
            self._mastered, self._lost = False, True
            if self._rolling:
                events = (ClockEvent("lost", now, last.beat_at(now)),)
            self._rolling = False
        return Reading("lost" if self._lost else "waiting", self._bpm, None, self._epoch, None, events)

    def _line(self, look: Look) -> BeatLine:
        """Where the transport's beats lie."""
        bars = look.bars
        self._mastered = bars is not None
        if bars is None:
            return BeatLine(look.time, look.seconds * self._bpm / 60.0, self._bpm)
        # where the master goes, tempo and meter stay
        self._bpm, self._beats_per_bar = bars.bpm, bars.size
        return BeatLine(look.time, bars.beat, bars.bpm)

    def _events(self, rolling: bool, line: BeatLine, now: float) -> tuple[ClockEvent, ...]:
        last, was = self._last, self._rolling
        self._rolling = rolling
        if rolling and not was:
            self._epoch += 1
            return (ClockEvent("start" if line.beat < 1.0 else "continue", now, line.beat),)
        if was and not rolling:
            return (ClockEvent("stop", now, line.beat),)
        expected = None if last is None else last.beat_at(line.time) if rolling else last.beat
        if expected is not None and abs(line.beat - expected) > JUMP_BEATS:
            self._epoch += 1
            if not rolling:
                return (ClockEvent("position", now, line.beat),)
        return ()
