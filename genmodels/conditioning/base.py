"""What every conditioner has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.conditioning.excerpt import Span, as_mono, excerpt
from genmodels.conditioning.recording import Recording
from genmodels.errors import ConditionError


class ConditionTensor(NamedTuple):
    """A condition as the model sees it.

    `values` [B, T, dim], zero wherever `mask` [B, T] (1 = real, 0 = absent or padding) is.
    """

    values: Tensor
    mask: Tensor


def stack_conditions(items: Sequence[ConditionTensor]) -> ConditionTensor:
    """Conditions of several items as one batch, padded to the longest with masked zeros."""
    width = max(item.values.shape[1] for item in items)
    values = [F.pad(item.values, (0, 0, 0, width - item.values.shape[1])) for item in items]
    masks = [F.pad(item.mask.bool(), (0, width - item.mask.shape[1])) for item in items]
    return ConditionTensor(torch.cat(values), torch.cat(masks))


def spread_condition(values: Tensor, frames: int) -> Tensor:
    """Values [B, T, dim] laid evenly over `frames` positions [B, frames, dim], each the nearest before it."""
    places = torch.arange(frames, device=values.device) * values.shape[1] // frames
    return values[:, places]


class TextConditioner(nn.Module, ABC):
    """Turns texts into `ConditionTensor`s, in two stages so that the first can run in a data loader."""

    @abstractmethod
    def prepare(self, texts: Sequence[str | None]) -> dict[str, Tensor]:
        """Tokenise one text an item; None and empty texts are absent."""

    @abstractmethod
    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        """Encode what `prepare` returned (moved to this module's device)."""


class JointConditioner(TextConditioner):
    """Takes texts or recordings, which it puts into one space. Where both are given, the recording counts."""

    @abstractmethod
    def prepare(
        self, texts: Sequence[str | None], recordings: Sequence[Recording | None] = ()
    ) -> dict[str, Tensor]:
        """Prepare one text or recording an item; `recordings` may be empty."""


class FrameConditioner(nn.Module, ABC):
    """Turns frame-synchronous features into `ConditionTensor`s.

    Attributes:
        channels: C of the raw features [T, C]; the last one is presence (1 where the condition holds, else
            0).
    """

    channels: int

    def prepare(self, items: Sequence[Tensor | None], num_frames: int | None = None) -> Tensor:
        """Collate features, one [T, C] (or [T, C - 1], then present throughout) an item; None is absent.

        Args:
            items: raw features, one tensor an item.
            num_frames: resample each to so many frames; None leaves them (their lengths must then agree).
        Returns:
            [B, T, C] float32.
        Raises:
            ConditionError: an item has another number of channels or another length, or is not finite.
        """
        rows = [None if item is None else self._complete(item) for item in items]
        if num_frames is not None:
            rows = [None if row is None else self.resample(row, num_frames) for row in rows]
        lengths = {len(row) for row in rows if row is not None} or {num_frames or 1}
        if len(lengths) > 1:
            raise ConditionError(
                f"frame conditions of one batch have different lengths {sorted(lengths)}: give num_frames"
            )
        empty = torch.zeros(lengths.pop(), self.channels)
        return torch.stack([empty if row is None else row for row in rows])

    def resample(self, features: Tensor, num_frames: int) -> Tensor:
        """Features [T, C] at another rate: [num_frames, C]. Linear, but nearest where every row is one-hot
        or zero."""
        if len(features) == num_frames:
            return features
        body = features[:, :-1]
        one_hot = bool(((body == 0) | (body == 1)).all()) and bool((body.sum(1) <= 1).all())
        if one_hot:
            return F.interpolate(features.T[None], size=num_frames, mode="nearest-exact")[0].T
        return F.interpolate(features.T[None], size=num_frames, mode="linear", align_corners=False)[0].T

    def _complete(self, item: Tensor) -> Tensor:
        if item.ndim != 2 or item.shape[1] not in (self.channels, self.channels - 1) or not len(item):
            raise ConditionError(
                f"{type(self).__name__} got features of shape {tuple(item.shape)}, must be "
                f"[T >= 1, {self.channels}] (last column presence) or [T, {self.channels - 1}]"
            )
        item = item.detach().float().cpu()
        if not bool(torch.isfinite(item).all()):
            raise ConditionError(f"{type(self).__name__} got features that are not finite")
        return F.pad(item, (0, 1), value=1.0) if item.shape[1] < self.channels else item

    @abstractmethod
    def forward(self, features: Tensor) -> ConditionTensor:
        """Project features [B, T, C] to [B, T, dim]; exactly zero where absent."""


class WaveformConditioner(nn.Module, ABC):
    """Turns recordings into `ConditionTensor`s.

    Attributes:
        sample_rate: at which it hears, in Hz.
    """

    sample_rate: int

    def prepare(self, recordings: Sequence[Recording | None], span: Span | None = None) -> dict[str, Tensor]:
        """Cut, resample and collate, one recording an item; None is absent.

        Args:
            recordings: any rates and channels; they are mixed to mono.
            span: which part is heard; the recordings are repeated for as long as it takes. None hears each
                whole, once.
        Returns:
            `wav` [B, T] float32, zero where it has ended, and `length` [B] int64 in samples, 0 where absent.
        """
        heard = [None if item is None else excerpt(self.isolate(item), span) for item in recordings]
        lengths = [0 if item is None else len(item) for item in heard]
        width = max(1, *lengths) if lengths else 1
        wav = torch.zeros(len(heard), width)
        for row, item in zip(wav, heard, strict=True):
            if item is not None:
                row[: len(item)] = item
        return {"wav": wav, "length": torch.tensor(lengths, dtype=torch.int64)}

    def isolate(self, recording: Recording) -> Recording:
        """The part of a recording that is listened to, mono at `sample_rate`; by default all of it."""
        return as_mono(recording, self.sample_rate)

    @abstractmethod
    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        """Encode what `prepare` returned (moved to this module's device)."""


Prepared = dict[str, Any]
"""Condition name -> what its conditioner's `prepare` returned."""
