"""The player: decks, clock, engine and output put together, behind `daw_bridge.decks.protocol.Player`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import replace

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.announcer import Announcer, OnNotice
from daw_bridge.decks.assembly import Parts, assemble
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.estimate import Estimate, first_estimates
from daw_bridge.decks.lookahead import Lookahead
from daw_bridge.decks.meter import Meter
from daw_bridge.decks.mixer import SILENT_DB
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.player_status import player_status, with_clock
from daw_bridge.decks.protocol import (
    Ack,
    OnRefused,
    OnResult,
    PlayerOptions,
    ReadCapture,
    Settings,
    Status,
    When,
    no_capture,
)
from daw_bridge.decks.take_desk import TAKE, TakeDesk
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.values import ParameterValues
from daw_bridge.engine.base import MakeEngine
from daw_bridge.engine.local import LocalEngine
from daw_bridge.engine.protocol import DEFAULT_LOADER, Load, Loaded
from daw_bridge.errors import EngineError
from daw_bridge.parameter import Values

PUMP_S = 0.01
OFFSET = "/bridge/latency/offset"
MAX_FADE_S = 0.2
SWITCH_INTERVAL_S = 0.002


def create_player(
    options: PlayerOptions,
    on_notice: OnNotice,
    loader: str = DEFAULT_LOADER,
    make_engine: MakeEngine = LocalEngine,
) -> LivePlayer:
    """The instrument, not started yet; to be called in a running event loop.

    Args:
        loader: see `daw_bridge.engine.protocol.Load`.
        make_engine: builds what runs the model.
    """
    return LivePlayer(options, on_notice, loader, make_engine)


class LivePlayer:
    """See `daw_bridge.decks.protocol.Player` for what each method promises."""

    def __init__(
        self, options: PlayerOptions, on_notice: OnNotice, loader: str, make_engine: MakeEngine
    ) -> None:
        self._options = options
        self._read_capture: ReadCapture = no_capture
        self._announcer = Announcer(on_notice)
        self._notify = self._announcer.tell
        self._lookahead = Lookahead(options.lookahead_ms / 1000.0)
        self._timing = Timing(
            lookahead_s=self._lookahead.seconds,
            change=Estimate(0.06, 0.03, 0.5),
            opening=Estimate(0.25, 0.15, 1.5),
        )
        load = Load(options.model, options.compute, options.threads, loader, options.precision)
        self._values = ParameterValues(options, lambda: self._host.loaded)
        self._takes = TakeDesk(options, self.get, self._notify)
        self._host = Engines(load, make_engine, self, self._takes.keeper.voices)
        self._output = OutputHost(options, self._notify)
        self._parts: Parts | None = None
        self._pumping: asyncio.Task[None] | None = None

    @property
    def deck_count(self) -> int:
        """Number of decks."""
        return self._values.decks

    @property
    def worker_pid(self) -> int | None:
        """Process number of the model worker."""
        return self._host.pid

    async def start(self) -> None:
        """Open the output, start the worker, load and warm up the model."""
        self._output.open()
        rate = self._output.sample_rate
        model = await self._host.start()
        self._adapt(model.realtime_factor)
        self._timing.change, self._timing.opening = first_estimates(model)
        self._timing.meter = Meter(rate)
        parts = self._parts = assemble(
            self._options,
            self._values,
            self._host,
            self._output,
            self._takes,
            self._timing,
            self._notify,
            self._played,
        )
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        channels = self._output.channels
        self._takes.prepare(rate, channels, self._host.load, model, parts.clock, parts.decks, parts.clips)
        self._output.start(parts.mixer, (self._takes.keeper,), parts.mixer.programme)
        self._pumping = asyncio.get_running_loop().create_task(self._pump_forever())

    async def stop(self) -> None:
        """End worker, output and recording, and leave nothing behind."""
        pumping, self._pumping = self._pumping, None
        if pumping is not None:
            pumping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pumping
        parts, self._parts = self._parts, None
        if parts is not None:
            parts.models.swap.close()
            parts.changes.close()
            parts.clips.close()
            parts.choices.close()
            if not parts.changes.idle:
                parts.mixer.set_master(SILENT_DB)
                await asyncio.sleep(min(MAX_FADE_S, self._output.latency_s + 0.03))
            for deck in parts.decks:
                deck.close()
            await parts.following.close()
        await asyncio.gather(self._output.stop(), self._host.stop())
        await self._takes.close()

    def get(self, path: str, deck: int | None) -> Values:
        """The value of a value parameter as last set, or its default."""
        return self._values.get(path, deck)

    def set(
        self, path: str, deck: int | None, values: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """Change a value parameter."""
        parts = self._started()
        if path == f"{DECK}prompt":
            path, values = f"{DECK}prompts", (values[0], 1.0)
        ack = self._ack(*parts.controls.set(path, deck, values, when, on_result))
        self._takes.accepted(path, deck, values, ack)
        return ack

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """Start or stop a deck, cancel what is planned, render a clip, grab bars, or see to the take."""
        commands = self._started().commands
        path, args, when = commands.resolve(path, deck, args, when)
        ack = self._ack(*commands.carry_out(path, deck, args, when, on_result or (lambda result: None)))
        if not path.startswith(TAKE):
            self._takes.accepted(path, deck, args, ack)
        return ack

    def change(
        self,
        model: str,
        settings: Settings,
        when: When,
        on_result: OnResult,
        on_refused: OnRefused,
    ) -> Ack:
        """Set values together, with another model or with the one that plays."""
        parts = self._started()
        known = tuple(
            (f"{DECK}prompts", deck, (values[0], 1.0)) if path == f"{DECK}prompt" else (path, deck, values)
            for path, deck, values in settings
        )
        parts.models.change(model, known, when, on_result, on_refused, trusted=True)
        ack = self._ack(parts.clock.moment(self._output.position()), True)
        for path, deck, values in known:
            self._takes.accepted(path, deck, values, ack)
        return ack

    def show_capture(self, read: ReadCapture) -> None:
        """Let the state tell how far the capture of a melody is, too."""
        self._read_capture = read

    def status(self) -> Status:
        """The present state."""
        parts = self._parts
        clock, decks = (parts.clock, parts.decks[: self.deck_count]) if parts else (None, ())
        take = self._takes.keeper.status
        meter = self._timing.meter
        agenda = parts.controls.agenda if parts else None
        choices = parts.choices if parts else None
        model = self._options.model
        found = player_status(self._host, self._output, clock, decks, model, take, meter, agenda, choices)
        if parts is None:
            return found
        found = replace(found, model=parts.models.name, swap=parts.models.swap.status)
        found = with_clock(found, parts.following.status, parts.transport.waiting)
        return replace(found, capture=self._read_capture(found))

    def _started(self) -> Parts:
        if self._parts is None:
            raise EngineError("the model is not loaded yet: wait for the ready line")
        return self._parts

    def _ack(self, moment: Moment, at_once: bool = False) -> Ack:
        seconds = (moment.sample - self._output.position()) / self._output.sample_rate
        return Ack(moment.beats, moment.bar, moment.sample, 0.0 if at_once else max(0.0, seconds))

    async def _pump_forever(self) -> None:
        while True:
            try:
                self._pump()
            except Exception as error:
                self._announcer.fault(error)
            await asyncio.sleep(PUMP_S)

    def _pump(self) -> None:
        parts = self._parts
        if parts is None:
            return
        parts.controls.pump()
        parts.changes.pump()
        self._output.offset_s = float(self.get(OFFSET, None)[0]) / 1000.0
        written = self._output.written
        parts.models.pump()
        for deck in parts.decks:
            deck.pump(written)
        parts.recovery.pump()
        parts.choices.pump()
        holding = self._announcer.watch(parts.decks, written, self._host)
        if self._timing.meter is not None:
            self._timing.meter.pump(written, self._output.position(), holding)
        if (speed := self._host.take_measured()) is not None:
            self._adapt(speed)
        self._takes.watch(written, parts.changes.idle)
        self._output.watch()
        self._host.watch()
        parts.following.pump()

    def _played(self, model: Loaded) -> None:
        """Another model plays."""
        self._lookahead.forget()
        self._adapt(model.realtime_factor)

    def _adapt(self, speed: float) -> None:
        holds = sum(deck.underruns for deck in self._parts.decks) if self._parts else 0
        self._lookahead.measured(speed, holds)
        self._timing.lookahead_s = self._lookahead.seconds

    def worker_lost(self, reason: str) -> None:
        """For the engine host: see `Recovery`."""
        if self._parts is not None:
            self._parts.recovery.worker_lost(reason)

    def worker_back(self) -> None:
        """For the engine host: see `Recovery`."""
        if self._parts is not None:
            self._parts.recovery.worker_back()

    def voice_failed(self, number: int, reason: str, out_of_memory: bool) -> None:
        """For the engine host: see `Recovery`."""
        if self._parts is not None:
            self._parts.recovery.voice_failed(number, reason, out_of_memory)

    def voice_refused(self, number: int, reason: str) -> None:
        """For the engine host: see `Recovery`."""
        if self._parts is not None:
            self._parts.recovery.voice_refused(number, reason)

    def voice_orphaned(self, number: int, reason: str) -> None:
        """For the engines: see `Recovery`."""
        if self._parts is not None:
            self._parts.recovery.voice_orphaned(number, reason)
