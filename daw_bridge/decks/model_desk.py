"""What messages ask of models: another one, or values that are set together, perhaps with one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.clock.internal import Moment
from daw_bridge.decks.changes import FLUSH_EVERY_S, Changes
from daw_bridge.decks.conditions import ALL, CONDITIONING, DECK
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.model_swap import ModelSwap
from daw_bridge.decks.moments import Moments
from daw_bridge.decks.protocol import OnRefused, OnResult, PlayerOptions, Result, Settings, When
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.together import Together
from daw_bridge.errors import BridgeError
from daw_bridge.model_names import find_model, shown_name
from daw_bridge.parameter import Values
from genmodels.errors import GenModelsError

MODEL, PRESET = "/bridge/model", "/bridge/preset"


@dataclass(frozen=True)
class _Planned:
    settings: Settings
    moment: Moment
    on_result: OnResult


@dataclass
class ModelDesk:
    """Finds out what is asked for, and sees that whoever asked is told what came of it. For the event loop's
    thread.

    Attributes:
        written: the first output sample that has not been asked for.
    """

    options: PlayerOptions
    engines: Engines
    swap: ModelSwap
    together: Together
    clock: SongClock
    changes: Changes
    moments: Moments
    written: Callable[[], int]
    _planned: list[_Planned] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the model that plays."""
        return shown_name(self.engines.load.model, self.options.data)

    def change(
        self, model: str, settings: Settings, when: When, on_result: OnResult, on_refused: OnRefused,
        trusted: bool = False,
    ) -> None:  # fmt: skip
        """Let a model take over at a line, where it is not the one that plays, and set values there.

        Args:
            model: its name; empty stays with the one that plays or is on its way.
            on_result: gets the model's name, and bar and beat at which this was done; or why it was not.
            on_refused: gets each value that cannot be set, by path and deck; the others are.
            trusted: the name may be anything that can be loaded.

        Raises:
            ModelError: there is no such model.
        """
        wanted = self._find(model, trusted) if model else ""
        present = self.engines.load
        if wanted and (wanted != present.model or self.engines.state == "failed"):
            fit = self._checked(settings, on_refused, ALL)
            load = replace(present, model=wanted)
            self.swap.ask(shown_name(wanted, self.options.data), load, fit, when, on_result)
            return
        if model:
            self.swap.give_up(f"{self.name} was asked for instead")
        self._set(self._checked(settings, on_refused, None), when, on_result, on_refused)

    def pump(self) -> None:
        """Bring on what is on its way; to be called every few milliseconds."""
        self.swap.pump()
        written, idle = self.written(), self.changes.idle
        due = [each for each in self._planned if idle or each.moment.sample <= written]
        for each in due:
            self._planned.remove(each)
            self.together.finish(each.settings, each.moment)
            self._tell(each.moment, each.on_result)

    def _find(self, model: str, trusted: bool) -> str:
        try:
            return find_model(model, self.options.data, self.options.model)
        except BridgeError:
            if trusted:
                return model
            raise

    def _checked(self, settings: Settings, on_refused: OnRefused, takes: frozenset[str] | None) -> Settings:
        """The values that can be set: for the model that plays, or for one that takes what ``takes`` says."""

        def fits(path: str, deck: int | None, values: Values) -> bool:
            try:
                self.together.check(path, deck, values, takes)
            except (BridgeError, GenModelsError) as error:
                on_refused(path, deck, error)
                return False
            return True

        return tuple(setting for setting in settings if fits(*setting))

    def _set(self, settings: Settings, when: When, on_result: OnResult, on_refused: OnRefused) -> None:
        if self.changes.idle or not settings:
            self.together.set_now(settings, on_refused)
            self._tell(self.clock.moment(self.written()), on_result)
            return
        told = any(path.removeprefix(DECK) in CONDITIONING for path, _, _ in settings)
        earliest = self.changes.earliest() if told else self.written()
        spare = round(FLUSH_EVERY_S * self.clock.map.sample_rate) + MAX_BLOCK
        moment = self.moments.find(when, earliest + spare)
        self.together.plan(settings, moment, soon=False)
        self._planned.append(_Planned(settings, moment, on_result))

    def _tell(self, moment: Moment, on_result: OnResult) -> None:
        result = Result((self.name, moment.bar, moment.beat))
        # after the acknowledgement
        asyncio.get_running_loop().call_soon(on_result, result)
