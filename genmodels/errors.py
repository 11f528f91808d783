"""Exceptions of genmodels. Every message names the thing, the value and what to do about it."""

from __future__ import annotations


class GenModelsError(Exception):
    """Base of every error that genmodels raises on purpose."""


class ConfigError(GenModelsError):
    """A model or training configuration cannot be used."""


class CheckpointError(GenModelsError):
    """A checkpoint is missing, truncated or of another kind."""


class ConditionError(GenModelsError):
    """A condition (text, chroma, transport, waveform) does not fit the model or is out of range."""


class GenerationError(GenModelsError):
    """A generation request cannot be met (lengths, sampling parameters, rollback range)."""
