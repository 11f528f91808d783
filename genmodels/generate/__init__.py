"""Generating sound: offline (`MusicGen`, `AudioGen`) and as a stream (`Continuation`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genmodels.generate.audiogen import AudioGen
    from genmodels.generate.base import BaseGenModel
    from genmodels.generate.continuation import Continuation
    from genmodels.generate.musicgen import MusicGen
    from genmodels.generate.pretrained import get_pretrained

__all__ = ["AudioGen", "BaseGenModel", "Continuation", "MusicGen", "get_pretrained"]

_HOMES = {
    "AudioGen": "audiogen",
    "BaseGenModel": "base",
    "Continuation": "continuation",
    "MusicGen": "musicgen",
    "get_pretrained": "pretrained",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"genmodels.generate.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
