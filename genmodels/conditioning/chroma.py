"""Frame-synchronous harmony."""

from __future__ import annotations

from torch import Tensor, nn

from genmodels.conditioning.base import ConditionTensor, FrameConditioner


class ChromaFrameConditioner(FrameConditioner):
    """Pitch classes and presence, one vector a frame, through one linear layer.

    Takes [B, T, 13]: 12 strengths in [0, 1] from C to B (largest 1, or all 0 in silence), and presence.

    Args:
        dim: width of the language model.
    """

    channels = 13

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.output_proj = nn.Linear(self.channels, dim)

    def forward(self, features: Tensor) -> ConditionTensor:
        presence = features[..., -1:]
        return ConditionTensor(self.output_proj(features) * presence, presence[..., 0])
