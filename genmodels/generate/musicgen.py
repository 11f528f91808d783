"""MusicGen: music from text, sound, harmony and a pulse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from genmodels.conditioning.attributes import ChromaTrack, Recording, Transport
from genmodels.conditioning.harmony import RecordedChroma, chroma_of
from genmodels.conditioning.style import StyleConditioner
from genmodels.errors import ConditionError, ConfigError
from genmodels.generate.base import BaseGenModel, Result
from genmodels.generate.loaded import load_to_play
from genmodels.generate.params import GenerationParams
from genmodels.generate.requests import melody_list
from genmodels.lm.decoder import Precision
from genmodels.lm.sampling import SamplingParams


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
            ConfigError: unknown precision or device.
        """
        found = load_to_play(name, device, precision, "musicgen")
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
        cfg_coef_beta: float | None = None,
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
            cfg_coef_beta: strength of the text over the other conditions (double guidance), >= 0, or None;
                see `Conditions`.
            two_step_cfg: run conditioned and unconditional rows one after the other, to save memory.
            extend_stride: seconds by which the window moves on where the duration exceeds the model's
                window, in (0, max_duration); None takes the model's own (18 of 30 s for MusicGen).
        Raises:
            GenerationError: a value is out of range.
        """
        sampling = SamplingParams(use_sampling, temperature, top_k, top_p)
        stride = self._default_stride if extend_stride is None else extend_stride
        self._set_params(GenerationParams(sampling, duration, cfg_coef, stride, cfg_coef_beta, two_step_cfg))

    def generate(
        self,
        descriptions: Sequence[str | None],
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
        transport: Transport | None = None,
        chroma: ChromaTrack | None = None,
        recording: Recording | None = None,
    ) -> Result:
        """Generate music from descriptions.

        Args:
            descriptions: one an item.
            progress: write progress to the terminal.
            return_tokens: also return the codes.
            seed: of item 0.
            transport: tempo and metre of all items, for models that take them.
            chroma: harmony of all items by frame, for models that take it.
            recording: melody or style of all items, for models that take it.
        Raises:
            ConditionError: a string instead of a list, or a condition that the model does not have.
            GenerationError: the list is empty, or the duration is less than a frame.
        """
        conditions = self._conditions(descriptions, transport, chroma, recording)
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
        transport: Transport | None = None,
        chroma: ChromaTrack | None = None,
        recording: Recording | None = None,
    ) -> Result:
        """Continue sound. The result begins with the prompt as the codec renders it.

        Args:
            prompt: floating point [C, T] or [B, C, T], shorter than the duration and the model's window.
            prompt_sample_rate: of the prompt, in Hz.
            descriptions: one an item, or None for no text.
            progress, return_tokens, seed, transport, chroma, recording: see `generate`. Frame 0 is the
                prompt's first.
        Raises:
            GenerationError: the prompt is no such sound or too long, or its batch is not that of the
                descriptions.
        """
        return self._continued(
            prompt, prompt_sample_rate, descriptions, progress, return_tokens, seed,
            transport=transport, chroma=chroma, recordings=recording,
        )  # fmt: skip

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
        """Generate music that follows recordings; one that ends early is repeated.

        A melody model hears their chroma in front of the sequence, a style model their style; a model that
        takes chroma by frame follows their harmony.

        Args:
            descriptions: one an item.
            melody_wavs: [C, T] for all, [B, C, T], or a list of [C, T] or None; floating point.
            melody_sample_rate: of the recordings, in Hz.
            progress, return_tokens, seed, transport: see `generate`.
        Raises:
            ConditionError: numbers differ, a melody is no such sound, or the model takes neither recordings
                nor chroma by frame.
        """
        if not (self.voices.has_recording or self.voices.has_chroma):
            raise ConditionError(
                f"model {self.name!r} follows no melody: choose a melody or style model, or use generate"
            )
        melodies = melody_list(melody_wavs, len(descriptions))
        if self.voices.has_recording:
            recordings = [
                None if wav is None else Recording(wav.detach().float().cpu().numpy(), melody_sample_rate)
                for wav in melodies
            ]
            conditions = self._conditions(descriptions, transport, recordings=recordings)
        else:
            tracks = [
                None
                if wav is None
                else RecordedChroma(chroma_of(wav.detach().cpu(), melody_sample_rate, self.frame_rate))
                for wav in melodies
            ]
            conditions = self._conditions(descriptions, transport, tracks)
        return self._result(self.generate_tokens(conditions, None, seed, progress), return_tokens)

    def set_style_conditioner_params(
        self,
        eval_q: int = 3,
        excerpt_length: float = 3.0,
        ds_factor: int | None = None,
        encodec_n_q: int | None = None,
    ) -> None:
        """Set how much of a recording's style reaches the model, from now on.

        Args:
            eval_q: codebooks of the bottleneck, in [1, n_q_out]; fewer say less of the recording.
            excerpt_length: seconds that are listened to, > 0.
            ds_factor: every which frame is kept, >= 1; None leaves it.
            encodec_n_q: codebooks of an EnCodec that hears; None leaves it.
        Raises:
            ConfigError: the model has no style conditioner, or a value is out of range.
        """
        styles = [
            c for c in self.lm.condition_provider.conditioners.values() if isinstance(c, StyleConditioner)
        ]
        if not styles:
            raise ConfigError(f"model {self.name!r} has no style conditioner: choose a style model")
        for style in styles:
            style.set_params(eval_q, excerpt_length, ds_factor, encodec_n_q)
        # what has been encoded under the old parameters is no longer true
        self._voices = None
