"""Following: the player's clock led by a source that can be changed while it plays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from daw_bridge.clock.choose import make_source
from daw_bridge.clock.follower import Follower
from daw_bridge.clock.internal import Moment
from daw_bridge.clock.manual import ManualSource
from daw_bridge.clock.parameters import CLOCK, OFFSET, OUT, TRANSPORT
from daw_bridge.clock.quantum import Quantum
from daw_bridge.clock.source import BeatLine, ClockEvent
from daw_bridge.clock.status import ClockState, ClockStatus
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.exchange import Exchange, Openable
from daw_bridge.decks.giving import Giving
from daw_bridge.decks.host_transport import HostTransport
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.protocol import NoticeKind, OnResult, When
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.values import ParameterValues
from daw_bridge.errors import DeviceError
from daw_bridge.midi.port import api_number
from daw_bridge.parameter import Values
from daw_bridge.parameters import lookup

WATCH_EVERY_S = 0.25
LOOKS, CLOSE_S = 3, 2e-4
TEMPO, METER, QUANTUM = "/bridge/tempo", "/bridge/meter", "/bridge/quantum"
SHOWN_BPM = 0.01
LOWEST, HIGHEST = lookup(TEMPO).args[0].low, lookup(TEMPO).args[0].high
CLOCK_VALUES = frozenset({CLOCK, OFFSET, OUT, TRANSPORT})


class Following:
    """Sees to the source of the clock. For the event loop's thread.

    While a source says where its beats lie, bars are its own, also while nothing plays, and the map is
    steered by a `Follower`, as often as rollbacks can be afforded. The internal clock is led by nobody; taps
    steer it until it lies on them.

    Args:
        midi_api: one of `daw_bridge.midi.port.APIS`.
    """

    def __init__(
        self,
        clock: SongClock,
        changes: Changes,
        values: ParameterValues,
        output: OutputHost,
        transport: HostTransport,
        exchange: Exchange,
        midi_api: str,
        notify: Callable[[NoticeKind, str], None],
    ) -> None:
        self._clock = clock
        self._changes = changes
        self._values = values
        self._output = output
        self._transport = transport
        self._exchange = exchange
        self._midi_api = midi_api
        self._notify = notify
        self._follower = Follower(clock.map.sample_rate, ManualSource(clock.map.tempi[-1].bpm))
        self._tapped = False
        self._song_due = False
        self._watch_due = 0.0
        samples = self._follower.samples
        self.giving = Giving(
            clock, changes.decks, self._heard, samples, lambda: output.written, exchange, self._api, notify
        )

    @property
    def status(self) -> ClockStatus:
        """How the source fares."""
        source, reading, clock = self._follower.source, self._follower.reading, self._clock.map
        if self._is_internal:
            return ClockStatus(source.name, "locked", clock.tempi[-1].bpm)
        error = self._follower.error_s(clock, round(self._output.position())) or 0.0
        return ClockStatus(source.name, self._state, reading.tempo or 0.0, 1000.0 * error)

    @property
    def _is_internal(self) -> bool:
        return isinstance(self._follower.source, ManualSource)

    @property
    def _state(self) -> ClockState:
        reading = self._follower.reading
        stands = reading.state != "waiting" and self._transport.standing
        return "standing" if stands else reading.state

    def pump(self) -> None:
        """Ask the source, and let the clock follow; to be called every few milliseconds."""
        follower = self._follower
        now, heard = self._look()
        events = follower.update(now, heard)
        was_led, has_line = self._clock.led, follower.reading.line is not None
        self._clock.led = has_line and not self._is_internal
        if self._tapped:
            self._follow_taps()
        elif not self._is_internal:
            self._changes.steer(follower)
            self._show_tempo()
        source = follower.source
        silent = source.has_transport and source.connected and not has_line
        self._transport.standing = silent or follower.reading.standing
        for event in events:
            self._happened(event, was_led)
        if self._song_due and self._clock.led:
            self._song_due = False
            self._transport.song_started()
        self.giving.pump()
        if now >= self._watch_due:
            self._watch_due = now + WATCH_EVERY_S
            self._exchange.watch(follower.source, self.giving.outlet)

    def set(self, path: str, values: Values, on_result: OnResult | None = None) -> None:
        """Set one of `CLOCK_VALUES`; what has to be opened is set when it is open: see `Exchange.begin`.

        Raises:
            DeviceError: a package is missing, or two choices exclude each other.
        """
        if path == CLOCK:
            self._choose(str(values[0]), on_result)
        elif path == OUT:
            self.giving.choose(str(values[0]), on_result)
        else:
            self._values.put(path, None, values)
            if path == OFFSET:
                ahead = float(values[0]) / 1000.0
                self._follower.options = replace(self._follower.options, ahead_s=ahead)
            else:
                self._transport.obeyed = bool(values[0])
                self._transport.release()

    def check(self, path: str) -> None:
        """Whether tempo or meter are ours to set.

        Raises:
            DeviceError: they are those of the clock that is followed.
        """
        source = self._follower.source
        owner = source.tempo_owner if path == TEMPO else source.meter_owner
        if owner:
            raise DeviceError(f"{path} is set by {owner}: change it there, or send {CLOCK} internal")

    def set_tempo(self, bpm: float, sample: int) -> Moment:
        """Change the tempo from an output sample on, or as soon as can be; of the source, where one is
        followed. `check` first."""
        source, samples = self._follower.source, self._follower.samples
        early = samples.time_of(sample) - time.monotonic() if sample else 0.0
        if self._is_internal or self._follower.reading.tempo is None:
            source.set_tempo(bpm)
            self._tapped = False
            return self._changes.set_tempo(bpm, sample)
        asyncio.get_running_loop().call_later(max(0.0, early), source.set_tempo, bpm)
        return self._clock.moment(max(sample, self._changes.earliest()))

    def set_meter(self, beats_per_bar: int, sample: int) -> Moment:
        """Change the meter at the next bar line from an output sample on. `check` first."""
        self._follower.source.set_meter(beats_per_bar)
        return self._changes.set_meter(beats_per_bar, sample)

    def tap(self) -> None:
        """A tap, now.

        Raises:
            DeviceError: another clock is followed.
        """
        source = self._follower.source
        if not isinstance(source, ManualSource):
            raise DeviceError(f"taps are for the internal clock, but {source.name} is followed")
        source.tap(time.monotonic())
        self._tapped = True

    async def close(self) -> None:
        """Close source and outlet."""
        await self._exchange.close(self._follower.source, self.giving.outlet)

    def _look(self) -> tuple[float, float]:
        """A time, and the output sample heard then: the closest of a few looks, as any may be interrupted."""
        looks: list[tuple[float, float, float]] = []
        while len(looks) < LOOKS and (not looks or looks[-1][0] > CLOSE_S):
            before = time.monotonic()
            heard = self._output.position()
            took = time.monotonic() - before
            looks.append((took, before + took / 2.0, heard))
        return min(looks)[1:]

    def _choose(self, name: str, on_result: OnResult | None) -> None:
        if name == self._exchange.wanted(CLOCK):
            return
        if name == self._exchange.wanted(OUT) == "jack":
            raise DeviceError(f"{OUT} is jack: the master of JACK's timebase cannot follow it")
        clock = self._clock.map
        source = make_source(name, clock.tempi[-1].bpm, clock.meters[-1].beats_per_bar, self._api())

        def adopt() -> Openable:
            self._tapped = self._song_due = False
            self._transport.release()
            return self._follower.swap(source)

        self._exchange.begin(CLOCK, name, source, adopt, on_result)

    def refused(self, path: str, error: Exception) -> None:
        """Something that was planned cannot be done any more: say so."""
        self._notify("warning", f"{path}: {error}")

    def _api(self) -> int:
        return api_number(self._midi_api)

    def _heard(self, time: float) -> BeatLine:
        return self._follower.heard(self._clock.map, time)

    def _follow_taps(self) -> None:
        reading = self._follower.reading
        if reading.line is not None:
            self._changes.steer(self._follower)
            self._values.put(TEMPO, None, (reading.line.bpm,))
            self._tapped = self._follower.wants_change(self._clock.map, self._changes.earliest())
            return
        self._tapped = False
        if reading.tempo is not None and reading.tempo != self._clock.map.tempi[-1].bpm:
            self._changes.set_tempo(reading.tempo)
            self._values.put(TEMPO, None, (reading.tempo,))

    def _show_tempo(self) -> None:
        """Let the value of the tempo be the one that is followed."""
        bpm = self._clock.map.tempi[-1].bpm
        if abs(float(self._values.get(TEMPO, None)[0]) - bpm) > SHOWN_BPM:
            self._values.put(TEMPO, None, (min(max(round(bpm, 2), LOWEST), HIGHEST),))

    def _happened(self, event: ClockEvent, was_led: bool) -> None:
        source = self._follower.source
        if event.notice in ("start", "continue"):
            self._song_due = True
        elif event.notice == "stop":
            self._song_due = False
            self._transport.song_stopped(When(Quantum.parse(str(self._values.get(QUANTUM, None)[0]))))
        elif event.notice == "lost" and was_led:
            self._notify("warning", f"{source.name} is lost: the music goes on at its tempo")
        elif event.notice == "locked":
            self._notify("info", f"{source.name} is followed at {self.status.tempo:.1f} BPM")
