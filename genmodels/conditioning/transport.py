"""Frame-synchronous beat and bar position: what makes a model play on the beat by construction."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.conditioning.base import ConditionTensor, FrameConditioner

BEAT_HARMONICS = (1, 2, 3, 4, 6, 8)
BAR_HARMONICS = (1, 2, 3, 4)


class TransportConditioner(FrameConditioner):
    """Beat phase, bar phase, tempo and metre, one vector a frame.

    Takes [B, T, 4] as `transport_features` makes it: beat within the bar (in beats), beats a bar, bpm,
    presence.

    Args:
        dim: width of the language model.
        hidden: width of the hidden layer.
    """

    channels = 4

    def __init__(self, dim: int, hidden: int = 128) -> None:
        super().__init__()
        features = 1 + 2 * (len(BEAT_HARMONICS) + len(BAR_HARMONICS)) + 2
        self.hidden_proj = nn.Linear(features, hidden)
        self.output_proj = nn.Linear(hidden, dim)

    def resample(self, features: Tensor, num_frames: int) -> Tensor:
        # a position that wraps at the bar must not be averaged across the wrap
        return F.interpolate(features.T[None], size=num_frames, mode="nearest-exact")[0].T

    def forward(self, features: Tensor) -> ConditionTensor:
        beat, per_bar, bpm, presence = features.float().unsqueeze(-1).unbind(-2)
        per_bar = per_bar.clamp(min=1.0)
        beat_phase = 2 * math.pi * beat * beat.new_tensor(BEAT_HARMONICS)
        bar_phase = 2 * math.pi * (beat / per_bar) * beat.new_tensor(BAR_HARMONICS)
        tempo = torch.log2(bpm.clamp(min=20.0) / 120.0)
        parts = [
            presence,
            beat_phase.sin(),
            beat_phase.cos(),
            bar_phase.sin(),
            bar_phase.cos(),
            tempo,
            (per_bar == 3).float(),
        ]
        hidden = F.gelu(self.hidden_proj(torch.cat(parts, dim=-1)))
        return ConditionTensor(self.output_proj(hidden) * presence, presence[..., 0])
