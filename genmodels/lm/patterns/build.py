"""Pattern providers from configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from genmodels.errors import ConfigError
from genmodels.lm.patterns.providers import (
    CoarseFirstPattern,
    CodebooksPatternProvider,
    DelayedPatternProvider,
    MusicLMPattern,
    ParallelPatternProvider,
    UnrolledPatternProvider,
)

_PROVIDERS: dict[str, Callable[..., CodebooksPatternProvider]] = {
    "parallel": ParallelPatternProvider,
    "delay": DelayedPatternProvider,
    "unroll": UnrolledPatternProvider,
    "coarse_first": CoarseFirstPattern,
    "musiclm": MusicLMPattern,
}


def build_pattern_provider(n_q: int, cfg: Mapping[str, Any]) -> CodebooksPatternProvider:
    """The provider that a configuration asks for.

    Args:
        n_q: number of codebooks.
        cfg: `modeling`, one of parallel, delay, unroll, coarse_first and musiclm, and under that name the
            arguments of the provider (may be absent), as in the `codebooks_pattern` of AudioCraft's
            checkpoints. Arguments of other kinds may stand beside them.
    Raises:
        ConfigError: the kind is unknown, or takes no such argument or value.
    """
    kind = cfg.get("modeling")
    if kind not in _PROVIDERS:
        raise ConfigError(f"codebooks pattern is {kind!r}, must be one of {', '.join(_PROVIDERS)}")
    options = {str(key): value for key, value in (cfg.get(kind) or {}).items()}
    try:
        return _PROVIDERS[kind](n_q, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"codebooks pattern {kind!r}: {error}") from error
