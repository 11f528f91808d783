"""Values that are set together, at one moment."""

from __future__ import annotations

from collections.abc import Sequence, Set

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.agenda import Agenda, Entry
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.conditions import CONDITIONING, DECK
from daw_bridge.decks.controls import METER, TEMPO, Controls
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.protocol import OnRefused, Settings, When
from daw_bridge.decks.values import ParameterValues
from daw_bridge.errors import BridgeError
from daw_bridge.parameter import Values
from genmodels.errors import GenModelsError


class Together:
    """Plans values for one moment, whatever they steer. For the event loop's thread.

    They are taken as they are: what the model that plays then does not take waits for one that does.
    """

    def __init__(
        self, values: ParameterValues, decks: Sequence[Deck], changes: Changes, controls: Controls
    ) -> None:
        self._values = values
        self._decks = tuple(decks)
        self._changes = changes
        self._controls = controls
        self._agenda: Agenda = controls.agenda

    def set_now(self, settings: Settings, on_refused: OnRefused) -> None:
        """Set values while nothing plays.

        Args:
            on_refused: gets each that cannot be set, by path and deck.
        """
        for path, deck, values in settings:
            if (each := self._told(path, deck)) is not None:
                each.score.set_base(path.removeprefix(DECK), values)
                self._values.put(path, deck, values)
            else:
                self._set(path, deck, values, on_refused)

    def _set(self, path: str, deck: int | None, values: Values, on_refused: OnRefused) -> None:
        try:
            self._controls.set(path, deck, values, When())
        except (BridgeError, GenModelsError) as error:
            on_refused(path, deck, error)

    def check(self, path: str, deck: int | None, values: Values, takes: Set[str] | None) -> None:
        """Raise `ConditionError`, `GenerationError` or `ParameterError` when a value cannot be set.

        Args:
            takes: what the model takes that will play then; None for the one that plays.
        """
        self._controls.check(path, values)
        if (each := self._told(path, deck)) is not None:
            each.score.check(path.removeprefix(DECK), values, self._changes.earliest(), takes)

    def plan(self, settings: Settings, moment: Moment, soon: bool = True) -> None:
        """Have values hold from a moment on. What models are told of decks that do not play is left to
        `finish`.

        Args:
            soon: tempo and meter are told to the clock now, not shortly before they hold.

        Raises:
            ScheduleError: too much is planned already; then nothing is.
        """
        self._check_room(settings, moment, soon)
        for path, deck, values in settings:
            if (each := self._told(path, deck)) is not None:
                if each.active:
                    self._values.put(path, deck, values)
                    self._changes.plan(each, path.removeprefix(DECK), values, moment)
            elif path == TEMPO and soon:
                self._values.put(path, deck, values)
                self._changes.set_tempo(float(values[0]), moment.sample)
            elif path == METER and soon:
                self._values.put(path, deck, values)
                # the line is sought at or after a sample, which may lie a fraction beyond it
                self._changes.set_meter(int(values[0]), moment.sample - 1)
            else:
                self._agenda.add(_entry(path, deck, values, moment))
        self._changes.flush_in_time()

    def _check_room(self, settings: Settings, moment: Moment, soon: bool) -> None:
        told: dict[Deck, list[str]] = {}
        entries = []
        for path, deck, values in settings:
            if (each := self._told(path, deck)) is not None:
                told.setdefault(each, []).append(path.removeprefix(DECK))
            elif not (soon and path in (TEMPO, METER)):
                entries.append(_entry(path, deck, values, moment))
        self._agenda.check_room(entries)
        for each, names in told.items():
            if each.active:
                each.score.check_room(names, moment.sample, self._changes.earliest())

    def finish(self, settings: Settings, moment: Moment) -> None:
        """The moment has come: what decks have begun or ended since it was planned has the values, too."""
        for path, deck, values in settings:
            each, name = self._told(path, deck), path.removeprefix(DECK)
            if each is not None and each.score.timeline.at(moment.sample)[name] != values:
                self._values.put(path, deck, values)
                each.set_now(name, values)

    def drop(self, settings: Settings, moment: Moment) -> None:
        """Have values not hold that were planned for a moment; tempo and meter stay."""
        for path, deck, values in settings:
            each, name = self._told(path, deck), path.removeprefix(DECK)
            if each is None:
                self._agenda.drop(_entry(path, deck, values, moment))
            elif each.active:
                each.score.unplan(name, moment.beats)
                self._values.put(path, deck, each.score.timeline.last(name))
        self._changes.flush_in_time()

    def _told(self, path: str, deck: int | None) -> Deck | None:
        """The deck whose model is told a value; None for all that no model is told."""
        if deck is None or path.removeprefix(DECK) not in CONDITIONING:
            return None
        return self._decks[deck - 1]


def _entry(path: str, deck: int | None, values: Values, moment: Moment) -> Entry:
    return Entry(path, deck, values, moment.sample, moment.beats)
