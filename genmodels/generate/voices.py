"""From what a player asks (`Conditions`) to the rows that a decoder runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from genmodels.conditioning.attributes import Conditions
from genmodels.conditioning.base import FrameConditioner, WaveformConditioner, spread_condition
from genmodels.conditioning.chroma import ChromaFrameConditioner
from genmodels.conditioning.transport import TransportConditioner
from genmodels.errors import ConditionError, ConfigError
from genmodels.generate.frame_inputs import FrameProjector, RowInputs
from genmodels.generate.row_encoder import RowEncoder, RowInput
from genmodels.lm.model import LMModel
from genmodels.lm.rows import (
    NULL_KEY,
    TEXTLESS_KEY,
    ContextAt,
    PrefixAt,
    RowConditions,
    VoiceRows,
    prompt_key,
)
from genmodels.lm.transformer import CrossContext

_KEPT_CONTEXTS = 16
_ADDED = ("sum", "input_interpolate")


class VoiceConditioner:
    """Encodes `Conditions` for one model, and remembers texts and recordings, so that a change that leaves
    them as they are costs nothing.

    Args:
        lm: the model. Its frame-synchronous conditions must be added to the input (`sum` and
            `input_interpolate` are the same for them); texts and recordings may enter anywhere. Added to the
            input, they are laid over the window.
        frame_rate: frames a second.
        max_duration: seconds of a window.
    Raises:
        ConfigError: the model is conditioned otherwise.
    """

    def __init__(self, lm: LMModel, frame_rate: float, max_duration: float) -> None:
        self.lm = lm
        self._encoder = RowEncoder(lm, frame_rate, max_duration)
        self._window = int(max_duration * frame_rate)
        self._contexts: OrderedDict[tuple[tuple[RowInput, ...], int], CrossContext] = OrderedDict()
        self._chroma: ChromaFrameConditioner | None = None
        self._transport: TransportConditioner | None = None
        routes = {name: method for method, names in lm.fuser.fuse2cond.items() for name in names}
        self._waveform_routes: set[str] = set()
        self._added: list[str] = []
        for name, conditioner in lm.condition_provider.conditioners.items():
            route = routes[name]
            if isinstance(conditioner, WaveformConditioner):
                self._waveform_routes.add(route)
            if not isinstance(conditioner, FrameConditioner):
                self._added += [name] if route in _ADDED else []
            elif route not in (*_ADDED, "ignore"):
                raise ConfigError(
                    f"condition {name!r} goes by frame and is fused by {route!r}, it must be one of "
                    f"{(*_ADDED, 'ignore')}"
                )
            elif isinstance(conditioner, ChromaFrameConditioner):
                self._chroma = conditioner
            elif isinstance(conditioner, TransportConditioner):
                self._transport = conditioner

    @property
    def has_text(self) -> bool:
        """Whether the model takes prompts."""
        return self._encoder.has_text

    @property
    def has_recording(self) -> bool:
        """Whether the model takes a recording."""
        return self._encoder.has_recording

    @property
    def has_melody(self) -> bool:
        """Whether a recording is taken for its melody, not for its style."""
        return self._encoder.has_melody

    @property
    def has_chroma(self) -> bool:
        """Whether the model takes chroma by frame."""
        return self._chroma is not None

    @property
    def has_transport(self) -> bool:
        """Whether the model takes a transport."""
        return self._transport is not None

    def check(self, conditions: Conditions) -> None:
        """Raise ConditionError for a condition that the model does not have."""
        if any(conditions.texts()) and not self.has_text:
            raise ConditionError(
                f"this model takes no text, but the prompt is {conditions.texts()!r}: leave it out"
            )
        if conditions.recording is not None and not self.has_recording:
            raise ConditionError(
                "this model takes no recording: leave it out, or choose a melody or style model"
            )
        if conditions.chroma is not None and not self.has_chroma:
            raise ConditionError("this model takes no chroma by frame: leave it out, or choose another model")
        if conditions.transport is not None and not self.has_transport:
            raise ConditionError("this model takes no transport: leave it out, or choose another model")

    def batches(self, conditions: Sequence[Conditions], whole: bool = False) -> list[list[int]]:
        """Numbers of the items that can run together without one changing another's result.

        Conditions in front of the sequence shift its positions and are attended to where they are padded, so
        only items whose are equally long run together; unless the model has `attend_padding`.

        Args:
            whole: see `rows`.
        """
        if not self.lm.fuser.fuse2cond["prepend"] or self.lm.attend_padding:
            return [list(range(len(conditions)))]
        groups: dict[int, list[int]] = {}
        for number, item in enumerate(conditions):
            self.check(item)
            inputs = [RowInput(text, item.recording, whole) for text in item.texts()]
            prefix = self.lm.fuser.prefix(self._encoder.encode(inputs, 0))
            groups.setdefault(0 if prefix is None else prefix.shape[1], []).append(number)
        return list(groups.values())

    def rows(
        self, conditions: Sequence[Conditions], seeds: Sequence[int], whole: bool = False
    ) -> RowConditions:
        """Rows for one voice an item: all prompts of all voices, their textless rows, then the unconditional
        ones.

        Args:
            whole: recordings are heard as they are, instead of window by window: for a single window.
        Raises:
            ConditionError: a condition that the model does not have.
        """
        inputs: list[RowInput] = []
        keys: list[tuple[str, ...]] = []
        owners: list[int] = []

        def add(owner: int, key: tuple[str, ...], row: RowInput) -> int:
            inputs.append(row)
            keys.append(key)
            owners.append(owner)
            return len(keys) - 1

        prompts: list[tuple[int, ...]] = []
        for number, item in enumerate(conditions):
            self.check(item)
            # without any condition, the only row is the unconditional one
            texts = item.texts() if _is_conditioned(item) else ()
            prompts.append(
                tuple(
                    add(number, prompt_key(index, text), RowInput(text, item.recording, whole))
                    for index, text in enumerate(texts)
                )
            )
        textless = [
            add(number, TEXTLESS_KEY, RowInput(None, item.recording, whole))
            if _needs_textless(item)
            else None
            for number, item in enumerate(conditions)
        ]
        conditioned = len(keys)
        voices = []
        for number, item in enumerate(conditions):
            null = add(number, NULL_KEY, RowInput())
            own, beta = prompts[number], item.cfg_coef_beta
            voices.append(
                VoiceRows(
                    prompts=own or (null,),
                    weights=tuple(float(w) for w in item.weights()) if own else (1.0,),
                    null=null if own else None,
                    cfg_coef=item.cfg_coef,
                    sampling=item.sampling,
                    seed=seeds[number],
                    # with text alone, all but text is nothing
                    textless=null if beta is not None and _has_text_only(item) else textless[number],
                    cfg_coef_beta=1.0 if beta is None else beta,
                    glide=_glide(item) if own else None,
                )
            )
        every = tuple(inputs)
        added = RowInputs(
            [self._frame_source(item) for item in conditions],
            owners[:conditioned],
            self._spread(every) if self._added else None,
        )
        return RowConditions(
            keys=tuple(keys),
            voices=tuple(voices),
            row_voice=np.array(owners),
            context=self._context(every, conditioned),
            frames=added if added.present else None,
            prefix=self._prefix(every),
        )

    def _context(self, inputs: tuple[RowInput, ...], conditioned: int) -> ContextAt | None:
        # an absent recording may have an encoding of its own, so that the unconditional rows see it
        if "cross" not in self._waveform_routes:
            inputs = inputs[:conditioned]
            if not any(row.text for row in inputs):
                return None
        if not self.lm.fuser.fuse2cond["cross"]:
            return None
        moves = "cross" in self._waveform_routes and any(row.recording for row in inputs)

        def context_at(offset: int) -> CrossContext:
            key = (inputs, offset if moves else 0)
            if key not in self._contexts:
                with torch.inference_mode():
                    cross = self.lm.fuser.cross(self._encoder.encode(inputs, offset))
                    assert cross is not None
                    values, mask = cross
                    context = self.lm.cross_context(values, None if bool(mask.all()) else mask)
                assert context is not None
                self._contexts[key] = context
                if len(self._contexts) > _KEPT_CONTEXTS:
                    self._contexts.popitem(last=False)
            self._contexts.move_to_end(key)
            return self._contexts[key]

        return context_at

    def _prefix(self, inputs: Sequence[RowInput]) -> PrefixAt | None:
        if not self.lm.fuser.fuse2cond["prepend"]:
            return None

        @lru_cache(maxsize=4)
        def prefix_at(offset: int) -> Tensor:
            with torch.inference_mode():
                prefix = self.lm.fuser.prefix(self._encoder.encode(inputs, offset))
            assert prefix is not None
            return prefix

        return prefix_at

    def _spread(self, inputs: Sequence[RowInput]) -> PrefixAt:
        @lru_cache(maxsize=4)
        def spread_at(offset: int) -> Tensor:
            with torch.inference_mode():
                encoded = self._encoder.encode(inputs, offset)
                parts = [spread_condition(encoded[name].values, self._window) for name in self._added]
                return torch.stack(parts).sum(0)

        return spread_at

    def _frame_source(self, conditions: Conditions) -> FrameProjector | None:
        if conditions.chroma is None and conditions.transport is None:
            return None
        return FrameProjector(conditions, self._chroma, self._transport, self.lm.dim, self.lm.device)


def _is_conditioned(conditions: Conditions) -> bool:
    return any(conditions.texts()) or _has_more_than_text(conditions)


def _has_more_than_text(conditions: Conditions) -> bool:
    others = (conditions.chroma, conditions.transport, conditions.recording)
    return any(other is not None for other in others)


def _has_text_only(conditions: Conditions) -> bool:
    return any(conditions.texts()) and not _has_more_than_text(conditions)


def _needs_textless(conditions: Conditions) -> bool:
    beta = conditions.cfg_coef_beta
    return beta is not None and any(conditions.texts()) and _has_more_than_text(conditions)


def _glide(conditions: Conditions) -> tuple[tuple[float, ...], float, float] | None:
    glide = conditions.glide
    if glide is None:
        return None
    total = sum(glide.weights)
    return tuple(weight / total for weight in glide.weights), glide.first, glide.last
