"""HeldNotes: which notes sound while they are played, with the sustain pedal."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

Pressed = tuple[Hashable, int]
"""Who plays it (a port and channel), and the pitch."""


@dataclass
class HeldNotes:
    """Keys that are down or held by a pedal. Every method returns what ended by it.

    Attributes:
        sounding: velocity by key.
    """

    sounding: dict[Pressed, int] = field(default_factory=dict)
    _kept: set[Pressed] = field(default_factory=set)
    _pedals: set[Hashable] = field(default_factory=set)

    def press(self, player: Hashable, pitch: int, velocity: int) -> list[Pressed]:
        """A key goes down; where its note still sounds, that one ends."""
        key = player, pitch
        ended = [key] if key in self.sounding else []
        self._kept.discard(key)
        self.sounding[key] = velocity
        return ended

    def release(self, player: Hashable, pitch: int) -> list[Pressed]:
        """A key comes up; under a pedal its note goes on."""
        key = player, pitch
        if key not in self.sounding:
            return []
        if player in self._pedals:
            self._kept.add(key)
            return []
        return self._end([key])

    def pedal(self, player: Hashable, down: bool) -> list[Pressed]:
        """The sustain pedal; coming up it ends the notes whose keys are up."""
        if down:
            self._pedals.add(player)
            return []
        self._pedals.discard(player)
        return self._end([key for key in self._kept if key[0] == player])

    def all_off(self, player: Hashable) -> list[Pressed]:
        """End whatever a player has sounding, pedal or not: all-notes-off, a reset, a port that has gone."""
        self._pedals.discard(player)
        return self._end([key for key in self.sounding if key[0] == player])

    def players(self) -> set[Hashable]:
        """Who has notes sounding or a pedal down."""
        return {player for player, _ in self.sounding} | self._pedals

    def chroma(self) -> tuple[float, ...]:
        """Twelve strengths from C in [0, 1]: of each pitch class the strongest velocity."""
        values = [0.0] * 12
        for (_, pitch), velocity in self.sounding.items():
            values[pitch % 12] = max(values[pitch % 12], velocity / 127.0)
        return tuple(values)

    def _end(self, keys: list[Pressed]) -> list[Pressed]:
        for key in keys:
            del self.sounding[key]
            self._kept.discard(key)
        return keys
