"""Music-generating models: codecs, language models over their tokens, and ways to steer them.

The names below are loaded on first use, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genmodels.checkpoints.bundled import load_mini, save_mini
    from genmodels.checkpoints.loading import LoadedLm, LoadedModel, load_codec, load_lm, load_model
    from genmodels.checkpoints.names import MODELS, PublishedModel
    from genmodels.codec.base import CompressionModel
    from genmodels.conditioning.attributes import Conditions, WeightedPrompt
    from genmodels.conditioning.harmony import ChordProgression, ConstantChroma
    from genmodels.conditioning.recording import Recording
    from genmodels.conditioning.timing import Transport
    from genmodels.device import release_memory
    from genmodels.generate.audiogen import AudioGen
    from genmodels.generate.continuation import Continuation
    from genmodels.generate.musicgen import MusicGen
    from genmodels.generate.pretrained import get_pretrained
    from genmodels.lm.model import LMModel
    from genmodels.lm.sampling import SamplingParams

__all__ = [
    "MODELS",
    "AudioGen",
    "ChordProgression",
    "CompressionModel",
    "Conditions",
    "ConstantChroma",
    "Continuation",
    "LMModel",
    "LoadedLm",
    "LoadedModel",
    "MusicGen",
    "PublishedModel",
    "Recording",
    "SamplingParams",
    "Transport",
    "WeightedPrompt",
    "get_pretrained",
    "load_codec",
    "load_lm",
    "load_mini",
    "load_model",
    "release_memory",
    "save_mini",
]

_HOMES = {
    "MODELS": "checkpoints.names",
    "AudioGen": "generate.audiogen",
    "ChordProgression": "conditioning.harmony",
    "CompressionModel": "codec.base",
    "Conditions": "conditioning.attributes",
    "ConstantChroma": "conditioning.harmony",
    "Continuation": "generate.continuation",
    "LMModel": "lm.model",
    "LoadedLm": "checkpoints.loading",
    "LoadedModel": "checkpoints.loading",
    "MusicGen": "generate.musicgen",
    "PublishedModel": "checkpoints.names",
    "Recording": "conditioning.recording",
    "SamplingParams": "lm.sampling",
    "Transport": "conditioning.timing",
    "WeightedPrompt": "conditioning.attributes",
    "get_pretrained": "generate.pretrained",
    "load_codec": "checkpoints.loading",
    "load_lm": "checkpoints.loading",
    "load_mini": "checkpoints.bundled",
    "load_model": "checkpoints.loading",
    "release_memory": "device",
    "save_mini": "checkpoints.bundled",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"genmodels.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
