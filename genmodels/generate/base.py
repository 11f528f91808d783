"""What all generating models have in common: parameters, long form, and audio in and out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from torch import Tensor

from genmodels.codec.base import CompressionModel
from genmodels.conditioning.attributes import ChromaTrack, Conditions, Recording, Transport
from genmodels.errors import ConfigError, GenerationError
from genmodels.generate.params import GenerationParams
from genmodels.generate.progress import report_of_part, report_of_window
from genmodels.generate.requests import item_conditions
from genmodels.generate.sound import convert_audio, sound_fault
from genmodels.generate.voices import VoiceConditioner
from genmodels.lm.decoder import Decoder, Precision, make_decoder
from genmodels.lm.generation import ProgressCallback, check_codes, run_segment, voice_seeds
from genmodels.lm.model import LMModel
from genmodels.lm.rows import RowConditions
from genmodels.lm.segment import Segment
from genmodels.lm.two_step import TwoStepDecoder

Result = Tensor | tuple[Tensor, Tensor]


class BaseGenModel:
    """A codec and a language model over its tokens.

    Args:
        name: for messages.
        compression_model: the codec.
        lm: the language model; its number of codebooks is set on the codec.
        max_duration: seconds of the longest window that the language model was trained on.
        extend_stride: default stride of long form in seconds; by default 0.6 of max_duration (18 of 30 s).
        precision: see `make_decoder`.
    Raises:
        ConfigError: codec and language model do not fit together, or the stride does not fit the window.
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
        if compression_model.cardinality != lm.card or compression_model.total_codebooks < lm.n_q:
            raise ConfigError(
                f"model {name!r}: the language model has {lm.n_q} codebooks of {lm.card}, the codec "
                f"{compression_model.total_codebooks} of {compression_model.cardinality}"
            )
        compression_model.set_num_codebooks(lm.n_q)
        self.name = name
        self.compression_model = compression_model.eval()
        self.lm = lm.eval()
        self.max_duration = max_duration
        self.precision = precision
        self._decoder: Decoder | None = None
        self._two_step: Decoder | None = None
        self._voices: VoiceConditioner | None = None
        self._callback: ProgressCallback | None = None
        stride = 0.6 * max_duration if extend_stride is None else extend_stride
        self._default_stride = stride
        self._check_stride(stride)
        self.generation_params = GenerationParams(duration=max_duration, extend_stride=stride)

    @property
    def decoder(self) -> Decoder:
        """What runs the language model; made on first use."""
        if self._decoder is None:
            self._decoder = make_decoder(self.lm, self.precision)
        if not self.generation_params.two_step_cfg:
            return self._decoder
        if self._two_step is None:
            self._two_step = TwoStepDecoder(self._decoder)
        return self._two_step

    @property
    def voices(self) -> VoiceConditioner:
        """What encodes conditions; made on first use."""
        if self._voices is None:
            self._voices = VoiceConditioner(self.lm, self.frame_rate, self.max_duration)
        return self._voices

    @property
    def frame_rate(self) -> float:
        """Frames of codes a second."""
        return self.compression_model.frame_rate

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return self.compression_model.sample_rate

    @property
    def audio_channels(self) -> int:
        """Channels of the sound."""
        return self.compression_model.channels

    @property
    def device(self) -> torch.device:
        """Where the language model is."""
        return self.lm.device

    @property
    def max_frames(self) -> int:
        """Frames of the longest window."""
        return int(self.max_duration * self.frame_rate)

    @property
    def stride_frames(self) -> int:
        """Frames by which the window moves on in long form."""
        return int(self.frame_rate * self.generation_params.extend_stride)

    def set_custom_progress_callback(self, callback: ProgressCallback | None) -> None:
        """Have `callback(generated frames, total frames)` called while generating; None for no more calls."""
        self._callback = callback

    def generate_tokens(
        self,
        conditions: Sequence[Conditions],
        prompt: Tensor | None = None,
        seed: int | None = None,
        progress: bool = False,
    ) -> Tensor:
        """Codes of one item for each of `conditions`, in long form where they exceed the window.

        Items do not change each other's results; where conditions stand in front of the sequence, only those
        with equally long ones run together.

        Args:
            conditions: at least one.
            prompt: codes [B, K, P] to continue; they are part of the result.
            seed: item i draws from seed + i; None draws a fresh seed.
            progress: write progress to the terminal (stderr).
        Returns:
            [B, K, int(duration * frame_rate)] int64 on the CPU.
        Raises:
            GenerationError: the prompt does not fit.
            ConditionError: a condition that the model does not have.
        """
        if not conditions:
            raise GenerationError(
                "nothing to generate: the list of conditions is empty, give at least one item"
            )
        total = int(self.generation_params.duration * self.frame_rate)
        if total < 1:
            raise GenerationError(f"duration {self.generation_params.duration} s is less than one frame")
        if prompt is not None:
            check_codes(self.lm, prompt, min(total, self.max_frames))
            prompt = prompt.cpu()
        seeds = voice_seeds(seed, len(conditions))
        # as AudioCraft does: where one window is enough, a recording is not cut to it
        whole = total <= self.max_frames
        batches = self.voices.batches(conditions, whole)
        codes = torch.zeros(len(conditions), self.lm.n_q, total, dtype=torch.int64)
        for number, batch in enumerate(batches):
            rows = self.voices.rows([conditions[i] for i in batch], [seeds[i] for i in batch], whole)
            report = report_of_part(self._callback, progress, number * total, len(batches) * total)
            codes[batch] = self._long_form(rows, None if prompt is None else prompt[batch], total, report)
        if progress:
            print(file=sys.stderr)
        return codes

    def _long_form(
        self, rows: RowConditions, prompt: Tensor | None, total: int, report: ProgressCallback | None
    ) -> Tensor:
        """Codes [B, K, total] of one batch, window by window."""
        parts = [] if prompt is None else [prompt]
        length = 0 if prompt is None else prompt.shape[2]
        offset = 0
        while offset + length < total:
            window = min(total - offset, self.max_frames)
            pattern = self.lm.pattern_provider.get_pattern(window)
            segment = Segment(self.decoder, pattern, len(rows.voices), offset)
            codes = run_segment(segment, rows, prompt, report_of_window(report, offset))
            parts.append(codes[:, :, length:])
            prompt = codes[:, :, self.stride_frames :]
            length = prompt.shape[2]
            offset += self.stride_frames
        return torch.cat(parts, dim=2)

    def generate_unconditional(
        self,
        num_samples: int,
        progress: bool = False,
        return_tokens: bool = False,
        *,
        seed: int | None = None,
    ) -> Result:
        """Generate `num_samples` (>= 1) pieces without any condition.

        Returns:
            sound [B, C, T]; with `return_tokens` also codes [B, K, T'].
        Raises:
            GenerationError: num_samples is less than 1.
        """
        if num_samples < 1:
            raise GenerationError(f"num_samples is {num_samples}, must be at least 1")
        tokens = self.generate_tokens(self._conditions([None] * num_samples), None, seed, progress)
        return self._result(tokens, return_tokens)

    def generate_audio(self, codes: Tensor) -> Tensor:
        """Decode codes [B, K, T] to sound [B, C, T * hop] on the CPU."""
        # not in inference mode, whose tensors nobody could change in place or differentiate through
        with torch.no_grad():
            codes = codes.to(next(self.compression_model.parameters()).device)
            return self.compression_model.decode(codes).cpu()

    def _check_stride(self, stride: float) -> None:
        if not 0 < stride < self.max_duration or int(stride * self.frame_rate) < 1:
            raise GenerationError(
                f"extend_stride is {stride} s, must be at least one frame and less than "
                f"max_duration ({self.max_duration} s)"
            )

    def _set_params(self, params: GenerationParams) -> None:
        self._check_stride(params.extend_stride)
        self.generation_params = params

    def _conditions(
        self,
        descriptions: Sequence[str | None],
        transport: Transport | None = None,
        chroma: ChromaTrack | Sequence[ChromaTrack | None] | None = None,
        recordings: Recording | Sequence[Recording | None] | None = None,
    ) -> list[Conditions]:
        """One `Conditions` a description, with the model's generation parameters."""
        params = self.generation_params
        common = Conditions(
            sampling=params.sampling, cfg_coef=params.cfg_coef, cfg_coef_beta=params.cfg_coef_beta
        )
        return item_conditions(common, descriptions, transport, chroma, recordings)

    def _continued(
        self,
        prompt: Tensor,
        sample_rate: int,
        descriptions: Sequence[str | None] | None,
        progress: bool,
        return_tokens: bool,
        seed: int | None,
        transport: Transport | None = None,
        chroma: ChromaTrack | None = None,
        recordings: Recording | None = None,
    ) -> Result:
        """What follows sound [C, T] or [B, C, T], with it in front."""
        codes = self._encode_prompt(prompt, sample_rate)
        items = [None] * len(codes) if descriptions is None else descriptions
        conditions = self._conditions(items, transport, chroma, recordings)
        if len(conditions) != len(codes):
            raise GenerationError(
                f"{len(conditions)} descriptions, but {len(codes)} audio prompts: give one each"
            )
        return self._result(self.generate_tokens(conditions, codes, seed, progress), return_tokens)

    def _encode_prompt(self, prompt: Tensor, sample_rate: int) -> Tensor:
        """Codes [B, K, P] of sound [C, T] or [B, C, T]."""
        fault = sound_fault(prompt)
        if fault:
            raise GenerationError(f"audio prompt {fault}")
        wav = prompt[None] if prompt.ndim == 2 else prompt
        if wav.ndim != 3:
            raise GenerationError(
                f"audio prompt has shape {tuple(prompt.shape)}, must be [C, T] or [B, C, T]"
            )
        wav = convert_audio(wav.float(), sample_rate, self.sample_rate, self.audio_channels)
        with torch.inference_mode():
            codes, scale = self.compression_model.encode(
                wav.to(next(self.compression_model.parameters()).device)
            )
        if scale is not None:
            raise ConfigError(
                "a codec that renormalises cannot carry a prompt over: switch its renormalisation off"
            )
        return codes

    def _result(self, tokens: Tensor, return_tokens: bool) -> Result:
        audio = self.generate_audio(tokens)
        return (audio, tokens) if return_tokens else audio
