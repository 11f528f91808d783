"""The voices of a take: what is said between decks and worker, as records of its journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.protocol import Command, Loaded, Produced, SetConditions
from daw_bridge.takes.prepared import PreparedVoice, conditions_record, tokens_record
from daw_bridge.takes.status import Place
from genmodels.conditioning.attributes import Conditions


class TakeVoices:
    """A `daw_bridge.decks.engine_host.Tap` that puts down what a take must know to be replayed.

    `produced` is for the engine's reader thread, everything else for the event loop's.

    Args:
        put: takes records, by type and facts.
        recording: whether a take is on.
    """

    def __init__(self, put: Callable[..., None], recording: Callable[[], bool]) -> None:
        self._put = put
        self._recording = recording
        self._rate = 0
        self._model: Loaded | None = None
        self._places: dict[int, Place] = {}
        self._prepared: dict[int, PreparedVoice] = {}
        # a deck's, and not heard yet: it may give them up again
        self._promoted: dict[int, PreparedVoice] = {}
        # held for microseconds: no tokens may come between a prepared voice's and its deck's
        self._hand_over = threading.Lock()

    def play(self, sample_rate: int, model: Loaded) -> None:
        """Voices are of this model from here on; to be called before anything else, where takes are on."""
        self._rate, self._model = sample_rate, model

    def forget(self) -> None:
        """A take begins in which no voice sounds on."""
        self._places.clear()

    def opened(
        self, number: int, place: Place, seed: int, conditions: Conditions, prompt: NDArray[np.int16] | None
    ) -> None:
        """A voice is about to be opened; before the engine is told."""
        if self._recording():
            self._begin(number, place, PreparedVoice(place.deck, seed, conditions, prompt))

    def prepared(
        self, number: int, place: Place, seed: int, conditions: Conditions, prompt: NDArray[np.int16] | None
    ) -> None:
        """A voice that may become a deck's is about to be opened: nothing is written before it does."""
        if self._model is not None:
            self._prepared[number] = PreparedVoice(place.deck, seed, conditions, prompt)

    def promoted(self, number: int, place: Place) -> None:
        """A prepared voice has become its deck's."""
        with self._hand_over:
            voice = self._prepared.pop(number, None)
            if voice is None:
                return
            self._promoted[number] = voice
            if self._recording():
                self._begin(number, place, voice)

    def withdrawn(self, number: int) -> None:
        """A deck has given a voice up before it was heard; one that was prepared may become the deck's
        again."""
        with self._hand_over:
            if (place := self._places.pop(number, None)) is not None:
                self._put("place", voice=number, origin=place.origin, start=place.start, stop=place.start)
                self._put("close", voice=number)
            if (voice := self._promoted.pop(number, None)) is not None:
                self._prepared[number] = voice

    def sent(self, command: Command) -> None:
        """A command is about to be sent to the engine."""
        if not isinstance(command, SetConditions):
            return
        number = command.deck
        with self._hand_over:
            if (voice := self._prepared.get(number) or self._promoted.get(number)) is not None:
                voice.events.append(command)
            if self._recording() and (place := self._places.get(number)) is not None:
                self._put(**conditions_record(command, self._sample_of(place, command.from_frame)))

    def produced(self, event: Produced) -> None:
        """Tokens have come. In the engine's reader thread."""
        with self._hand_over:
            number = event.deck
            if (voice := self._prepared.get(number) or self._promoted.get(number)) is not None:
                voice.events.append(event)
            if number in self._places:
                self._put(**tokens_record(event))

    def closed(self, number: int) -> None:
        """A voice was closed."""
        with self._hand_over:
            self._prepared.pop(number, None)
            self._promoted.pop(number, None)
        if self._places.pop(number, None) is not None:
            self._put("close", voice=number)

    def follow(self, places: Iterable[tuple[int, Place]], sample: int) -> None:
        """Put down what lies elsewhere now.

        Args:
            places: voices that are open, by number. sample: the first that has not been asked for.
        """
        for number, place in places:
            if number in self._places and self._places[number] != place:
                self._places[number] = place
                self._put("place", voice=number, origin=place.origin, start=place.start, stop=place.stop)
        self._forget_heard(sample)

    def _forget_heard(self, sample: int) -> None:
        """Voices that have begun by an output sample are not given up any more."""
        with self._hand_over:
            for number in list(self._promoted):
                place = self._places.get(number)
                if place is None or place.start <= sample:
                    del self._promoted[number]

    def _sample_of(self, place: Place, frame: int) -> int:
        model = self._model
        assert model is not None
        return place.origin + round(frame * model.hop_length * self._rate / model.sample_rate)

    def _begin(self, number: int, place: Place, voice: PreparedVoice) -> None:
        self._places[number] = place
        for record in voice.records(number, place.origin, place.start, partial(self._sample_of, place)):
            self._put(**record)
