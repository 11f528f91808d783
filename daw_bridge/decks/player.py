"""The player: decks, clock, engine and output put together, behind `daw_bridge.decks.protocol.Player`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.clip_render import ClipRenderer, clip_name, clip_request
from daw_bridge.decks.conditions import CONDITIONING, DECK
from daw_bridge.decks.deck import READY_FRAMES, Deck, Timing
from daw_bridge.decks.deck_type import MUSIC, deck_type
from daw_bridge.decks.engine_host import EngineHost
from daw_bridge.decks.estimate import Estimate
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.launcher import Launcher
from daw_bridge.decks.meter import Meter
from daw_bridge.decks.mixer import SILENT_DB, Mixer
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.player_status import player_status
from daw_bridge.decks.protocol import (
    Ack,
    DeckState,
    Notice,
    NoticeKind,
    OnResult,
    PlayerOptions,
    Status,
    When,
)
from daw_bridge.decks.recovery import Recovery
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.take_desk import GRAB, TAKE, TakeDesk
from daw_bridge.engine.base import MakeEngine
from daw_bridge.engine.local import LocalEngine
from daw_bridge.engine.protocol import DEFAULT_LOADER, Load
from daw_bridge.errors import EngineError
from daw_bridge.parameter import Values
from daw_bridge.parameters import lookup

log = logging.getLogger(__name__)

PUMP_S = 0.01
HOLD_NOTICE_EVERY_S = 10.0
MAX_FADE_S = 0.2
SWITCH_INTERVAL_S = 0.002

OnNotice = Callable[[Notice], None]


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


@dataclass(frozen=True)
class _Parts:
    """What exists once the player has started."""

    clock: SongClock
    mixer: Mixer
    decks: tuple[Deck, ...]
    changes: Changes
    launcher: Launcher
    clips: ClipRenderer
    recovery: Recovery


class LivePlayer:
    """See `daw_bridge.decks.protocol.Player` for what each method promises."""

    def __init__(
        self, options: PlayerOptions, on_notice: OnNotice, loader: str, make_engine: MakeEngine
    ) -> None:
        self._options = options
        self._on_notice = on_notice
        self._values: dict[tuple[str, int | None], Values] = {}
        self._timing = Timing(
            lookahead_s=options.lookahead_ms / 1000.0,
            change=Estimate(0.06, 0.03, 0.5),
            opening=Estimate(0.25, 0.15, 1.5),
        )
        load = Load(options.model, options.compute, options.threads, loader)
        self._load = load
        self._takes = TakeDesk(options, self.get, self._notify)
        self._host = EngineHost(load, make_engine, self, self._takes.keeper)
        self._output = OutputHost(options, self._notify)
        self._parts: _Parts | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._shown: list[DeckState] = ["stopped"] * options.decks
        self._hold_notice_due = 0.0
        self._last_fault = ""

    @property
    def deck_count(self) -> int:
        """Number of decks."""
        return self._options.decks

    @property
    def worker_pid(self) -> int | None:
        """Process number of the model worker."""
        return self._host.pid

    async def start(self) -> None:
        """Open the output, start the worker, load and warm up the model."""
        self._output.open()
        rate = self._output.sample_rate
        model = await self._host.start()
        step = 1.0 / (model.realtime_factor * model.frame_rate)
        before_sound = model.max_delay + model.lookahead_frames
        self._timing.change.add((before_sound + 6) * step + 0.01)
        self._timing.opening.add((before_sound + READY_FRAMES + 4) * step + 0.08)
        clock, geometry = SongClock(rate), Geometry(model, rate)
        self._timing.meter = Meter(rate)
        decks = tuple(
            Deck(n + 1, clock, self._host, geometry, self._timing) for n in range(self._options.decks)
        )
        mixer = Mixer(decks, rate, self._output.channels)
        changes = Changes(clock, decks, self._timing, self._written)
        launcher = Launcher(clock, decks, changes, self._timing, self._written, self._takes.starting)
        clips = ClipRenderer(self._host, model)
        recovery = Recovery(clock, decks, clips, self._timing, self._written, self._seed, self._notify)
        self._parts = _Parts(clock, mixer, decks, changes, launcher, clips, recovery)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._takes.prepare(rate, self._output.channels, self._load, model, clock, decks, clips)
        self._output.start(mixer, (self._takes.keeper,))
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
            parts.changes.close()
            parts.clips.close()
            if not parts.changes.idle:
                parts.mixer.master.set_db(SILENT_DB)
                await asyncio.sleep(min(MAX_FADE_S, self._output.latency_s + 0.03))
            for deck in parts.decks:
                deck.close()
        await asyncio.gather(self._output.stop(), self._host.stop())
        await self._takes.close()

    def get(self, path: str, deck: int | None) -> Values:
        """The value of a value parameter as last set, or its default."""
        if path == f"{DECK}seed" and (path, deck) not in self._values:
            return ((self._options.seed + (deck or 1) - 1) % 2**31,)
        if path == f"{DECK}prompt":
            return self.get(f"{DECK}prompts", deck)[:1]
        found = self._values.get((path, deck))
        return self._default(path) if found is None else found

    def _default(self, path: str) -> Values:
        """The table's default, or the one of the type of decks that the model makes."""
        kind = deck_type(self._host.loaded) if self._host.loaded else MUSIC
        return kind.defaults.get(path.removeprefix(DECK), lookup(path).default)

    def set(self, path: str, deck: int | None, values: Values, when: When) -> Ack:
        """Change a value parameter."""
        parts = self._started()
        if path == f"{DECK}prompt":
            path, values = f"{DECK}prompts", (values[0], 1.0)
        name = path.removeprefix(DECK)
        if deck is not None and name in CONDITIONING:
            each = parts.decks[deck - 1]
            moment = parts.changes.set_value(each, name, values, when.quantum, when.bar, when.asked)
            ack = self._ack(moment, at_once=not each.active)
        elif path == "/bridge/tempo":
            ack = self._ack(parts.changes.set_tempo(float(values[0])), at_once=parts.changes.idle)
        elif path == "/bridge/meter":
            ack = self._ack(parts.changes.set_meter(int(values[0])))
        else:
            self._set_gain(parts, path, deck, values)
            ack = self._ack(parts.clock.moment(self._written()), at_once=True)
        self._values[path, deck] = values
        self._takes.accepted(path, deck, values, ack)
        return ack

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """Start or stop a deck, render a clip, grab bars, or see to the take."""
        ack = self._carry_out(path, deck, args, when, on_result or (lambda result: None))
        if not path.startswith(TAKE):
            self._takes.accepted(path, deck, args, ack)
        return ack

    def _carry_out(self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult) -> Ack:
        parts = self._started()
        if path == f"{DECK}start" and deck is not None:
            self._require_engine()
            length = float(self.get(f"{DECK}length", deck)[0])
            return self._ack(parts.launcher.start(parts.decks[deck - 1], when, self._seed(deck), length))
        if path == f"{DECK}stop" and deck is not None:
            each = parts.decks[deck - 1]
            return self._ack(parts.launcher.stop(each, when), at_once=not each.active)
        if path == "/bridge/clip/render":
            self._require_engine()
            prompt, bars, tempo, name = args
            out = parts.clips.path(self._options.data, str(name) or clip_name(str(prompt), float(tempo)))
            request = clip_request(self.get, self._options, str(prompt), int(bars), float(tempo), out)
            parts.clips.submit(request, on_result)
            return self._ack(parts.clock.moment(self._written()), at_once=True)
        heard = parts.clock.moment(self._output.position())
        if path == GRAB and deck is not None:
            self._takes.grab(deck, int(args[0]), heard.sample, on_result)
            return self._ack(heard, at_once=True)
        if path.startswith(TAKE):
            self._takes.command(path.removeprefix(TAKE), args, heard)
            return self._ack(heard, at_once=True)
        raise EngineError(f"{path}: the player does not know this command")

    def status(self) -> Status:
        """The present state."""
        parts = self._parts
        clock, decks = (parts.clock, parts.decks) if parts else (None, ())
        take = self._takes.keeper.status
        meter = self._timing.meter
        return player_status(self._host, self._output, clock, decks, self._options.model, take, meter)

    def _started(self) -> _Parts:
        if self._parts is None:
            raise EngineError("the model is not loaded yet: wait for the ready line")
        return self._parts

    def _require_engine(self) -> None:
        if self._host.state == "failed":
            raise EngineError("the model worker has failed for good: restart daw-bridge")
        if self._host.state != "ready":
            raise EngineError("the model worker is being restarted: try again in a few seconds")

    def _set_gain(self, parts: _Parts, path: str, deck: int | None, values: Values) -> None:
        if path == "/bridge/gain":
            parts.mixer.master.set_db(float(values[0]), at_once=parts.changes.idle)
        elif path == f"{DECK}gain" and deck is not None:
            parts.mixer.gains[deck - 1].set_db(float(values[0]), at_once=not parts.decks[deck - 1].active)

    def _written(self) -> int:
        return self._output.written

    def _seed(self, deck: int) -> int:
        return int(self.get(f"{DECK}seed", deck)[0])

    def _ack(self, moment: Moment, at_once: bool = False) -> Ack:
        seconds = (moment.sample - self._output.position()) / self._output.sample_rate
        return Ack(moment.beats, moment.bar, moment.sample, 0.0 if at_once else max(0.0, seconds))

    async def _pump_forever(self) -> None:
        while True:
            try:
                self._pump()
            except Exception as error:
                self._report_fault(error)
            await asyncio.sleep(PUMP_S)

    def _pump(self) -> None:
        parts = self._parts
        if parts is None:
            return
        parts.changes.pump()
        written = self._written()
        for deck in parts.decks:
            deck.pump(written)
            state = deck.state(written)
            if state != self._shown[deck.number - 1]:
                self._shown[deck.number - 1] = state
                self._notify("deck", state, deck.number)
                if state == "holding":
                    self._notify_hold(deck)
        if self._timing.meter is not None:
            holding = (state == "holding" for state in self._shown)
            self._timing.meter.pump(written, self._output.position(), holding)
        self._takes.watch(written, parts.changes.idle)
        self._output.watch()
        self._host.watch()

    def _report_fault(self, error: Exception) -> None:
        """Something is wrong inside: say so, once as long as it stays the same, and play on."""
        fault = f"{type(error).__name__}: {error}"
        if fault != self._last_fault:
            self._last_fault = fault
            log.error("inside the player", exc_info=error)
            self._notify("error", f"failed inside: {fault}")

    def _notify_hold(self, deck: Deck) -> None:
        if self._host.state != "ready" or time.monotonic() < self._hold_notice_due:
            return
        self._hold_notice_due = time.monotonic() + HOLD_NOTICE_EVERY_S
        factor = self._host.realtime_factor
        self._notify(
            "warning", f"deck {deck.number} holds its last bars: the model runs at {factor:.1f}x", None
        )

    def _notify(self, kind: NoticeKind, text: str, deck: int | None = None) -> None:
        self._on_notice(Notice(kind, text, deck))

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
