"""Where each condition enters the language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from genmodels.conditioning.base import ConditionTensor
from genmodels.errors import ConfigError

FuseMethod = Literal["sum", "prepend", "cross", "input_interpolate", "ignore"]


@dataclass(frozen=True)
class Fused:
    """Result of fusing.

    Args:
        x: [B, P + S, dim]: the sequence with what was added, behind its prefix of P positions.
        prefix: P.
        cross: [B, Tc, dim] for cross attention, or None.
        cross_mask: [B, Tc] bool, or None.
    """

    x: Tensor
    prefix: int
    cross: Tensor | None
    cross_mask: Tensor | None


class ConditionFuser:
    """Routes conditions into the model.

    - sum: added to every position (a condition of one position is spread).
    - input_interpolate: frame-synchronous; position s gets frame min(s, T - 1), so the step that predicts
    codebook 0 of
      a frame sees that frame's condition.
    - prepend: put in front of the sequence.
    - cross: concatenated on time for cross attention.
    - ignore: left out.

    Args:
        fuse2cond: method -> names of conditions, in order.
    Raises:
        ConfigError: unknown method, or a condition named twice.
    """

    def __init__(self, fuse2cond: Mapping[str, Sequence[str]]) -> None:
        self.fuse2cond: dict[str, tuple[str, ...]] = dict.fromkeys(get_args(FuseMethod), ())
        seen: set[str] = set()
        for method, names in fuse2cond.items():
            if method not in self.fuse2cond:
                raise ConfigError(
                    f"fuser method {method!r} is unknown, must be one of {', '.join(self.fuse2cond)}"
                )
            for name in names:
                if name in seen:
                    raise ConfigError(f"fuser: condition {name!r} is named twice, route it one way")
                seen.add(name)
            self.fuse2cond[method] = tuple(names)
        self.names = frozenset(seen)

    def cross(self, tensors: Mapping[str, ConditionTensor]) -> tuple[Tensor, Tensor] | None:
        """Conditions for cross attention: values [B, Tc, dim] and mask [B, Tc] bool."""
        parts = [tensors[name] for name in self.fuse2cond["cross"]]
        if not parts:
            return None
        return torch.cat([part.values for part in parts], 1), torch.cat(
            [part.mask.bool() for part in parts], 1
        )

    def prefix(self, tensors: Mapping[str, ConditionTensor]) -> Tensor | None:
        """Conditions to prepend [B, P, dim], in the order in which they are named.

        (AudioCraft puts texts, then recordings in front, whatever the order; its published melody models name
        recording and text in just the order that results.)

        Their padding is not masked out, as the published models were trained so.
        """
        parts = [tensors[name].values for name in self.fuse2cond["prepend"]]
        return torch.cat(parts, 1) if parts else None

    def added(self, tensors: Mapping[str, ConditionTensor], start: int, stop: int) -> Tensor | None:
        """What is added to the positions [start, stop): [B, stop - start, dim], or None if nothing is."""
        total: Tensor | None = None
        for name in self.fuse2cond["input_interpolate"]:
            values = tensors[name].values
            frames = torch.arange(start, stop, device=values.device).clamp(max=values.shape[1] - 1)
            part = values[:, frames]
            total = part if total is None else total + part
        for name in self.fuse2cond["sum"]:
            values = tensors[name].values
            part = values.expand(-1, stop - start, -1) if values.shape[1] == 1 else values[:, start:stop]
            total = part if total is None else total + part
        return total

    def fuse(self, x: Tensor, tensors: Mapping[str, ConditionTensor]) -> Fused:
        """Fuse a whole sequence [B, S, dim] with its conditions."""
        added = self.added(tensors, 0, x.shape[1])
        if added is not None:
            x = x + added
        prefix = self.prefix(tensors)
        if prefix is not None:
            x = torch.cat([prefix.to(x.dtype), x], dim=1)
        cross = self.cross(tensors)
        return Fused(x, 0 if prefix is None else prefix.shape[1], *(cross or (None, None)))
