"""Discriminators that a codec can be trained against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genmodels.errors import ConfigError
from genmodels.training.discriminators.base import Discriminator, Verdict
from genmodels.training.discriminators.mpd import MultiPeriodDiscriminator
from genmodels.training.discriminators.msd import MultiScaleDiscriminator
from genmodels.training.discriminators.msstftd import MultiScaleStftDiscriminator

DISCRIMINATORS: dict[str, type[Discriminator]] = {
    "mpd": MultiPeriodDiscriminator,
    "msd": MultiScaleDiscriminator,
    "msstftd": MultiScaleStftDiscriminator,
}


def build_discriminator(name: str, arguments: Mapping[str, Any]) -> Discriminator:
    """The discriminator `name` ('mpd', 'msd' or 'msstftd') with random weights.

    Raises:
        ConfigError: the name is unknown or an argument does not exist.
    """
    if name not in DISCRIMINATORS:
        raise ConfigError(f"adversary {name!r} is not one of {', '.join(DISCRIMINATORS)}")
    try:
        return DISCRIMINATORS[name](**arguments)
    except TypeError as error:
        raise ConfigError(f"adversary {name!r}: {error}") from error


__all__ = ["DISCRIMINATORS", "Discriminator", "Verdict", "build_discriminator"]
