"""MusicGen: music from text, sound, harmony and a pulse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from genmodels.checkpoints.loading import load_model
from genmodels.conditioning.attributes import ChromaTrack, Transport
from genmodels.conditioning.harmony import RecordedChroma, chroma_of
from genmodels.errors import ConditionError, GenerationError
from genmodels.generate.base import BaseGenModel
from genmodels.lm.decoder import Precision
from genmodels.lm.sampling import SamplingParams

Result = Tensor | tuple[Tensor, Tensor]


class MusicGen(BaseGenModel):
    """Generates music. Results are sound [B, C, T] float32, and with `return_tokens` also codes [B, K, T'].

    Every method takes a `seed`: item i of the batch draws from seed + i, and the same seed gives the same
    tokens. Lists of descriptions may hold None for no text.
    """

    @staticmethod
    def get_pretrained(
        name: str | Path = "mini", device: torch.device | str | None = None, precision: Precision = "auto"
    ) -> MusicGen:
        """Load a model.

        Args:
            name: 'mini', the bundled one; any other MusicGen that `daw-bridge models` lists; a Hugging Face
                hub id, a folder or a file (see `load_model`).
            device: see `pick_device`.
            precision: see `make_decoder`.
        Raises:
            CheckpointError: there is no such model, or its files cannot be used.
        """
        found = load_model(name, device, "musicgen")
        return MusicGen(
            found.name, found.compression_model, found.lm, found.max_duration, found.extend_stride, precision
        )

    def set_generation_params(
        self,
        use_sampling: bool = True,
        top_k: int = 250,
        top_p: float = 0.0,
        temperature: float = 1.0,
        duration: float = 30.0,
        cfg_coef: float = 3.0,
        extend_stride: float | None = None,
    ) -> None:
        """Set how to generate from now on.

        Args:
            use_sampling: draw at random; otherwise the most likely token is taken.
            top_k: keep the k most likely tokens; 0 keeps all.
            top_p: above 0 it takes precedence over top_k.
            temperature: >= 0.
            duration: seconds of the result, > 0.
            cfg_coef: guidance, >= 0.
            extend_stride: seconds by which the window moves on where the duration exceeds the model's
                window, in (0, max_duration); None takes the model's own (18 of 30 s for MusicGen).
        Raises:
            GenerationError: a value is out of range.
        """
        sampling = SamplingParams(use_sampling, temperature, top_k, top_p)
        self._set_params(sampling, duration, cfg_coef, extend_stride)

    def generate(
        self,
        descriptions: Sequence[str | None],
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
        transport: Transport | None = None,
        chroma: ChromaTrack | None = None,
    ) -> Result:
        """Generate music from descriptions.

        Args:
            descriptions: one an item.
            progress: write progress to the terminal.
            return_tokens: also return the codes.
            seed: of item 0.
            transport: tempo and metre of all items, for models that take them.
            chroma: harmony of all items, for models that take it.
        Raises:
            ConditionError: a string instead of a list, or a condition that the model does not have.
        """
        tokens = self.generate_tokens(self._conditions(descriptions, transport, chroma), None, seed, progress)
        return self._result(tokens, return_tokens)

    def generate_unconditional(
        self,
        num_samples: int,
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
    ) -> Result:
        """Generate `num_samples` (>= 1) pieces without any condition."""
        if num_samples < 1:
            raise GenerationError(f"num_samples is {num_samples}, must be at least 1")
        tokens = self.generate_tokens(self._conditions([None] * num_samples), None, seed, progress)
        return self._result(tokens, return_tokens)

    def generate_continuation(
        self,
        prompt: Tensor,
        prompt_sample_rate: int,
        descriptions: Sequence[str | None] | None = None,
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
        transport: Transport | None = None,
        chroma: ChromaTrack | None = None,
    ) -> Result:
        """Continue sound. The result begins with the prompt as the codec renders it.

        Args:
            prompt: [C, T] or [B, C, T]; shorter than the duration and than the model's window.
            prompt_sample_rate: of the prompt, in Hz.
            descriptions: one an item, or None for no text.
            progress, return_tokens, seed, transport, chroma: see `generate`. Frame 0 is the prompt's first.
        Raises:
            GenerationError: the prompt is too long, or its batch is not that of the descriptions.
        """
        codes = self._encode_prompt(prompt, prompt_sample_rate)
        items = [None] * len(codes) if descriptions is None else descriptions
        conditions = self._conditions(items, transport, chroma)
        if len(conditions) != len(codes):
            raise GenerationError(
                f"{len(conditions)} descriptions, but {len(codes)} audio prompts: give one each"
            )
        return self._result(self.generate_tokens(conditions, codes, seed, progress), return_tokens)

    def generate_with_chroma(
        self,
        descriptions: Sequence[str | None],
        melody_wavs: Tensor | Sequence[Tensor | None],
        melody_sample_rate: int,
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
        transport: Transport | None = None,
    ) -> Result:
        """Generate music that follows the harmony of recordings; one that ends early is repeated.

        Args:
            descriptions: one an item.
            melody_wavs: [C, T] for all, [B, C, T], or a list of [C, T] or None.
            melody_sample_rate: of the recordings, in Hz.
            progress, return_tokens, seed, transport: see `generate`.
        Raises:
            ConditionError: numbers differ, or the model does not take chroma by frame.
        """
        melodies: list[Tensor | None]
        if isinstance(melody_wavs, Tensor):
            if melody_wavs.ndim not in (2, 3):
                raise ConditionError(
                    f"melody_wavs has shape {tuple(melody_wavs.shape)}, must be [C, T] or [B, C, T]"
                )
            melodies = list(melody_wavs) if melody_wavs.ndim == 3 else [melody_wavs] * len(descriptions)
        else:
            melodies = list(melody_wavs)
        tracks = [
            None if wav is None else RecordedChroma(chroma_of(wav, melody_sample_rate, self.frame_rate))
            for wav in melodies
        ]
        conditions = self._conditions(descriptions, transport, tracks)
        return self._result(self.generate_tokens(conditions, None, seed, progress), return_tokens)

    def _result(self, tokens: Tensor, return_tokens: bool) -> Result:
        audio = self.generate_audio(tokens)
        return (audio, tokens) if return_tokens else audio
