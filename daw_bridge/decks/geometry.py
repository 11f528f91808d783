"""How a model's frames and samples lie on output samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from daw_bridge.audio.resample import PolyphaseResampler
from daw_bridge.engine.protocol import Loaded


@dataclass(frozen=True)
class Geometry:
    """Rates of a loaded model and of the output, Hz."""

    model: Loaded
    out_rate: int

    @cached_property
    def resampler(self) -> PolyphaseResampler:
        """From the model's rate to the output's."""
        return PolyphaseResampler(self.model.sample_rate, self.out_rate)

    @property
    def hop(self) -> int:
        """Model samples of a frame."""
        return self.model.hop_length

    @property
    def channels(self) -> int:
        """Channels of the model's sound."""
        return self.model.channels

    @property
    def lookahead(self) -> int:
        """Frames that the codec needs beyond the one whose PCM it gives."""
        return self.model.lookahead_frames

    def out_samples(self, frames: int) -> int:
        """Output samples from a voice's beginning to the beginning of a frame."""
        return round(frames * self.hop * self.out_rate / self.model.sample_rate)

    def frames(self, out_samples: float) -> float:
        """Frames from a voice's beginning to an output sample relative to it."""
        return out_samples * self.model.sample_rate / (self.hop * self.out_rate)

    def model_samples(self, out_samples: int) -> int:
        """The model's sample at or before an output sample, both relative to a voice's beginning."""
        return out_samples * self.model.sample_rate // self.out_rate
