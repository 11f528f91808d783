"""Controls: every value of the parameter table, set now or later, and cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from daw_bridge.audio.feeder import MAX_BLOCK
from daw_bridge.clock.internal import Moment
from daw_bridge.decks.agenda import Agenda, Entry
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.choice_parameters import CUE_GAIN, CUE_OUTPUTS
from daw_bridge.decks.conditions import CONDITIONING, DECK
from daw_bridge.decks.cue import check_outputs, strip_fields
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.fader import CROSSFADE, GAIN, GLIDES, Fader
from daw_bridge.decks.following import CLOCK_VALUES, Following
from daw_bridge.decks.mixer import Mixer
from daw_bridge.decks.moments import Moments
from daw_bridge.decks.protocol import OnResult, When
from daw_bridge.decks.removal import Removal
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.values import DECKS, ParameterValues
from daw_bridge.errors import BridgeError, ParameterError
from daw_bridge.parameter import Values
from genmodels.errors import GenModelsError

TEMPO, METER = "/bridge/tempo", "/bridge/meter"
STRIP = {"gain": "gain_db", "mute": "mute", "solo": "solo", "group": "group"}
OUTPUTS = f"{DECK}outputs"
HANDOVER_S = 0.25
MIXER_AHEAD_S = 0.1


class Controls:
    """Routes values to what they steer. For the event loop's thread.

    What a deck's model is told waits in the deck's timeline, so that it is generated in time without another
    rollback; everything else that is for later, and what is for a bar while the deck is stopped, waits in the
    agenda and is handed on shortly before it is due.

    Args:
        decks: all that there may be; the value of ``/bridge/decks`` says how many there are.
        written: the first output sample that has not been asked for.

    Attributes:
        agenda: what waits.
    """

    def __init__(
        self,
        values: ParameterValues,
        clock: SongClock,
        decks: Sequence[Deck],
        mixer: Mixer,
        changes: Changes,
        moments: Moments,
        timing: Timing,
        written: Callable[[], int],
        agenda: Agenda,
        following: Following,
        removal: Removal,
    ) -> None:
        self._values = values
        self._clock = clock
        self._decks = tuple(decks)
        self._mixer = mixer
        self._fader = Fader(values, clock, mixer)
        self._changes = changes
        self._moments = moments
        self._timing = timing
        self._written = written
        self._following = following
        self._removal = removal
        self.agenda = agenda

    def set(
        self,
        path: str,
        deck: int | None,
        values: Values,
        when: When,
        on_result: OnResult | None = None,
    ) -> tuple[Moment, bool]:
        """Set a value at a moment; returns that, and whether there is nothing to wait for.

        Raises:
            DeviceError: the value is that of a clock that is followed, or names one that cannot be.
            ConditionError, GenerationError: the value does not fit the model.
            ParameterError: the output has not so many channels.
            ScheduleError: the bar has passed, or too much is planned.
        """
        name = path.removeprefix(DECK)
        self.check(path, values)
        told = self._decks[deck - 1] if deck is not None and name in CONDITIONING else None
        if told is not None and when.at is None and (told.active or when.bar is None):
            at_once = not told.active
            moment = self._changes.set_value(told, name, values, when)
            self._values.put(path, deck, values)
            return moment, at_once
        if told is not None:
            told.score.check(name, values, self._written())
        later = self._planned(path, deck, values, when)
        if later is not None:
            self.agenda.add(later)
            return self._moment(later), False
        idle = self._changes.idle
        moment = self._apply(path, deck, values, 0, on_result)
        heard_later = path == METER or ((path == TEMPO or _is_mixed(path)) and not idle)
        return moment, not heard_later

    def check(self, path: str, values: Values) -> None:
        """Raise `ParameterError` when the output has not so many channels, `DeviceError` when a value is that
        of a clock that is followed."""
        if path in (TEMPO, METER):
            self._following.check(path)
        if path == OUTPUTS and int(values[0]) > self._mixer.channels:
            raise ParameterError(path, values, f"a first channel 1..{self._mixer.channels}")
        if path == CUE_OUTPUTS:
            check_outputs(values, self._mixer.channels)

    def cancel(self, deck: int | None, name: str) -> None:
        """Drop what is planned: of one deck or of everything, of one parameter (named without the deck's
        prefix) or of all; a start or stop that waits included."""
        name = "prompts" if name == "prompt" else name
        path = None if not name else name if name.startswith("/") else DECK + name
        if path is not None and deck is None and not path.startswith(DECK):
            self.agenda.cancel(None, path)
            return
        self.agenda.cancel(deck, path)
        for each in self._decks if deck is None else (self._decks[deck - 1],):
            for cancelled in each.cancel(name or None, self._written()):
                self._values.put(DECK + cancelled, each.number, each.score.timeline.last(cancelled))
        self._changes.flush_in_time()

    def pump(self) -> None:
        """Hand on what is due soon; to be called every few milliseconds."""
        written = self._written()
        gridless = self._changes.gridless

        def is_due(entry: Entry) -> bool:
            if gridless and entry.beat is not None:
                return False
            return entry.sample <= written + self._ahead(entry.path)

        for entry in self.agenda.due(is_due) if len(self.agenda) else ():
            self._hand_on(entry)

    def _hand_on(self, entry: Entry) -> None:
        try:
            self.check(entry.path, entry.values)
            self._apply(entry.path, entry.deck, entry.values, entry.sample)
        except (BridgeError, GenModelsError) as error:
            self._following.refused(entry.path.replace("{deck}", str(entry.deck)), error)

    def _planned(self, path: str, deck: int | None, values: Values, when: When) -> Entry | None:
        """An entry of the agenda, or None where the value is to be set now: also where it asks for a line of
        the grid and there is none. A bar waits for the music."""
        earliest = self._written() + MAX_BLOCK
        if when.at is not None:
            sample = self._moments.sample_at(when.at)
            return Entry(path, deck, values, sample) if sample > earliest else None
        gridless = self._changes.gridless
        if when.bar is not None and gridless:
            beat = self._clock.map.beat_of_bar(when.bar)
            return Entry(path, deck, values, self._clock.map.sample_at(beat), beat)
        if when.bar is None and (when.quantum.unit == "now" or gridless):
            return None
        moment = self._clock.resolve(max(earliest, self._first(path)), when.quantum, when.bar)
        return Entry(path, deck, values, moment.sample, moment.beats)

    def _first(self, path: str) -> int:
        """First output sample that a value set now can reach."""
        return self._changes.earliest() if path in (TEMPO, METER) else self._written()

    def _ahead(self, path: str) -> int:
        """Output samples before its time at which a value is handed on."""
        name = path.removeprefix(DECK)
        if path in (TEMPO, METER) or name in CONDITIONING:
            seconds = self._timing.margin_s + HANDOVER_S
        elif path in GLIDES or _is_mixed(path):
            seconds = MIXER_AHEAD_S
        else:
            seconds = 0.0
        return round(seconds * self._clock.map.sample_rate)

    def _apply(
        self,
        path: str,
        deck: int | None,
        values: Values,
        sample: int,
        on_result: OnResult | None = None,
    ) -> Moment:
        """Set a value from an output sample on, or as soon as it can be."""
        if path in CLOCK_VALUES:
            self._following.set(path, values, on_result)
            return self._clock.moment(max(sample, self._written()))
        name = path.removeprefix(DECK)
        if deck is not None and name in CONDITIONING:
            told = self._changes.set_value(self._decks[deck - 1], name, values, When(), sample)
            self._values.put(path, deck, values)
            return told
        self._values.put(path, deck, values)
        if path == TEMPO:
            return self._following.set_tempo(float(values[0]), sample)
        if path == METER:
            return self._following.set_meter(int(values[0]), sample)
        if deck is not None and name == "prompts/glide":
            self._decks[deck - 1].score.glide = values
        written = self._written()
        if path == DECKS:
            for each in self._decks[int(values[0]) :]:
                self._removal.remove(each)
        fade = None if self._changes.idle else self._fader.fade(path, deck, values)
        action = fade or self._mixing(path, deck, values)
        if action is not None and (fade or sample > written):
            self._mixer.plan(sample, action)
        elif action is not None:
            action()
        return self._clock.moment(max(sample, written))

    def _mixing(self, path: str, deck: int | None, values: Values) -> Callable[[], None] | None:
        """What a value changes in the mixer."""
        name, mixer = path.removeprefix(DECK), self._mixer
        if path == GAIN:
            return lambda: mixer.set_master(float(values[0]), at_once=self._changes.idle)
        if path == CROSSFADE:
            return lambda: mixer.set_crossfade(float(values[0]))
        if path in (CUE_GAIN, CUE_OUTPUTS):
            return lambda: mixer.set_strip(len(self._decks), **strip_fields(path, values))
        if deck is None:
            return None
        if path == OUTPUTS:
            return lambda: mixer.set_strip(deck - 1, first=int(values[0]), count=int(values[1]))
        if name in STRIP:
            return lambda: mixer.set_strip(deck - 1, **{STRIP[name]: values[0]})
        return None

    def _moment(self, entry: Entry) -> Moment:
        moment = self._clock.moment(entry.sample)
        if entry.beat is None:
            return moment
        bar, beat = self._clock.map.bar_beat(entry.beat)
        return replace(moment, beats=entry.beat, bar=bar, beat=beat)


def _is_mixed(path: str) -> bool:
    """Whether a value is one of the mixer's."""
    mixed = path in (GAIN, CROSSFADE, OUTPUTS, CUE_GAIN, CUE_OUTPUTS)
    return mixed or (path.startswith(DECK) and path.removeprefix(DECK) in STRIP)
