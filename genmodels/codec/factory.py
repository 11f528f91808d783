"""Codecs from plain configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genmodels.codec.base import CompressionModel
from genmodels.codec.encodec import EncodecModel
from genmodels.codec.seanet import SEANetConfig
from genmodels.codec.spectral import SpectralCodec
from genmodels.errors import ConfigError


def build_codec(config: Mapping[str, Any]) -> CompressionModel:
    """Builds a codec with random weights.

    Args:
        config: `kind` ('spectral' or 'encodec') and the keyword arguments of that class; for 'encodec' the
            mapping `seanet` holds the fields of `SEANetConfig`.

    Raises:
        ConfigError: the kind is unknown or an argument does not exist.
    """
    arguments = {str(k): v for k, v in config.items()}
    kind = arguments.pop("kind", None)
    try:
        if kind == "spectral":
            return SpectralCodec(**arguments)
        if kind == "encodec":
            seanet = dict(arguments.pop("seanet", {}))
            if "ratios" in seanet:
                seanet["ratios"] = tuple(seanet["ratios"])
            return EncodecModel(SEANetConfig(**seanet), **arguments)
    except TypeError as error:
        raise ConfigError(f"codec of kind {kind!r}: {error}") from error
    raise ConfigError(f"codec kind: {kind!r} is not one of 'spectral', 'encodec'")
