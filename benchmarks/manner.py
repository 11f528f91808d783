"""How strictly and how freely a model plays, where a measurement wants other than the defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace

from genmodels.conditioning.attributes import Conditions
from genmodels.lm.sampling_params import SamplingParams


@dataclass(frozen=True)
class Manner:
    """Guidance, temperature, and of how many of the likeliest tokens one is drawn (0: of all)."""

    guidance: float = Conditions.cfg_coef
    temperature: float = SamplingParams.temperature
    top_k: int = SamplingParams.top_k

    def of(self, conditions: Conditions) -> Conditions:
        """The same conditions, followed in this manner."""
        sampling = SamplingParams(temperature=self.temperature, top_k=self.top_k)
        return replace(conditions, sampling=sampling, cfg_coef=self.guidance)


DEFAULT = Manner()
