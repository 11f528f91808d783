"""Models from plain configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genmodels.codec.factory import build_codec
from genmodels.conditioning.chroma import ChromaFrameConditioner
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import Conditioner, ConditionProvider
from genmodels.conditioning.text import WordTextEncoder
from genmodels.conditioning.transport import TransportConditioner
from genmodels.errors import ConfigError
from genmodels.lm.model import LMModel
from genmodels.lm.patterns import DelayedPatternProvider

__all__ = ["build_codec", "build_conditioner", "build_lm"]

_LM_KEYS = {
    "n_q",
    "card",
    "dim",
    "num_heads",
    "num_layers",
    "hidden_scale",
    "delays",
    "dropout",
    "conditioners",
    "fuser",
}
# read by whoever generates or trains, not by the module
_LM_EXTRA_KEYS = {"max_duration", "extend_stride"}


def build_conditioner(name: str, cfg: Mapping[str, Any], dim: int) -> Conditioner:
    """One conditioner from {kind: words | t5 | chroma_frames | transport, ...its arguments}.

    Raises:
        ConfigError: unknown kind, or arguments that it does not take.
    """
    options = {str(key): value for key, value in cfg.items()}
    kind = options.pop("kind", None)
    try:
        if kind == "words":
            return WordTextEncoder(dim, **options)
        if kind == "t5":
            from genmodels.conditioning.t5 import T5Conditioner

            return T5Conditioner(dim, **options)
        if kind == "chroma_frames":
            return ChromaFrameConditioner(dim, **options)
        if kind == "transport":
            return TransportConditioner(dim, **options)
    except TypeError as error:
        raise ConfigError(f"conditioner {name!r} of kind {kind!r}: {error}") from error
    raise ConfigError(
        f"conditioner {name!r} is of kind {kind!r}, must be words, t5, chroma_frames or transport"
    )


def build_lm(cfg: Mapping[str, Any]) -> LMModel:
    """A language model with fresh weights.

    Args:
        cfg: n_q, card, dim, num_heads, num_layers, hidden_scale, delays, dropout (optional), conditioners
            (name -> {kind, ...}), fuser (method -> names). max_duration and extend_stride may stand beside
            them.
    Raises:
        ConfigError: a key is missing, unknown, or does not fit.
    """
    unknown = {str(key) for key in cfg} - _LM_KEYS - _LM_EXTRA_KEYS
    if unknown:
        raise ConfigError(
            f"lm configuration: unknown keys {sorted(unknown)}, known are {sorted(_LM_KEYS | _LM_EXTRA_KEYS)}"
        )
    missing = _LM_KEYS - {"dropout", "conditioners", "fuser"} - {str(key) for key in cfg}
    if missing:
        raise ConfigError(f"lm configuration: keys {sorted(missing)} are missing")
    dim = int(cfg["dim"])
    conditioners = {
        str(name): build_conditioner(str(name), item, dim)
        for name, item in (cfg.get("conditioners") or {}).items()
    }
    return LMModel(
        n_q=int(cfg["n_q"]),
        card=int(cfg["card"]),
        dim=dim,
        num_heads=int(cfg["num_heads"]),
        num_layers=int(cfg["num_layers"]),
        hidden_scale=int(cfg["hidden_scale"]),
        pattern_provider=DelayedPatternProvider(int(cfg["n_q"]), list(cfg["delays"])),
        condition_provider=ConditionProvider(conditioners),
        fuser=ConditionFuser({str(k): [str(n) for n in v] for k, v in (cfg.get("fuser") or {}).items()}),
        dropout=float(cfg.get("dropout", 0.0)),
    )
