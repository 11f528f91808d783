"""MelodyVoice: a stream of a model that hears harmony as a recording in front of the sequence."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from daw_bridge.melody.sound import recording_of_track
from genmodels.conditioning.attributes import Conditions
from genmodels.generate.base import BaseGenModel
from genmodels.generate.continuation import Continuation


class MelodyVoice(Continuation):
    """A `Continuation` that takes chroma by frame, as other models do, and tells its model of it by a
    recording in which the same pitch classes sound at the same beats: a melody model takes no other harmony.

    Conditions stay small on their way to the worker and in takes: the sound is made here, of them alone.
    """

    def __init__(
        self, model: BaseGenModel, conditions: Conditions, seed: int, prompt_codes: Tensor | None = None
    ) -> None:
        super().__init__(model, _as_recording(conditions), seed, prompt_codes)

    def set_conditions(self, conditions: Conditions, from_frame: int | None = None) -> None:
        """See `Continuation.set_conditions`."""
        super().set_conditions(_as_recording(conditions), from_frame)


def _as_recording(conditions: Conditions) -> Conditions:
    if conditions.chroma is None:
        return conditions
    return replace(conditions, chroma=None, recording=recording_of_track(conditions.chroma))
