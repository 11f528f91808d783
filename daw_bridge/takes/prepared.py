"""Voices that are not a deck's yet: what a take needs to know of them should they be played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.protocol import Produced, SetConditions
from genmodels.conditioning.attributes import Conditions


@dataclass
class PreparedVoice:
    """A voice: how it was opened, and what it was told and made since.

    Attributes:
        events: its tokens, and changes of its conditions, in order.
    """

    deck: int
    seed: int
    conditions: Conditions
    prompt: NDArray[np.int16] | None
    events: list[Produced | SetConditions] = field(default_factory=list)

    def records(
        self, number: int, origin: int, start: int, sample_of: Callable[[int], int]
    ) -> list[Mapping[str, Any]]:
        """The journal's records of it, as if it had been its deck's from the beginning.

        Args:
            sample_of: the output sample of a frame.
        """
        opened = {
            "type": "open",
            "voice": number,
            "deck": self.deck,
            "seed": self.seed,
            "origin": origin,
            "start": start,
            "conditions": ((0, self.conditions),),
            "prompt": self.prompt,
        }
        return [opened, *(_record(event, sample_of) for event in self.events)]


def _record(event: Produced | SetConditions, sample_of: Callable[[int], int]) -> dict[str, Any]:
    if isinstance(event, Produced):
        return tokens_record(event)
    return conditions_record(event, sample_of(event.from_frame))


def conditions_record(command: SetConditions, sample: int) -> dict[str, Any]:
    """The journal's record of a change of conditions, which is laid on an output sample."""
    return {
        "type": "conditions",
        "voice": command.deck,
        "epoch": command.epoch,
        "frame": command.from_frame,
        "sample": sample,
        "conditions": command.conditions,
    }


def tokens_record(event: Produced) -> dict[str, Any]:
    """The journal's record of tokens that have come."""
    return {
        "type": "tokens",
        "voice": event.deck,
        "epoch": event.epoch,
        "first": event.first_frame,
        "tokens": event.tokens,
    }
