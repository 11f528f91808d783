"""The player: decks, clock, engine and output put together, behind `daw_bridge.decks.protocol.Player`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.clock.internal import Moment
from daw_bridge.decks.clip_render import ClipRenderer
from daw_bridge.decks.conditions import CONDITIONING, DECK
from daw_bridge.decks.deck import Deck, Timing
from daw_bridge.decks.engine_host import EngineHost
from daw_bridge.decks.estimate import Estimate
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.mixer import SILENT_DB, Mixer
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.protocol import (
    Ack,
    DeckState,
    DeckStatus,
    Notice,
    NoticeKind,
    OnResult,
    PlayerOptions,
    RenderRequest,
    Status,
    Values,
    When,
)
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.engine.protocol import DEFAULT_LOADER, Load
from daw_bridge.errors import EngineError
from daw_bridge.parameters import lookup

PUMP_S = 0.01
FLUSH_EVERY_S = 0.06
HOLD_NOTICE_EVERY_S = 10.0
MAX_FADE_S = 0.2
SWITCH_INTERVAL_S = 0.002

OnNotice = Callable[[Notice], None]


def create_player(options: PlayerOptions, on_notice: OnNotice, loader: str = DEFAULT_LOADER) -> LivePlayer:
    """The instrument, not started yet; to be called in a running event loop.

    Args:
        loader: see `daw_bridge.engine.protocol.Load`.
    """
    return LivePlayer(options, on_notice, loader)


@dataclass
class _Parts:
    """What exists once the player has started."""

    clock: SongClock
    mixer: Mixer
    decks: tuple[Deck, ...]
    clips: ClipRenderer


class LivePlayer:
    """See `daw_bridge.decks.protocol.Player` for what each method promises."""

    def __init__(self, options: PlayerOptions, on_notice: OnNotice, loader: str = DEFAULT_LOADER) -> None:
        self._options = options
        self._on_notice = on_notice
        self._values: dict[tuple[str, int | None], Values] = {}
        self._timing = Timing(
            lookahead_s=options.lookahead_ms / 1000.0,
            change=Estimate(0.06, 0.03, 0.5),
            opening=Estimate(0.25, 0.15, 1.5),
        )
        load = Load(options.model, options.compute, options.threads, loader)
        self._host = EngineHost(load, self._engine_lost, self._engine_ready, self._voice_failed)
        self._output = OutputHost(options, self._notify)
        self._parts: _Parts | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._flush_due = 0.0
        self._flush_soon: asyncio.TimerHandle | None = None
        self._pending_tempo: float | None = None
        self._shown: list[DeckState] = ["stopped"] * options.decks
        self._hold_notice_due = 0.0
        self._loop = asyncio.get_running_loop()

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
        clock = SongClock(rate)
        geometry = Geometry(model, rate)
        decks = tuple(
            Deck(n + 1, clock, self._host, geometry, self._timing) for n in range(self._options.decks)
        )
        mixer = Mixer(decks, rate, self._output.channels)
        step = 1.0 / (model.realtime_factor * model.frame_rate)
        self._timing.change.add((model.max_delay + model.lookahead_frames + 6) * step + 0.01)
        clips = ClipRenderer(self._host, model)
        self._parts = _Parts(clock, mixer, decks, clips)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._output.start(mixer)
        self._pumping = self._loop.create_task(self._pump_forever())

    async def stop(self) -> None:
        """End worker, output and recording, and leave nothing behind."""
        pumping, self._pumping = self._pumping, None
        if pumping is not None:
            pumping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pumping
        if self._flush_soon is not None:
            self._flush_soon.cancel()
        parts, self._parts = self._parts, None
        if parts is not None:
            parts.clips.close()
            if any(deck.active for deck in parts.decks):
                parts.mixer.master.set_db(SILENT_DB)
                await asyncio.sleep(min(MAX_FADE_S, self._output.latency_s + 0.03))
            for deck in parts.decks:
                deck.close()
        await asyncio.gather(self._output.stop(), self._host.stop())

    def get(self, path: str, deck: int | None) -> Values:
        """The value of a value parameter as last set, or its default."""
        if path == f"{DECK}seed" and (path, deck) not in self._values:
            return ((self._options.seed + (deck or 1) - 1) % 2**31,)
        if path == f"{DECK}prompt":
            return self.get(f"{DECK}prompts", deck)[:1]
        return self._values.get((path, deck), lookup(path).default)

    def set(self, path: str, deck: int | None, values: Values, when: When) -> Ack:
        """Change a value parameter."""
        parts = self._started()
        if path == f"{DECK}prompt":
            path, values = f"{DECK}prompts", (values[0], 1.0)
        name = path.removeprefix(DECK)
        if deck is not None and name in CONDITIONING:
            ack = self._set_condition(parts, parts.decks[deck - 1], name, values, when)
        elif path == "/bridge/tempo":
            ack = self._set_tempo(parts, float(values[0]))
        elif path == "/bridge/meter":
            moment = parts.clock.set_meter(int(values[0]), self._earliest(parts))
            for each in parts.decks:
                each.invalidate(moment.sample)
            self._flush_in_time()
            ack = self._ack(moment)
        else:
            self._set_gain(parts, path, deck, values)
            ack = self._ack(parts.clock.moment(self._output.written), at_once=True)
        self._values[path, deck] = values
        return ack

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """Start or stop a deck, or render a clip."""
        parts = self._started()
        if path == f"{DECK}start" and deck is not None:
            return self._start_deck(parts, parts.decks[deck - 1], when)
        if path == f"{DECK}stop" and deck is not None:
            return self._stop_deck(parts, parts.decks[deck - 1], when)
        if path == "/bridge/clip/render":
            self._require_engine()
            parts.clips.submit(self._clip_request(parts, args), on_result or (lambda result: None))
            return self._ack(parts.clock.moment(self._output.written), at_once=True)
        raise EngineError(f"{path}: the player does not know this command")

    def status(self) -> Status:
        """The present state."""
        output, parts, model = self._output, self._parts, self._host.loaded
        position = output.position()
        moment = (parts.clock if parts else SongClock(output.sample_rate or 48000)).moment(max(0.0, position))
        clock = parts.clock if parts else None
        return Status(
            engine=self._host.state,
            model=model.model if model else self._options.model,
            device=output.name,
            sample_rate=output.sample_rate,
            latency_s=output.latency_s,
            realtime_factor=self._host.realtime_factor,
            bar=moment.bar,
            beat=moment.beat,
            beats=moment.beats,
            tempo=clock.tempo_at(position) if clock else 120.0,
            beats_per_bar=clock.beats_per_bar_at(position) if clock else 4,
            sample=moment.sample,
            underruns=output.underruns + sum(deck.underruns for deck in parts.decks) if parts else 0,
            decks=tuple(self._deck_status(deck, position) for deck in parts.decks) if parts else (),
        )

    def _deck_status(self, deck: Deck, position: float) -> DeckStatus:
        return DeckStatus(
            deck=deck.number,
            state=deck.state(self._output.written),
            lead_s=deck.lead_s(position),
            realtime_factor=self._host.realtime_factor,
            prompt=deck.prompt(round(position)),
        )

    def _started(self) -> _Parts:
        if self._parts is None:
            raise EngineError("the model is not loaded yet: wait for the ready line")
        return self._parts

    def _require_engine(self) -> None:
        if self._host.state == "failed":
            raise EngineError("the model worker has failed for good: restart daw-bridge")
        if self._host.state != "ready":
            raise EngineError("the model worker is being restarted: try again in a few seconds")

    def _set_condition(self, parts: _Parts, deck: Deck, name: str, values: Values, when: When) -> Ack:
        earliest = max(deck.earliest(self._output.written), self._output.written)
        deck.check(name, values, earliest)
        if when.bar is None and when.quantum.unit == "now":
            deck.set_now(name, values)
            self._flush_in_time()
            wait = max(0.0, self._flush_due - time.monotonic()) if deck.active else 0.0
            moment = parts.clock.moment(earliest + round(wait * self._output.sample_rate))
            return self._ack(moment, at_once=not deck.active)
        moment = parts.clock.resolve(earliest, when.quantum, when.bar)
        if not deck.active:
            deck.set_now(name, values)
            return self._ack(parts.clock.moment(earliest), at_once=True)
        deck.plan(name, values, moment)
        self._flush_in_time()
        return self._ack(moment)

    def _set_tempo(self, parts: _Parts, tempo: float) -> Ack:
        earliest = self._earliest(parts)
        if not any(deck.active for deck in parts.decks):
            return self._ack(parts.clock.set_tempo(tempo, self._output.written), at_once=True)
        self._pending_tempo = tempo
        self._flush_in_time()
        wait = max(0.0, self._flush_due - time.monotonic())
        return self._ack(parts.clock.moment(earliest + round(wait * self._output.sample_rate)))

    def _set_gain(self, parts: _Parts, path: str, deck: int | None, values: Values) -> None:
        if path == "/bridge/gain":
            idle = not any(each.active for each in parts.decks)
            parts.mixer.master.set_db(float(values[0]), at_once=idle)
        elif path == f"{DECK}gain" and deck is not None:
            parts.mixer.gains[deck - 1].set_db(float(values[0]), at_once=not parts.decks[deck - 1].active)

    def _start_deck(self, parts: _Parts, deck: Deck, when: When) -> Ack:
        self._require_engine()
        ready = self._output.written + round(self._timing.opening.value * self._output.sample_rate)
        if when.bar is None and not any(each.active for each in parts.decks):
            parts.clock.restart(ready)
            moment = parts.clock.moment(ready)
        else:
            moment = parts.clock.resolve(ready, when.quantum, when.bar)
        deck.start(moment, int(self.get(f"{DECK}seed", deck.number)[0]))
        return self._ack(moment)

    def _stop_deck(self, parts: _Parts, deck: Deck, when: When) -> Ack:
        soonest = self._output.written + MAX_BLOCK
        moment = parts.clock.resolve(soonest, when.quantum, when.bar)
        deck.stop(moment, on_grid=when.bar is not None or when.quantum.unit != "now")
        return self._ack(moment, at_once=not deck.active)

    def _clip_request(self, parts: _Parts, args: Values) -> RenderRequest:
        """The clip asked for, with deck 1's sampling and harmony."""
        prompt, bars, tempo, name = args

        def value(word: str) -> float | int | str:
            return self.get(f"{DECK}{word}", 1)[0]

        enabled = bool(value("chroma/enable"))
        return RenderRequest(
            prompts=((str(prompt), 1.0),),
            bars=int(bars),
            tempo=float(tempo),
            out=parts.clips.path(self._options.data, str(name) or f"{prompt} {tempo:g}bpm"),
            beats_per_bar=int(self.get("/bridge/meter", None)[0]),
            seed=int(value("seed")),
            key=str(value("key")) if enabled else "",
            chords=str(value("chords")) if enabled else "",
            temperature=float(value("temperature")),
            top_k=int(value("top_k")),
            top_p=float(value("top_p")),
            guidance=float(value("guidance")),
            model=self._options.model,
            compute=self._options.compute,
        )

    def _ack(self, moment: Moment, at_once: bool = False) -> Ack:
        seconds = (moment.sample - self._output.position()) / self._output.sample_rate
        return Ack(moment.beats, moment.bar, moment.sample, 0.0 if at_once else max(0.0, seconds))

    def _earliest(self, parts: _Parts) -> int:
        """First output sample that a change sent now can reach in all decks."""
        written = self._output.written
        return max([written, *(deck.earliest(written) for deck in parts.decks if deck.active)])

    def _flush_in_time(self) -> None:
        """Let pending changes go as soon as the rate of rollbacks allows."""
        if self._flush_soon is None:
            wait = max(0.0, self._flush_due - time.monotonic())
            self._flush_soon = self._loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._flush_soon = None
        parts = self._parts
        if parts is None:
            return
        if self._pending_tempo is not None:
            tempo, self._pending_tempo = self._pending_tempo, None
            sample = self._earliest(parts)
            parts.clock.set_tempo(tempo, sample)
            for deck in parts.decks:
                deck.follow_tempo(sample)
        changed = [deck for deck in parts.decks if deck.changed]
        for deck in changed:
            deck.flush(self._output.written)
        if changed:
            self._flush_due = time.monotonic() + max(FLUSH_EVERY_S, 1.5 * self._timing.change.value)

    async def _pump_forever(self) -> None:
        while True:
            self._pump()
            await asyncio.sleep(PUMP_S)

    def _pump(self) -> None:
        parts = self._parts
        if parts is None:
            return
        if self._flush_soon is None and any(deck.changed for deck in parts.decks):
            self._flush_in_time()
        written = self._output.written
        for deck in parts.decks:
            deck.pump(written)
            state = deck.state(written)
            if state != self._shown[deck.number - 1]:
                self._shown[deck.number - 1] = state
                self._notify("deck", state, deck.number)
                if state == "holding":
                    self._notify_hold(deck)
        self._output.watch()

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

    def _engine_lost(self, reason: str) -> None:
        self._notify("error", reason)
        if self._parts is not None:
            self._parts.clips.fail_all(reason)

    def _engine_ready(self) -> None:
        self._notify("info", "the model worker is back")
        for deck in self._started().decks:
            self._resume(deck)

    def _voice_failed(self, number: int, reason: str) -> None:
        parts = self._started()
        if parts.clips.failed(number, reason):
            return
        for deck in parts.decks:
            if deck.owns(number):
                text = f"deck {deck.number} failed ({reason}); it holds and goes on at the next bar"
                self._notify("error", text)
                self._resume(deck)

    def _resume(self, deck: Deck) -> None:
        clock = self._started().clock
        ready = self._output.written + round(2 * self._timing.opening.value * self._output.sample_rate)
        line, _ = clock.map.bar_beat(clock.map.beat_at(ready))
        moment = clock.resolve(ready, When().quantum, line + 1)
        deck.resume(moment, int(self.get(f"{DECK}seed", deck.number)[0]))
