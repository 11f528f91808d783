"""The process that listens: a sound input becomes chroma, apart from the instrument's sound.

PortAudio cannot look for new devices without closing all that are open, so the input has a PortAudio of its
own: the output never notices whether an input comes, goes or hangs. The sound never leaves this process.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from daw_bridge.audio import devices
from daw_bridge.audio.sound_input import SoundInput
from daw_bridge.errors import DeviceError, SoundServerError
from daw_bridge.melody.live_chroma import ChromaFrame, LiveChroma
from daw_bridge.priority import give_way

READ_EVERY_S = 0.01
LOOK_EVERY_S = 2.0
SAY_EVERY_S = 1.0


@dataclass(frozen=True)
class Listening:
    """The input is open; ``latency_s`` seconds pass from the sound to its sample (0 where nobody knows)."""

    name: str
    latency_s: float


@dataclass(frozen=True)
class Deaf:
    """There is no such input at the moment, for a reason; ``lost`` if there was one before."""

    reason: str
    lost: bool


EarEvent: TypeAlias = Listening | Deaf | tuple[ChromaFrame, ...]


def ear_main(connection: Connection, device: str, channel: int) -> None:
    """Listen until the other end of ``connection`` closes, and send `EarEvent`s: at least one a second."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way()
    ear = EarLoop(device, channel, connection.send)
    try:
        while not connection.poll(ear.step()):
            pass
    except (EOFError, OSError, SoundServerError):
        # whoever listens to this process starts another
        pass
    # an input that does not close must not keep the process
    os._exit(0)


class EarLoop:
    """Opens the input, reads it, and looks for it again when it is lost.

    Args:
        send: takes what there is to say.
    """

    def __init__(self, device: str, channel: int, send: Callable[[EarEvent], None]) -> None:
        self._device = device
        self._channel = channel
        self._send = send
        self._input: SoundInput | None = None
        self._chroma: LiveChroma | None = None
        self._fresh = True
        self._said = 0.0

    def step(self) -> float:
        """Do what is to be done; returns the seconds until the next time."""
        if self._input is None:
            return self._open()
        samples = self._input.read()
        if not self._input.alive:
            self._input.stop()
            self._input = None
            self._send(Deaf(f"sound input {self._device or devices.DEFAULT!r} is gone", lost=True))
            return LOOK_EVERY_S
        if samples is None or self._chroma is None:
            self._chroma = LiveChroma(self._input.sample_rate)
            return READ_EVERY_S
        found = self._chroma.push(samples)
        now = time.monotonic()
        if found or now - self._said > SAY_EVERY_S:
            self._said = now
            times = self._input.time_of
            self._send(tuple(ChromaFrame(times(each.sample), each.chroma, each.level_db) for each in found))
        return READ_EVERY_S

    def _open(self) -> float:
        try:
            if not self._fresh:
                devices.refresh()
            self._fresh = False
            opened = SoundInput(self._device, self._channel)
            opened.start()
        except SoundServerError:
            raise
        except DeviceError as error:
            self._send(Deaf(str(error), lost=False))
            return LOOK_EVERY_S
        self._input, self._chroma = opened, LiveChroma(opened.sample_rate)
        self._send(Listening(opened.name, opened.latency_s))
        return READ_EVERY_S
