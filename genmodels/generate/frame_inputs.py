"""What conditions add to the input of a decoder's rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.conditioning.attributes import Conditions
from genmodels.conditioning.base import ConditionTensor, FrameConditioner
from genmodels.conditioning.chroma import ChromaFrameConditioner
from genmodels.conditioning.timing import transport_features
from genmodels.conditioning.transport import TransportConditioner

_BLOCK = 64
_KEPT_BLOCKS = 64


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


@dataclass(frozen=True, eq=False)
class RowInputs:
    """Inputs of the first rows: frame-synchronous ones by absolute frame, others laid over the window.

    Args:
        sources: one a voice; None where it has no frame-synchronous condition.
        owners: voice number of each row that has them; these come first.
        spread: gives [R', T, dim] for the T frames of the window that starts at a frame; None if there is
            nothing of this kind. R' is at least the number of owners.
    """

    sources: Sequence[FrameProjector | None]
    owners: Sequence[int]
    spread: Callable[[int], Tensor] | None = None

    @property
    def present(self) -> bool:
        """Whether anything is added."""
        return self.spread is not None or any(source is not None for source in self.sources)

    def at(self, frames: npt.NDArray[np.int64], offset: int) -> Tensor | None:
        by_frame = self._by_frame(frames)
        if self.spread is None:
            return by_frame
        laid = self.spread(offset)
        total = laid[:, torch.from_numpy(frames - offset).to(laid.device)]
        if by_frame is not None:
            total[: len(by_frame)] += by_frame
        return total

    def _by_frame(self, frames: npt.NDArray[np.int64]) -> Tensor | None:
        voices = {
            number: source.at(frames) for number, source in enumerate(self.sources) if source is not None
        }
        if not voices or not self.owners:
            return None
        if len(self.sources) == 1:
            return voices[0][None].expand(len(self.owners), -1, -1)
        zero = torch.zeros_like(next(iter(voices.values())))
        return torch.stack([voices.get(owner, zero) for owner in self.owners])
