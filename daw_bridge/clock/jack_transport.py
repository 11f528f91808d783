"""JACK transport as a source, and the instrument as its timebase master, through JACK-Client (optional)."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from daw_bridge.clock.internal import Moment
from daw_bridge.clock.source import BeatLine, ClockEvent, Reading, State
from daw_bridge.errors import DeviceError

EXTRA = "JACK transport needs JACK-Client: pip install 'daw-bridge[jack]'"
BBT = 0x10
TICKS_PER_BEAT = 1920.0
JUMP_BEATS = 0.05
BEAT_TYPE = 4.0


def open_client(name: str, server: str | None = None) -> Any:
    """A JACK client, not activated.

    Raises:
        DeviceError: JACK-Client or its library is missing, or no server runs.
    """
    try:
        jack = import_module("jack")
    except (ImportError, OSError) as error:
        raise DeviceError(f"{EXTRA} ({error})") from error
    try:
        return jack.Client(name, servername=server, no_start_server=True)
    except jack.JackError as error:
        which = f"server {server}" if server else "server"
        raise DeviceError(f"JACK transport: no JACK {which} can be reached: {error}") from error


def jack_period_s(server: str | None = None) -> float:
    """Length of the JACK server's period, seconds: the grain of MIDI that rtmidi takes from it.

    Raises:
        DeviceError: see `open_client`.
    """
    with open_client("daw_bridge_probe", server) as client:
        return float(client.blocksize / client.samplerate)


class JackTransportSource:
    """Follows the transport of a JACK server.

    Where a timebase master tells bar, beat and tempo these count. Without one the tempo stays the
    instrument's own (`set_tempo`), and beats count from the transport's frame 0 in it.

    Args:
        bpm: tempo while there is no timebase master. beats_per_bar: likewise.
        server: name of the JACK server; None for the usual one.
    """

    has_transport = True

    def __init__(self, bpm: float = 120.0, beats_per_bar: int = 4, server: str | None = None) -> None:
        self.name = "JACK transport"
        self._bpm = bpm
        self._beats_per_bar = beats_per_bar
        self._server = server
        self._client: Any = None
        self._down = False
        self._mastered = False
        self._epoch = 0
        self._rolling = False
        self._last: BeatLine | None = None

    def start(self) -> None:
        """Open the client.

        Raises:
            DeviceError: JACK-Client is missing, or no server runs.
        """
        client = open_client("daw_bridge_transport", self._server)
        client.set_shutdown_callback(self._shut_down)
        client.activate()
        self._client, self._down = client, False

    def stop(self) -> None:
        """Close the client."""
        client, self._client = self._client, None
        if client is not None:
            if not self._down:
                client.deactivate()
            client.close()

    @property
    def connected(self) -> bool:
        """Whether the server runs."""
        return self._client is not None and not self._down

    @property
    def tempo_owner(self) -> str:
        """The timebase master, where there is one."""
        return "JACK's timebase master" if self._mastered else ""

    @property
    def meter_owner(self) -> str:
        """The timebase master, where there is one."""
        return self.tempo_owner

    def watch(self) -> None:
        """The server tells of its end by itself."""

    def set_tempo(self, bpm: float) -> None:
        """The tempo while there is no timebase master."""
        self._bpm = bpm

    def set_meter(self, beats_per_bar: int) -> None:
        """The meter while there is no timebase master."""
        self._beats_per_bar = beats_per_bar

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`."""
        if self._client is None:
            return Reading("waiting", self._bpm)
        if self._down:
            lost = (ClockEvent("lost", now, self._last.beat_at(now)),) if self._rolling and self._last else ()
            self._rolling = False
            return Reading("lost", self._last.bpm if self._last else self._bpm, None, self._epoch, None, lost)
        state, position = self._client.transport_query_struct()
        asked = time.monotonic()
        frame = int(self._client.transport_frame)
        beat, bpm, size = self._place(position, frame)
        line = BeatLine(now, beat + (now - asked) * bpm / 60.0, bpm)
        events = self._events(state == 1, line, now)
        self._last = line
        shown: State = "locked"
        return Reading(shown, bpm, line if self._rolling else None, self._epoch, size, events)

    def _shut_down(self, *_: object) -> None:
        self._down = True

    def _place(self, position: Any, frame: int) -> tuple[float, float, int]:
        """Beat at a transport frame, tempo, and beats of a bar (quarter notes)."""
        rate = int(position.frame_rate) or int(self._client.samplerate)
        self._mastered = bool(position.valid & BBT) and position.beats_per_minute > 0.0
        if not self._mastered:
            return frame / rate * self._bpm / 60.0, self._bpm, self._beats_per_bar
        bpm, size = float(position.beats_per_minute), max(1, round(position.beats_per_bar))
        within = position.beat - 1 + position.tick / max(1.0, position.ticks_per_beat)
        beat = (position.bar - 1) * size + within
        return beat + (frame - int(position.frame)) / rate * bpm / 60.0, bpm, size

    def _events(self, rolling: bool, line: BeatLine, now: float) -> tuple[ClockEvent, ...]:
        last, was = self._last, self._rolling
        self._rolling = rolling
        if rolling and not was:
            self._epoch += 1
            return (ClockEvent("start" if line.beat < 1.0 else "continue", now, line.beat),)
        if was and not rolling:
            return (ClockEvent("stop", now, line.beat),)
        expected = None if last is None else last.beat_at(now) if rolling else last.beat
        if expected is not None and abs(line.beat - expected) > JUMP_BEATS:
            self._epoch += 1
            if not rolling:
                return (ClockEvent("position", now, line.beat),)
        return ()


class JackTimebase:
    """Tells the JACK server's clients bar, beat and tempo of the instrument.

    Args:
        where: the musical moment heard at a time (seconds of `time.monotonic`); called in JACK's thread, must
            return at once.
        tempo: BPM of now; beats_per_bar: of now.
        conditional: leave it to another master that is there already.

    Raises:
        DeviceError: JACK-Client is missing, no server runs, or another master is there.
    """

    def __init__(
        self,
        where: Callable[[float], Moment],
        tempo: Callable[[], float],
        beats_per_bar: Callable[[], int],
        conditional: bool = True,
        server: str | None = None,
    ) -> None:
        self._where, self._tempo, self._size = where, tempo, beats_per_bar
        self._client = open_client("daw_bridge_timebase", server)
        if not self._client.set_timebase_callback(self._fill, conditional):
            self._client.close()
            raise DeviceError("JACK has a timebase master already: stop it, or do not ask to be it")
        self._client.activate()

    def close(self) -> None:
        """Be master no more."""
        client, self._client = self._client, None
        if client is not None:
            client.release_timebase()
            client.deactivate()
            client.close()

    def _fill(self, _state: int, _blocksize: int, position: Any, _new: bool) -> None:
        moment, size = self._where(time.monotonic()), self._size()
        whole = int(moment.beat)
        position.valid = BBT
        position.bar, position.beat = moment.bar, whole
        position.tick = int((moment.beat - whole) * TICKS_PER_BEAT)
        position.bar_start_tick = (moment.bar - 1) * size * TICKS_PER_BEAT
        position.beats_per_bar, position.beat_type = float(size), BEAT_TYPE
        position.ticks_per_beat, position.beats_per_minute = TICKS_PER_BEAT, self._tempo()
