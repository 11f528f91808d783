"""All conditioners of a model together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.conditioning.attributes import ConditioningAttributes, check_names
from genmodels.conditioning.base import (
    ConditionTensor,
    FrameConditioner,
    JointConditioner,
    Prepared,
    TextConditioner,
    WaveformConditioner,
)
from genmodels.conditioning.excerpt import Span

Conditioner = TextConditioner | FrameConditioner | WaveformConditioner
ConditionTensors = dict[str, ConditionTensor]


class ConditionProvider(nn.Module):
    """Turns attributes into condition tensors.

    Args:
        conditioners: by name, in the order in which their conditions are fused.
    """

    def __init__(self, conditioners: Mapping[str, Conditioner]) -> None:
        super().__init__()
        self.conditioners = nn.ModuleDict(dict(conditioners))

    @property
    def text_names(self) -> tuple[str, ...]:
        """Names of the conditions that take text."""
        return tuple(name for name, c in self.conditioners.items() if isinstance(c, TextConditioner))

    @property
    def frame_names(self) -> tuple[str, ...]:
        """Names of the frame-synchronous conditions."""
        return tuple(name for name, c in self.conditioners.items() if isinstance(c, FrameConditioner))

    @property
    def wav_names(self) -> tuple[str, ...]:
        """Names of the conditions that take recordings."""
        return tuple(name for name, c in self.conditioners.items() if isinstance(c, WaveformConditioner))

    def prepare(
        self,
        attributes: Sequence[ConditioningAttributes],
        num_frames: int | None = None,
        span: Span | None = None,
    ) -> Prepared:
        """First stage, on the CPU: tokens of texts, collated frame features. Can run in a data loader.

        Args:
            attributes: one a batch item. Conditions that are missing are absent.
            num_frames: frames of the sequence; features at another rate are resampled to it.
            span: which part of the recordings is heard; None hears them whole.
        Raises:
            ConditionError: a condition that this model does not have, or of a wrong shape.
        """
        prepared: Prepared = {}
        for item in attributes:
            check_names(item, dict(self.conditioners.items()))
        for name, conditioner in self.conditioners.items():
            if isinstance(conditioner, JointConditioner):
                prepared[name] = conditioner.prepare(
                    [item.text.get(name) for item in attributes], [item.wav.get(name) for item in attributes]
                )
            elif isinstance(conditioner, TextConditioner):
                prepared[name] = conditioner.prepare([item.text.get(name) for item in attributes])
            elif isinstance(conditioner, FrameConditioner):
                prepared[name] = conditioner.prepare(
                    [item.frames.get(name) for item in attributes], num_frames
                )
            elif isinstance(conditioner, WaveformConditioner):
                prepared[name] = conditioner.prepare([item.wav.get(name) for item in attributes], span)
        return prepared

    def forward(self, prepared: Prepared) -> ConditionTensors:
        """Second stage: `prepare`'s result, moved to this module's device and encoded."""
        return {
            name: conditioner(_to_device(prepared[name], _device_of(conditioner)))
            for name, conditioner in self.conditioners.items()
        }


def _device_of(module: nn.Module) -> torch.device:
    return next(module.parameters()).device


def _to_device(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    return {key: item.to(device) for key, item in value.items()}
