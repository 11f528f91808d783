"""JackTimebase: the instrument as the timebase master of a JACK server, through JACK-Client (optional)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from daw_bridge.clock.internal import Moment
from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import activate_client, refuse_after_loss, server_lost

BBT = 0x10
TICKS_PER_BEAT = 1920.0
BEAT_TYPE = 4.0


class JackTimebase:
    """Tells the JACK server's clients bar, beat and tempo of the instrument.

    Args:
        where: the musical moment heard at a time (seconds of `time.monotonic`); called in JACK's thread, must
            return at once.
        tempo: BPM of now. beats_per_bar: of the bar heard at a time; likewise.
        conditional: leave it to another master that is there already.

    Raises:
        DeviceError: JACK-Client is missing, no server runs, one has ended under this process or ends just
            now, or another master is there.
    """

    def __init__(
        self,
        where: Callable[[float], Moment],
        tempo: Callable[[], float],
        beats_per_bar: Callable[[float], int],
        conditional: bool = True,
        server: str | None = None,
    ) -> None:
        self._where, self._tempo, self._size = where, tempo, beats_per_bar
        self._down = False
        self._client: Any = None
        refuse_after_loss()

        def prepare(client: Any) -> None:
            client.set_shutdown_callback(self._shut_down)
            if not client.set_timebase_callback(self._fill, conditional):
                raise DeviceError("JACK has a timebase master already: stop it, or do not ask to be it")

        self._client = activate_client("daw_bridge_timebase", prepare, server)

    @property
    def connected(self) -> bool:
        """Whether the server that was opened still runs."""
        return self._client is not None and not self._down

    def close(self) -> None:
        """Be master no more; may be called twice."""
        client, self._client = self._client, None
        if client is None:
            return
        if not self._down:
            # another may have become master in the meantime
            with suppress(import_module("jack").JackError):
                client.release_timebase()
            client.deactivate()
        client.close()

    def _shut_down(self, *_: object) -> None:
        self._down = True
        server_lost()

    def _fill(self, _state: int, blocksize: int, position: Any, _new: bool) -> None:
        client = self._client
        if client is None:
            return
        # it is the first frame of the next period that is asked for
        ahead = (blocksize - client.frames_since_cycle_start) / client.samplerate
        now = time.monotonic() + ahead
        moment, size = self._where(now), self._size(now)
        whole = int(moment.beat)
        position.valid = BBT
        position.bar, position.beat = moment.bar, whole
        position.tick = int((moment.beat - whole) * TICKS_PER_BEAT)
        position.bar_start_tick = (moment.beats - (moment.beat - 1.0)) * TICKS_PER_BEAT
        position.beats_per_bar, position.beat_type = float(size), BEAT_TYPE
        position.ticks_per_beat, position.beats_per_minute = TICKS_PER_BEAT, self._tempo()
