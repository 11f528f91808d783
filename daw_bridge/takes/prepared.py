"""Voices that nobody hears yet: what a take needs to know of them should they be played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.protocol import Produced
from genmodels.conditioning.attributes import Conditions


@dataclass
class PreparedVoice:
    """A voice: how it was opened, and its tokens so far."""

    deck: int
    seed: int
    conditions: Conditions
    prompt: NDArray[np.int16] | None
    events: list[Produced] = field(default_factory=list)

    def records(self, number: int, origin: int, start: int) -> list[Mapping[str, Any]]:
        """The journal's records of it, as if it had been its deck's from the beginning."""
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
        return [opened, *(tokens_record(event) for event in self.events)]


def tokens_record(event: Produced) -> dict[str, Any]:
    """The journal's record of tokens that have come."""
    return {
        "type": "tokens",
        "voice": event.deck,
        "epoch": event.epoch,
        "first": event.first_frame,
        "tokens": event.tokens,
    }
