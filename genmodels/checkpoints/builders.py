"""Models from plain configurations."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import torch

from genmodels.codec.factory import build_codec
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import Conditioner, ConditionProvider
from genmodels.errors import ConfigError
from genmodels.lm.model import LMModel
from genmodels.lm.patterns import CodebooksPatternProvider, DelayedPatternProvider, build_pattern_provider
from genmodels.lm.transformer import sinusoidal_positions

__all__ = ["build_codec", "build_conditioner", "build_lm"]

_LM_KEYS = {
    "n_q",
    "card",
    "dim",
    "num_heads",
    "num_layers",
    "hidden_scale",
    "delays",
    "codebooks_pattern",
    "dropout",
    "conditioners",
    "fuser",
    "attend_padding",
}
_OPTIONAL = {"delays", "codebooks_pattern", "dropout", "conditioners", "fuser", "attend_padding"}
_CONDITIONERS = {
    "words": ("text", "WordTextEncoder"),
    "t5": ("t5", "T5Conditioner"),
    "chroma_frames": ("chroma", "ChromaFrameConditioner"),
    "transport": ("transport", "TransportConditioner"),
    "chroma_stem": ("chroma_stem", "ChromaStemConditioner"),
    "style": ("style", "StyleConditioner"),
    "clap": ("clap", "ClapConditioner"),
}
# read by whoever generates or trains, not by the module
_LM_EXTRA_KEYS = {"max_duration", "extend_stride"}


def build_conditioner(name: str, cfg: Mapping[str, Any], dim: int) -> Conditioner:
    """One conditioner from {kind: words | t5 | chroma_frames | transport | chroma_stem | style | clap, ...its
    arguments}.

    Raises:
        ConfigError: unknown kind, or arguments that it does not take.
        CheckpointError: the model that it hears with (a T5, MERT, CLAP) cannot be loaded.
    """
    options = {str(key): value for key, value in cfg.items()}
    kind = options.pop("kind", None)
    if kind not in _CONDITIONERS:
        *others, last = _CONDITIONERS
        raise ConfigError(f"conditioner {name!r} is of kind {kind!r}, must be {', '.join(others)} or {last}")
    module, class_name = _CONDITIONERS[kind]
    made = getattr(import_module(f"genmodels.conditioning.{module}"), class_name)
    if isinstance(options.get("compression_model"), str):
        from genmodels.checkpoints.loading import load_codec

        options["compression_model"] = load_codec(options["compression_model"], "cpu")
    try:
        conditioner: Conditioner = made(dim, **options)
    except TypeError as error:
        raise ConfigError(f"conditioner {name!r} of kind {kind!r}: {error}") from error
    return conditioner


def build_lm(
    cfg: Mapping[str, Any], conditioners: Mapping[str, Conditioner] | None = None, empty: bool = False
) -> LMModel:
    """A language model with fresh weights.

    Args:
        cfg: n_q, card, dim, num_heads, num_layers, hidden_scale; delays, or codebooks_pattern as
            `build_pattern_provider` takes it; dropout, attend_padding, conditioners (name -> {kind, ...}) and
            fuser (method -> names) are optional. max_duration and extend_stride may stand beside them.
        conditioners: ready ones, instead of those of `cfg`.
        empty: the transformer, embeddings and heads are on the meta device, without values, for
            `load_state_dict(..., assign=True)`: nothing is drawn at random only to be overwritten.
    Raises:
        ConfigError: a key is missing, unknown, or does not fit.
    """
    unknown = {str(key) for key in cfg} - _LM_KEYS - _LM_EXTRA_KEYS
    if unknown:
        raise ConfigError(
            f"lm configuration: unknown keys {sorted(unknown)}, known are {sorted(_LM_KEYS | _LM_EXTRA_KEYS)}"
        )
    missing = _LM_KEYS - _OPTIONAL - {str(key) for key in cfg}
    if missing:
        raise ConfigError(f"lm configuration: keys {sorted(missing)} are missing")
    dim = int(cfg["dim"])
    if conditioners is None:
        conditioners = {
            str(name): build_conditioner(str(name), item, dim)
            for name, item in (cfg.get("conditioners") or {}).items()
        }
    provider = ConditionProvider(conditioners)
    with torch.device("meta") if empty else nullcontext():
        lm = LMModel(
            n_q=int(cfg["n_q"]),
            card=int(cfg["card"]),
            dim=dim,
            num_heads=int(cfg["num_heads"]),
            num_layers=int(cfg["num_layers"]),
            hidden_scale=int(cfg["hidden_scale"]),
            pattern_provider=_pattern(cfg),
            condition_provider=provider,
            fuser=ConditionFuser({str(k): [str(n) for n in v] for k, v in (cfg.get("fuser") or {}).items()}),
            dropout=float(cfg.get("dropout", 0.0)),
            attend_padding=bool(cfg.get("attend_padding", False)),
        )
    if empty:
        # the only values that no checkpoint has
        positions = lm.transformer.positions
        lm.transformer.positions = sinusoidal_positions(0, len(positions), dim)
    return lm


def _pattern(cfg: Mapping[str, Any]) -> CodebooksPatternProvider:
    n_q = int(cfg["n_q"])
    if ("delays" in cfg) == ("codebooks_pattern" in cfg):
        raise ConfigError("lm configuration: give delays or codebooks_pattern, one of the two")
    if "delays" in cfg:
        return DelayedPatternProvider(n_q, list(cfg["delays"]))
    return build_pattern_provider(n_q, cfg["codebooks_pattern"])
