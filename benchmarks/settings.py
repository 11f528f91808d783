"""What the model benchmarks share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt

CONFIGS = Path(__file__).parents[1] / "genmodels" / "training" / "configs"
CONDITIONS = Conditions(
    prompts=(WeightedPrompt("warm lo-fi hip hop with piano and drums"),), transport=Transport(92.0)
)


def config(name: str) -> dict[str, Any]:
    """A training configuration of the bundled model, `mini_codec` or `mini_lm`, as a plain dict."""
    container = OmegaConf.to_container(OmegaConf.load(CONFIGS / f"{name}.yaml"), resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}
