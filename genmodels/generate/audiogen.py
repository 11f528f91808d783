"""AudioGen: sounds of all kinds from text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from genmodels.codec.base import CompressionModel
from genmodels.conditioning.base import WaveformConditioner
from genmodels.errors import ConfigError
from genmodels.generate.base import BaseGenModel, Result
from genmodels.generate.loaded import load_to_play
from genmodels.generate.params import GenerationParams
from genmodels.lm.decoder import Precision
from genmodels.lm.model import LMModel
from genmodels.lm.sampling import SamplingParams

_STRIDE_S = 2.0
_FIRST_DURATION_S = 5.0


class AudioGen(BaseGenModel):
    """Generates sound effects and ambiences from text alone (AudioGen, arXiv 2209.15352).

    Results are sound [B, C, T] float32, and with `return_tokens` also codes [B, K, T']. Every method takes a
    `seed`: item i of the batch draws from seed + i. Lists of descriptions may hold None for no text. Until
    `set_generation_params` is called, 5 s are generated.

    Args:
        name, compression_model, lm, max_duration, precision: see `BaseGenModel`.
        extend_stride: default stride of long form in seconds; by default 2, or 0.6 of a max_duration that
            is not longer than that.
    Raises:
        ConfigError: the language model takes recordings; or see `BaseGenModel`.
    """

    def __init__(
        self,
        name: str,
        compression_model: CompressionModel,
        lm: LMModel,
        max_duration: float,
        extend_stride: float | None = None,
        precision: Precision = "auto",
    ) -> None:
        for condition, conditioner in lm.condition_provider.conditioners.items():
            if isinstance(conditioner, WaveformConditioner):
                raise ConfigError(
                    f"model {name!r} takes recordings ({condition!r}), AudioGen takes text only: "
                    f"load it as MusicGen"
                )
        if extend_stride is None and max_duration > _STRIDE_S:
            extend_stride = _STRIDE_S
        super().__init__(name, compression_model, lm, max_duration, extend_stride, precision)
        self.set_generation_params(duration=_FIRST_DURATION_S)

    @staticmethod
    def get_pretrained(
        name: str | Path = "facebook/audiogen-medium",
        device: torch.device | str | None = None,
        precision: Precision = "auto",
    ) -> AudioGen:
        """Load a model.

        Args:
            name: an AudioGen that `daw-bridge models` lists, a Hugging Face hub id, a folder or a file (see
                `load_model`).
            device: see `pick_device`.
            precision: see `make_decoder`.
        Raises:
            CheckpointError: there is no such model, or its files cannot be used.
            ConfigError: unknown precision or device.
        """
        found = load_to_play(name, device, precision, "audiogen")
        return AudioGen(
            found.name, found.compression_model, found.lm, found.max_duration, found.extend_stride, precision
        )

    def set_generation_params(
        self,
        use_sampling: bool = True,
        top_k: int = 250,
        top_p: float = 0.0,
        temperature: float = 1.0,
        duration: float = 10.0,
        cfg_coef: float = 3.0,
        two_step_cfg: bool = False,
        extend_stride: float | None = None,
    ) -> None:
        """Set how to generate from now on.

        Args:
            use_sampling: draw at random; otherwise the most likely token is taken.
            top_k: keep the k most likely tokens; 0 keeps all.
            top_p: above 0 it takes precedence over top_k.
            temperature: >= 0.
            duration: seconds of the result, > 0; a part of a frame at its end is left out.
            cfg_coef: guidance, >= 0.
            two_step_cfg: run conditioned and unconditional rows one after the other, to save memory.
            extend_stride: seconds by which the window moves on where the duration exceeds the model's
                window, in (0, max_duration); None takes the model's own (2 s for AudioGen).
        Raises:
            GenerationError: a value is out of range.
        """
        sampling = SamplingParams(use_sampling, temperature, top_k, top_p)
        stride = self._default_stride if extend_stride is None else extend_stride
        self._set_params(GenerationParams(sampling, duration, cfg_coef, stride, None, two_step_cfg))

    def generate(
        self,
        descriptions: Sequence[str | None],
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
    ) -> Result:
        """Generate sound from descriptions.

        Args:
            descriptions: one an item.
            progress: write progress to the terminal.
            return_tokens: also return the codes.
            seed: of item 0.
        Raises:
            ConditionError: a string instead of a list, or text for a model that takes none.
            GenerationError: the list is empty, or the duration is less than a frame.
        """
        conditions = self._conditions(descriptions)
        return self._result(self.generate_tokens(conditions, None, seed, progress), return_tokens)

    def generate_continuation(
        self,
        prompt: Tensor,
        prompt_sample_rate: int,
        descriptions: Sequence[str | None] | None = None,
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
    ) -> Result:
        """Continue sound. The result begins with the prompt as the codec renders it.

        Args:
            prompt: floating point [C, T] or [B, C, T], shorter than the duration and the model's window.
            prompt_sample_rate: of the prompt, in Hz.
            descriptions: one an item, or None for no text.
            progress, return_tokens, seed: see `generate`.
        Raises:
            GenerationError: the prompt is no such sound or too long, or its batch is not that of the
                descriptions.
        """
        return self._continued(prompt, prompt_sample_rate, descriptions, progress, return_tokens, seed)
