"""Another model takes over while it plays: it loads beside the one that plays, and follows on at a line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.coming import Coming
from daw_bridge.decks.conditions import out_of_reach
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engine_host import EngineHost
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.estimate import first_estimates
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.heirs import Heirs
from daw_bridge.decks.held_tap import HeldTap
from daw_bridge.decks.lookahead import HIGH_S
from daw_bridge.decks.moments import Moments
from daw_bridge.decks.protocol import NO_SWAP, OnResult, Result, Settings, SwapStatus, When
from daw_bridge.decks.recovery import Notify
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.swap_line import SwapLine
from daw_bridge.decks.take_desk import TakeDesk
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.together import Together
from daw_bridge.engine.protocol import Load, Loaded
from daw_bridge.errors import ModelError, ScheduleError

REACH_S = 0.2
SPARE_S = 0.25
COMMIT_S = 0.4
GUARD_S = 0.03
AGAIN_S = 0.6
REHEARSAL_LIMIT_S = 30.0
MAX_MISSED = 12
ANEW_EVERY = 4


@dataclass(eq=False)
class Swap:
    """A change of model on its way.

    Attributes:
        name: of the model, as it was asked for.
        geometry: None until it is loaded.
        line: where it is to take over. planned: whether the settings have been planned for it.
        began: when the rehearsal began, by `time.monotonic`. allowance_s: what voices need to be ready.
        missed: lines that came before the voices were ready.
    """

    name: str
    line: SwapLine
    settings: Settings
    on_result: OnResult
    host: EngineHost
    tap: HeldTap
    loading: asyncio.Task[None] | None = None
    geometry: Geometry | None = None
    began: float = 0.0
    allowance_s: float = 0.0
    planned: bool = False
    missed: int = 0


class ModelSwap:
    """Loads a model in a worker of its own, has voices in it follow on the decks' runs, and lets all decks
    go over to it at one line. For the event loop's thread.

    Once loaded, the new model rehearses: voices are opened for all that plays, unheard, to see how long their
    first sound takes. So it is known before which line they must be opened. They take over only when their
    sound is there; otherwise the old model plays on to the next line. Whatever fails before that changes
    nothing. A later wish replaces one that has not come true yet.

    Args:
        written: the first output sample that has not been asked for. seed: of a deck's voice, by its number.
        played: called with a model when it begins to play.
    """

    def __init__(
        self,
        engines: Engines,
        clock: SongClock,
        decks: Sequence[Deck],
        changes: Changes,
        together: Together,
        moments: Moments,
        timing: Timing,
        takes: TakeDesk,
        written: Callable[[], int],
        seed: Callable[[int], int],
        played: Callable[[Loaded], None],
        notify: Notify,
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._decks = tuple(decks)
        self._changes = changes
        self._together = together
        self._moments = moments
        self._timing = timing
        self._takes = takes
        self._written = written
        self._played = played
        self._notify = notify
        self._heirs = Heirs(decks, clock, changes, timing, seed)
        self._swap: Swap | None = None
        self._over: tuple[Swap, Moment] | None = None

    @property
    def status(self) -> SwapStatus:
        """What is on its way."""
        swap = self._swap
        if swap is None:
            return NO_SWAP
        return SwapStatus("loading" if swap.geometry is None else "waiting", swap.name)

    def ask(self, name: str, load: Load, settings: Settings, when: When, on_result: OnResult) -> None:
        """Let a model take over at a line, and values be set there.

        Args:
            on_result: gets the model's name, and bar and beat where it took over; or why it did not.
        """
        self.give_up(f"{name} was asked for instead")
        tap = HeldTap(self._takes.keeper.voices)
        coming = Coming()
        host = self._engines.beside(replace(load, gently=True), coming, tap)
        self._swap = swap = Swap(name, self._line(name, when), settings, on_result, host, tap)
        coming.fail = partial(self.fail, swap)
        swap.loading = asyncio.get_running_loop().create_task(self._load(swap))

    def give_up(self, reason: str) -> None:
        """Leave the model that plays; nothing is done where none is on its way."""
        if self._swap is not None:
            self.fail(self._swap, reason)

    def fail(self, swap: Swap, reason: str) -> None:
        """A model cannot take over: everything stays as it is."""
        if swap is not self._swap:
            return
        self._leave(swap)
        if swap.loading is not None:
            swap.loading.cancel()
        self._heirs.let_go()
        if swap.planned and swap.line.moment is not None:
            self._together.drop(swap.settings, swap.line.moment)
        self._engines.drop(swap.host)
        swap.on_result(Result(error=f"model {swap.name} does not take over: {reason}"))

    def close(self) -> None:
        """The instrument ends."""
        if self._swap is not None and self._swap.loading is not None:
            self._swap.loading.cancel()
        self._swap = None

    def pump(self) -> None:
        """Bring on what is on its way; to be called every few milliseconds."""
        self._tell_over()
        swap = self._swap
        if swap is not None and swap.geometry is not None:
            self._bring_on(swap, swap.geometry)

    async def _load(self, swap: Swap) -> None:
        try:
            loaded = await swap.host.start()
            geometry = Geometry(loaded, self._clock.map.sample_rate)
            await asyncio.to_thread(lambda: geometry.resampler)
        except (ModelError, OSError) as error:
            self.fail(swap, str(error))
        else:
            swap.geometry = geometry

    def _bring_on(self, swap: Swap, geometry: Geometry) -> None:
        written = self._written()
        if self._changes.idle:
            self._together.set_now(swap.settings, self._refused)
            self._take_over(swap, geometry, self._clock.moment(written))
            self._tell_over()
            return
        if not swap.allowance_s:
            self._rehearse(swap, geometry)
            return
        moment = swap.line.aim(swap.allowance_s + REACH_S)
        left = (moment.sample - written) / geometry.out_rate
        if left > swap.allowance_s + REACH_S:
            return
        if not swap.planned:
            self._plan(swap, moment)
            return
        self._heirs.open_missing(swap.host, geometry, moment, in_time=left > swap.allowance_s)
        if left < GUARD_S:
            self._miss(swap)
        elif left <= COMMIT_S and self._heirs.ready(moment):
            self._take_over(swap, geometry, moment)

    def _plan(self, swap: Swap, moment: Moment) -> None:
        try:
            self._together.plan(swap.settings, moment)
        except ScheduleError as error:
            self.fail(swap, str(error))
        else:
            swap.planned = True
            swap.line.keep()

    def _rehearse(self, swap: Swap, geometry: Geometry) -> None:
        """Have the voices make their first sound, for the time that it takes."""
        if not swap.began:
            swap.began = time.monotonic()
            self._heirs.open(swap.host, geometry, self._clock.moment(self._written()))
        took = time.monotonic() - swap.began
        if self._heirs.sound():
            self._heirs.let_go()
            swap.allowance_s = 1.5 * took + SPARE_S
            self._timing.at_least_s = min(HIGH_S, swap.allowance_s + REACH_S)
        elif took > REHEARSAL_LIMIT_S:
            self.fail(swap, f"it has made no sound in {REHEARSAL_LIMIT_S:g} s")

    def _miss(self, swap: Swap) -> None:
        """The line came too soon: the old model plays on to the next one."""
        swap.missed += 1
        if swap.missed > MAX_MISSED:
            self.fail(swap, f"its voices were not ready at {MAX_MISSED} lines: it is too slow to be played")
            return
        swap.line.miss()
        if swap.missed % ANEW_EVERY:
            # their voices go on, unheard
            self._heirs.postpone(swap.line.put_off(AGAIN_S))
            return
        self._heirs.let_go()
        swap.allowance_s *= 1.5
        swap.line.put_off(swap.allowance_s + REACH_S)

    def _line(self, name: str, when: When) -> SwapLine:
        def late(moment: Moment) -> None:
            self._notify("warning", f"model {name} was not ready at bar {moment.bar}: it takes over later")

        return SwapLine(when, self._clock, self._moments, self._written, self._heirs.postpone, late)

    def _take_over(self, swap: Swap, geometry: Geometry, moment: Moment) -> None:
        self._leave(swap)
        for deck in self._decks:
            for run in deck.hand_over(moment):
                bar, _ = self._clock.map.bar_beat(run.start_beat)
                self._notify(
                    "warning",
                    f"deck {deck.number} plays on at bar {bar}: the choice that was to be taken there was "
                    f"prepared by the model before {swap.name}",
                )
            deck.play(geometry)
        self._engines.take(swap.host)
        self._timing.change, self._timing.opening = first_estimates(geometry.model)
        self._takes.keeper.hold_sound(moment.sample)
        self._played(geometry.model)
        self._over = swap, moment

    def _refused(self, path: str, deck: int | None, error: Exception) -> None:
        self._notify("warning", f"{path.replace('{deck}', str(deck))}: {error}")

    def _leave(self, swap: Swap) -> None:
        self._swap = None
        self._timing.at_least_s = 0.0

    def _tell_over(self) -> None:
        """When the moment has come: takes are the new model's, and whoever asked is told."""
        if self._over is None or self._written() < self._over[1].sample:
            return
        (swap, moment), self._over = self._over, None
        assert swap.geometry is not None
        self._takes.change_model(swap.host.load, swap.geometry.model)
        swap.tap.release()
        self._together.finish(swap.settings, moment)
        self._notify("info", f"model {swap.name} plays from bar {moment.bar} on{self._missing(moment)}")
        swap.on_result(Result((swap.name, moment.bar, moment.beat)))

    def _missing(self, moment: Moment) -> str:
        """What is set and the model does not take, in words."""
        takes = self._engines.loaded.takes if self._engines.loaded else frozenset()
        words: dict[str, None] = {}
        for deck in self._decks:
            if deck.active:
                values = deck.score.timeline.at(moment.sample)
                words.update(dict.fromkeys(out_of_reach(values, takes)))
        if not words:
            return ""
        return f"; it takes {' and '.join(words)}: what is set of that waits for a model that does"
