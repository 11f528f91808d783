"""What the worker asks of a model, and the loader for genmodels."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.identity import hardware_name, weights_digest
from daw_bridge.engine.protocol import DEFAULT_LOADER

if TYPE_CHECKING:
    from genmodels.conditioning.attributes import Conditions
    from genmodels.lm.decoder import Precision


class Voice(Protocol):
    """One stream of music; `genmodels.generate.continuation.Continuation` is one.

    Attributes:
        frame: frames whose tokens are complete. pcm_frame: frames whose PCM was returned.
        oldest_frame: the first frame that can still change.
        lookahead_frames, max_delay: see `daw_bridge.engine.protocol.Loaded`.
        codes: tokens [K, <= frame], ending at ``frame``: a tensor or an array.
    """

    @property
    def frame(self) -> int: ...

    @property
    def pcm_frame(self) -> int: ...

    @property
    def oldest_frame(self) -> int: ...

    @property
    def lookahead_frames(self) -> int: ...

    @property
    def max_delay(self) -> int: ...

    @property
    def codes(self) -> Any: ...

    def set_conditions(self, conditions: Conditions, from_frame: int | None = None) -> None: ...

    def advance(self, to_frame: int) -> NDArray[np.float32]: ...

    def roll_back(self, frame: int) -> None: ...


class Advanced(Protocol):
    """What came of one voice; `genmodels.generate.group.Advanced` is one.

    Attributes:
        pcm: as `Voice.advance` returns it; None if the voice failed.
        seconds: of computing, those that it shared with other voices in full; 0 if it was left for later.
        error: why the voice failed.
    """

    @property
    def pcm(self) -> NDArray[np.float32] | None: ...

    @property
    def seconds(self) -> float: ...

    @property
    def error(self) -> Exception | None: ...


class EngineModel(Protocol):
    """A loaded model that opens voices.

    Attributes:
        takes, channels, kind, weights, hardware, codec, precision: see `daw_bridge.engine.protocol.Loaded`.
    """

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def sample_rate(self) -> int: ...

    @property
    def hop_length(self) -> int: ...

    @property
    def frame_rate(self) -> float: ...

    @property
    def takes(self) -> frozenset[str]: ...

    @property
    def channels(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def weights(self) -> str: ...

    @property
    def hardware(self) -> str: ...

    @property
    def codec(self) -> str: ...

    @property
    def precision(self) -> str: ...

    def open(self, conditions: Conditions, seed: int, prompt: NDArray[np.int16] | None) -> Voice: ...

    def advance(self, targets: Sequence[tuple[Voice, int]], seconds: float) -> Sequence[Advanced]:
        """Advance voices to their frames together, the most urgent first, and come back when ``seconds`` are
        up if that can be foreseen; an error in one leaves the others alone."""
        ...

    def warm_up_conditions(self) -> Conditions: ...


Loader = Callable[[str, str, str], EngineModel]


def resolve_loader(name: str) -> Loader:
    """The function that ``'module:function'`` names.

    Raises:
        ValueError: the text has another form. ImportError, AttributeError: there is no such function.
    """
    module, _, function = name.partition(":")
    if not module or not function:
        raise ValueError(f"loader {name!r} is not of the form 'module:function'")
    loader: Loader = getattr(importlib.import_module(module), function)
    return loader


def prepare(loader: str) -> None:
    """Import what a loader is going to need, so that it loads sooner; what cannot be, is left to it."""
    with contextlib.suppress(Exception):
        resolve_loader(loader)
        if loader == DEFAULT_LOADER:
            for module in ("generate.audiogen", "generate.continuation", "checkpoints.loading"):
                importlib.import_module(f"genmodels.{module}")


def load_genmodels(model: str, device: str, precision: str = "auto") -> EngineModel:
    """`genmodels.generate.get_pretrained` behind the worker's interface.

    Args:
        model: bundled name, hub name, folder or file.
        device: see `genmodels.device.pick_device`.
        precision: see `genmodels.lm.decoder.make_decoder`.

    Raises:
        CheckpointError: there is no such model, or its files cannot be used.
        ConfigError: there is no such device, or the precision cannot be had there.
    """
    from genmodels.device import pick_device
    from genmodels.generate import AudioGen, get_pretrained

    chosen = pick_device(device)
    loaded = get_pretrained(model, chosen, cast("Precision", precision))
    return _GenModel(model, str(chosen), loaded, "audiogen" if isinstance(loaded, AudioGen) else "musicgen")


class _GenModel:
    def __init__(self, name: str, device: str, model: Any, kind: str) -> None:
        from genmodels.generate.group import ContinuationGroup

        self.name = name
        self.kind = kind
        self.device = device
        self._model = model
        self._group = ContinuationGroup()
        self.sample_rate = int(model.sample_rate)
        self.frame_rate = float(model.frame_rate)
        self.hop_length = int(model.compression_model.hop_length)
        self.channels = int(model.audio_channels)
        voices = model.voices
        self._hears_recordings = voices.has_melody and not voices.has_chroma
        offered = {
            "text": voices.has_text,
            "chroma": voices.has_chroma or self._hears_recordings,
            "transport": voices.has_transport,
        }
        self.takes = frozenset(name for name, has in offered.items() if has)
        self.weights = weights_digest((model.lm, model.compression_model))
        self.codec = weights_digest((model.compression_model,))
        self.precision = str(model.decoder.precision)
        self.hardware = f"{hardware_name(model.device)}, {type(model.decoder).__name__}"

    def open(self, conditions: Conditions, seed: int, prompt: NDArray[np.int16] | None) -> Voice:
        import torch

        from daw_bridge.engine.melody_voice import MelodyVoice
        from genmodels.generate.continuation import Continuation

        codes = None if prompt is None else torch.from_numpy(prompt.astype(np.int64))
        made = MelodyVoice if self._hears_recordings else Continuation
        voice: Voice = made(self._model, conditions, seed, prompt_codes=codes)
        return voice

    def advance(self, targets: Sequence[tuple[Any, int]], seconds: float) -> Sequence[Advanced]:
        return list(self._group.advance(dict(targets), seconds).values())

    def warm_up_conditions(self) -> Conditions:
        from genmodels.conditioning.attributes import Conditions, WeightedPrompt
        from genmodels.conditioning.timing import Transport

        prompts = (WeightedPrompt("warm lo-fi piano, soft drums"),) if "text" in self.takes else ()
        transport = Transport(120.0, frame_rate=self.frame_rate) if "transport" in self.takes else None
        return Conditions(prompts, transport=transport)
