"""From what a player asks (`Conditions`) to the rows that a decoder runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.conditioning.attributes import Conditions
from genmodels.conditioning.base import ConditionTensor, FrameConditioner, TextConditioner
from genmodels.conditioning.chroma import ChromaFrameConditioner
from genmodels.conditioning.timing import transport_features
from genmodels.conditioning.transport import TransportConditioner
from genmodels.errors import ConditionError, ConfigError
from genmodels.lm.model import LMModel
from genmodels.lm.rows import NULL_KEY, RowConditions, VoiceRows, prompt_key
from genmodels.lm.transformer import CrossContext

_BLOCK = 64
_KEPT_BLOCKS = 64
_KEPT_TEXTS = 64
_KEPT_CONTEXTS = 16


class VoiceConditioner:
    """Encodes `Conditions` for one model, and remembers texts, so that a change without new text costs
    nothing.

    Args:
        lm: a model whose text enters by cross attention or in front, and whose frame-synchronous conditions
            are added to the input.
    Raises:
        ConfigError: the model is conditioned otherwise.
    """

    def __init__(self, lm: LMModel) -> None:
        self.lm = lm
        self._texts: OrderedDict[str | None, dict[str, ConditionTensor]] = OrderedDict()
        self._contexts: OrderedDict[tuple[str | None, ...], CrossContext | None] = OrderedDict()
        self._text: dict[str, TextConditioner] = {}
        self._chroma: ChromaFrameConditioner | None = None
        self._transport: TransportConditioner | None = None
        routes = {name: method for method, names in lm.fuser.fuse2cond.items() for name in names}
        for name, conditioner in lm.condition_provider.conditioners.items():
            allowed = (
                ("cross", "prepend", "ignore")
                if isinstance(conditioner, TextConditioner)
                else ("input_interpolate", "ignore")
            )
            if routes[name] not in allowed:
                raise ConfigError(
                    f"condition {name!r} is fused by {routes[name]!r}, it must be one of {allowed}"
                )
            if isinstance(conditioner, TextConditioner):
                self._text[name] = conditioner
            elif isinstance(conditioner, ChromaFrameConditioner):
                self._chroma = conditioner
            elif isinstance(conditioner, TransportConditioner):
                self._transport = conditioner

    @property
    def has_text(self) -> bool:
        """Whether the model takes prompts."""
        return bool(self._text)

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
        if conditions.chroma is not None and not self.has_chroma:
            raise ConditionError("this model takes no chroma by frame: leave it out, or choose another model")
        if conditions.transport is not None and not self.has_transport:
            raise ConditionError("this model takes no transport: leave it out, or choose another model")

    def rows(self, conditions: Sequence[Conditions], seeds: Sequence[int]) -> RowConditions:
        """Rows for one voice an item: all prompts of all voices, then the unconditional rows.

        Raises:
            ConditionError: a condition that the model does not have.
        """
        texts: list[str | None] = []
        keys: list[tuple[str, ...]] = []
        owners: list[int] = []
        prompts: list[list[int]] = []
        for number, item in enumerate(conditions):
            self.check(item)
            prompts.append([])
            # without any condition, the only row is the unconditional one
            if _is_conditioned(item):
                for index, text in enumerate(item.texts()):
                    prompts[-1].append(len(texts))
                    keys.append(prompt_key(index, text))
                    texts.append(text)
                    owners.append(number)
        voices = []
        for number, item in enumerate(conditions):
            null = len(keys)
            keys.append(NULL_KEY)
            owners.append(number)
            own = prompts[number]
            voices.append(
                VoiceRows(
                    prompts=tuple(own) or (null,),
                    weights=tuple(float(w) for w in item.weights()) if own else (1.0,),
                    null=null if own else None,
                    cfg_coef=item.cfg_coef,
                    sampling=item.sampling,
                    seed=seeds[number],
                )
            )
        prefix = self._prefix(texts, len(keys))
        frames = VoiceFrames([self._frame_source(item) for item in conditions], owners[: len(texts)])
        return RowConditions(
            keys=tuple(keys),
            voices=tuple(voices),
            row_voice=np.array(owners),
            context=self._context(tuple(texts)),
            frames=frames if frames.present else None,
            prefix=None if prefix is None else lambda _offset: prefix,
        )

    def _encode(self, text: str | None) -> dict[str, ConditionTensor]:
        """Each text by itself, so that it does not depend on the others it is mixed with."""
        if text not in self._texts:
            with torch.inference_mode():
                device = self.lm.device
                self._texts[text] = {
                    name: c({key: value.to(device) for key, value in c.prepare([text]).items()})
                    for name, c in self._text.items()
                }
            if len(self._texts) > _KEPT_TEXTS:
                self._texts.popitem(last=False)
        self._texts.move_to_end(text)
        return self._texts[text]

    def _stacked(self, texts: Sequence[str | None]) -> dict[str, ConditionTensor]:
        """The texts' conditions as one batch, padded with masked zeros."""
        encoded = [self._encode(text) for text in texts]
        stacked = {}
        for name in self._text:
            items = [item[name] for item in encoded]
            width = max(item.values.shape[1] for item in items)
            values = [F.pad(item.values, (0, 0, 0, width - item.values.shape[1])) for item in items]
            masks = [F.pad(item.mask, (0, width - item.mask.shape[1])) for item in items]
            stacked[name] = ConditionTensor(torch.cat(values), torch.cat(masks))
        return stacked

    def _context(self, texts: tuple[str | None, ...]) -> CrossContext | None:
        if not any(texts) or not self.lm.fuser.fuse2cond["cross"]:
            return None
        if texts not in self._contexts:
            with torch.inference_mode():
                cross = self.lm.fuser.cross(self._stacked(texts))
                assert cross is not None
                values, mask = cross
                self._contexts[texts] = self.lm.cross_context(values, None if bool(mask.all()) else mask)
            if len(self._contexts) > _KEPT_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(texts)
        return self._contexts[texts]

    def _prefix(self, texts: Sequence[str | None], rows: int) -> Tensor | None:
        if not self.lm.fuser.fuse2cond["prepend"]:
            return None
        with torch.inference_mode():
            return self.lm.fuser.prefix(self._stacked([*texts, *[None] * (rows - len(texts))]))

    def _frame_source(self, conditions: Conditions) -> FrameProjector | None:
        if conditions.chroma is None and conditions.transport is None:
            return None
        return FrameProjector(conditions, self._chroma, self._transport, self.lm.dim, self.lm.device)


class FrameProjector:
    """Projects chroma and transport of one voice, in blocks of frames that are kept for a while.

    The blocks are laid on absolute frames, so a frame's vector does not depend on who asks for it.
    """

    def __init__(
        self,
        conditions: Conditions,
        chroma: ChromaFrameConditioner | None,
        transport: TransportConditioner | None,
        dim: int,
        device: torch.device,
    ) -> None:
        self._conditions = conditions
        self._chroma = chroma
        self._transport = transport
        self._dim = dim
        self._device = device
        self._blocks: OrderedDict[int, Tensor] = OrderedDict()

    def at(self, frames: npt.NDArray[np.int64]) -> Tensor:
        """Vectors [n, dim] of ascending absolute frames [n] (repeats allowed)."""
        first, last = int(frames[0]) // _BLOCK, int(frames[-1]) // _BLOCK
        if first == last:
            return self._block(first)[torch.from_numpy(frames - first * _BLOCK)]
        span = torch.cat([self._block(number) for number in range(first, last + 1)])
        return span[torch.from_numpy(frames - first * _BLOCK)]

    def _block(self, number: int) -> Tensor:
        if number not in self._blocks:
            with torch.inference_mode():
                self._blocks[number] = self._project(np.arange(number * _BLOCK, (number + 1) * _BLOCK))
            if len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _project(self, frames: npt.NDArray[np.int64]) -> Tensor:
        total = torch.zeros(len(frames), self._dim, device=self._device)
        if self._chroma is not None and self._conditions.chroma is not None:
            chroma = torch.from_numpy(np.asarray(self._conditions.chroma.at(frames), dtype=np.float32))
            total += self._run(self._chroma, chroma)
        if self._transport is not None and self._conditions.transport is not None:
            features = transport_features(self._conditions.transport, int(frames[0]), int(frames[-1]) + 1)
            total += self._run(self._transport, torch.from_numpy(features))
        return total

    def _run(self, conditioner: FrameConditioner, features: Tensor) -> Tensor:
        result: ConditionTensor = conditioner(conditioner.prepare([features]).to(self._device))
        return result.values[0]


class VoiceFrames:
    """Frame-synchronous inputs of the prompt rows of several voices.

    Args:
        sources: one a voice; None where it has no such condition.
        owners: voice number of each prompt row.
    """

    def __init__(self, sources: Sequence[FrameProjector | None], owners: Sequence[int]) -> None:
        self._sources = sources
        self._owners = owners
        self.present = any(source is not None for source in sources)

    def at(self, frames: npt.NDArray[np.int64], offset: int) -> Tensor | None:
        rows = {
            number: source.at(frames) for number, source in enumerate(self._sources) if source is not None
        }
        if len(self._sources) == 1:
            return rows[0][None].expand(len(self._owners), -1, -1)
        zero = torch.zeros_like(next(iter(rows.values())))
        return torch.stack([rows.get(owner, zero) for owner in self._owners])


def _is_conditioned(conditions: Conditions) -> bool:
    return any(conditions.texts()) or conditions.chroma is not None or conditions.transport is not None
