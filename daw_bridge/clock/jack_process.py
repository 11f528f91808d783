"""The process that watches a JACK server's transport, through JACK-Client (optional).

A server that has ended leaves its clients behind, and a process that has one of them left crashes when it
opens another. The front may have some, of its sound and its MIDI; this process has just one, which it closes,
so that it can look for the server again and again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import activate_client

LOOK_EVERY_S = 0.005
AGAIN_AFTER_S = 0.25
CLOSE_S, LOOKS = 2e-4, 3
BBT, ROLLING = 0x10, 1


@dataclass(frozen=True)
class Bars:
    """What a timebase master says: the beat (quarter notes from the song's start), BPM, beats of a bar."""

    beat: float
    bpm: float
    size: int


@dataclass(frozen=True)
class Look:
    """The transport at ``time`` (seconds of `time.monotonic`): whether it rolls, the seconds since its frame
    0, and the place in bars where there is a timebase master."""

    time: float
    rolling: bool
    seconds: float
    bars: Bars | None


@dataclass(frozen=True)
class Absent:
    """There is no server; ``reason`` is for people."""

    reason: str


TransportEvent: TypeAlias = Look | Absent


def transport_main(connection: Connection, server: str | None) -> None:
    """Send `TransportEvent`s until the other end of ``connection`` closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop = TransportLoop(server, connection.send)
    with suppress(EOFError, OSError):
        while not connection.poll(loop.step()):
            pass
    loop.close()
    # a client that does not close must not keep the process
    os._exit(0)


class TransportLoop:
    """Opens a client, looks at the transport, and looks for the server again when it has ended.

    Args:
        server: name of the JACK server; None for the usual one.
        send: takes what there is to say.
    """

    def __init__(self, server: str | None, send: Callable[[TransportEvent], None]) -> None:
        self._server = server
        self._send = send
        self._client: Any = None
        self._down = False

    def step(self) -> float:
        """Say how it is; returns the seconds until the next time."""
        if self._down:
            self.close()
        try:
            if self._client is None:
                self._open()
        except DeviceError as error:
            self._send(Absent(str(error)))
            return AGAIN_AFTER_S
        look = self._look()
        # one at a server that has just ended says nothing
        self._send(Absent("JACK transport: the server has ended") if self._down else look)
        return LOOK_EVERY_S

    def close(self) -> None:
        """Close the client."""
        client, self._client = self._client, None
        if client is not None:
            if not self._down:
                client.deactivate()
            client.close()
        self._down = False

    def _open(self) -> None:
        def prepare(client: Any) -> None:
            client.set_shutdown_callback(self._shut_down)

        self._client = activate_client("daw_bridge_transport", prepare, self._server)

    def _shut_down(self, *_: object) -> None:
        self._down = True

    def _look(self) -> Look:
        client = self._client
        state, position = client.transport_query_struct()
        looks: list[tuple[float, float, int]] = []
        while len(looks) < LOOKS and (not looks or looks[-1][0] > CLOSE_S):
            before = time.monotonic()
            frame = int(client.transport_frame)
            took = time.monotonic() - before
            looks.append((took, before + took / 2.0, frame))
        _, at, frame = min(looks)
        rate = int(position.frame_rate) or int(client.samplerate)
        return Look(at, state == ROLLING, frame / rate, _bars(position, frame, rate))


def _bars(position: Any, frame: int, rate: int) -> Bars | None:
    """Where a frame is in bars, by the position that was told for another."""
    bpm = float(position.beats_per_minute)
    if not position.valid & BBT or bpm <= 0.0:
        return None
    size = max(1, round(position.beats_per_bar))
    within = position.beat - 1 + position.tick / max(1.0, position.ticks_per_beat)
    beat = (position.bar - 1) * size + within + (frame - int(position.frame)) / rate * bpm / 60.0
    return Bars(beat, bpm, size)
