"""How far ahead decks generate, and how long the worker takes."""

from __future__ import annotations

from dataclasses import dataclass

from daw_bridge.decks.estimate import Estimate
from daw_bridge.decks.meter import Meter


@dataclass
class Timing:
    """What decks share: how far to generate ahead, and how long the worker takes.

    Attributes:
        lookahead_s: seconds generated beyond what is written to the output. at_least_s: so many where that
            is less.
        change: from a change to its first new PCM. opening: from opening a voice to its first PCM. Seconds.
        reserve_s: seconds beyond `change` that stay as they are, while changes follow one another closely.
        meter: takes the time of changes that are made at once.
    """

    lookahead_s: float
    change: Estimate
    opening: Estimate
    reserve_s: float = 0.0
    meter: Meter | None = None
    at_least_s: float = 0.0

    @property
    def ahead_s(self) -> float:
        """Seconds to generate beyond what is written to the output."""
        return max(self.lookahead_s, self.at_least_s)

    @property
    def margin_s(self) -> float:
        """From a change to the first output sample that it may touch."""
        return self.change.value + self.reserve_s
