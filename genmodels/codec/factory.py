"""Codecs from plain configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from genmodels.codec.base import CompressionModel
from genmodels.codec.dac import DacCodec
from genmodels.codec.encodec import EncodecModel
from genmodels.codec.seanet import SEANetConfig
from genmodels.codec.spectral import SpectralCodec
from genmodels.codec.stereo import InterleaveStereoCodec
from genmodels.codec.transformers_codec import TransformersCodec
from genmodels.errors import ConfigError


def _encodec(seanet: Mapping[str, Any] | None = None, **arguments: Any) -> CompressionModel:
    fields = dict(seanet or {})
    if "ratios" in fields:
        fields["ratios"] = tuple(fields["ratios"])
    return EncodecModel(SEANetConfig(**fields), **arguments)


def _stereo(inner: Mapping[str, Any], per_timestep: bool = False) -> CompressionModel:
    return InterleaveStereoCodec(build_codec(inner), per_timestep)


def _dac(config: Mapping[str, Any] | None = None) -> CompressionModel:
    return DacCodec.from_config(config or {})


def _transformers(config: Mapping[str, Any] | None = None) -> CompressionModel:
    return TransformersCodec.from_config(config or {})


_KINDS: dict[str, Callable[..., CompressionModel]] = {
    "spectral": SpectralCodec,
    "encodec": _encodec,
    "stereo": _stereo,
    "dac": _dac,
    "transformers": _transformers,
}


def build_codec(config: Mapping[str, Any]) -> CompressionModel:
    """Builds a codec with random weights.

    Args:
        config: `kind`, and the arguments of that kind:

            - 'spectral': those of `SpectralCodec`;
            - 'encodec': those of `EncodecModel`, where `seanet` holds the fields of `SEANetConfig`;
            - 'stereo': `inner`, the configuration of a mono codec, and `per_timestep`;
            - 'dac': `config`, the fields of Transformers' DacConfig;
            - 'transformers': `config`, the fields of Transformers' EncodecConfig.

    Raises:
        ConfigError: the kind is unknown; an argument is missing, unknown or has an impossible value.
    """
    arguments = {str(k): v for k, v in config.items()}
    kind = arguments.pop("kind", None)
    if kind not in _KINDS:
        raise ConfigError(f"codec kind: {kind!r} is not one of {', '.join(map(repr, _KINDS))}")
    try:
        return _KINDS[kind](**arguments)
    except TypeError as error:
        raise ConfigError(f"codec of kind {kind!r}: {error}") from error
