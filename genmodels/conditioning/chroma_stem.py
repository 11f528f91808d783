"""Chroma of recorded melodies, as MusicGen's melody models hear them."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.conditioning.base import ConditionTensor, WaveformConditioner
from genmodels.conditioning.recording import Recording
from genmodels.conditioning.stems import melody_of, separator, stems_available
from genmodels.errors import ConfigError

Stems = Literal["auto", "demucs", "mix"]


def chroma_filters(sample_rate: int, n_fft: int, n_chroma: int = 12) -> Tensor:
    """Weights [n_chroma, n_fft / 2 + 1] from the bins of a power spectrum to pitch classes, row 0 being C.

    Ellis' chroma map as librosa computes it: a Gaussian bump of one class about each bin's pitch, columns
    scaled to unit length, then weighted by a Gaussian over octaves about the fifth, two octaves wide.
    """
    frequencies = torch.arange(1, n_fft, dtype=torch.float64) * sample_rate / n_fft
    # in steps of a class, counted from an A of 27.5 Hz
    pitch = n_chroma * torch.log2(frequencies / 27.5)
    # the lowest bin has no pitch: it is put an octave and a half below the next
    pitch = torch.cat([pitch[:1] - 1.5 * n_chroma, pitch])
    width = torch.cat([pitch.diff().clamp(min=1.0), pitch.new_ones(1)])
    half = round(n_chroma / 2)
    away = torch.remainder(pitch - torch.arange(n_chroma)[:, None] + half, n_chroma) - half
    bumps = torch.exp(-2.0 * (away / width) ** 2)
    bumps = bumps / bumps.norm(dim=0, keepdim=True)
    bumps = bumps * torch.exp(-0.5 * ((pitch / n_chroma - 5.0) / 2.0) ** 2)
    from_c = torch.roll(bumps, -3 * (n_chroma // 12), dims=0)
    return from_c[:, : n_fft // 2 + 1].float().contiguous()


class ChromaExtractor(nn.Module):
    """Chroma of sound, by default the strongest pitch class alone.

    Args:
        sample_rate: in Hz.
        n_chroma: pitch classes an octave.
        radix2_exp: the window has 2 ** radix2_exp samples; windows overlap by three quarters.
        argmax: keep only the strongest class of a frame (as 1); otherwise frames are scaled to a largest
            value of 1.
    """

    filters: Tensor

    def __init__(self, sample_rate: int, n_chroma: int, radix2_exp: int, argmax: bool) -> None:
        super().__init__()
        from torchaudio.transforms import Spectrogram

        self.window = 1 << radix2_exp
        self.hop = self.window // 4
        self.argmax = argmax
        self.spec = Spectrogram(
            n_fft=self.window, win_length=self.window, hop_length=self.hop, power=2, normalized=True
        )
        self.register_buffer("filters", chroma_filters(sample_rate, self.window, n_chroma), persistent=False)

    def frames(self, samples: int) -> int:
        """Frames of so many samples."""
        return max(samples, self.window) // self.hop + 1

    def forward(self, wav: Tensor) -> Tensor:
        """Mono sound [T] to chroma [frames, n_chroma]; sound shorter than a window is centred in one."""
        missing = max(0, self.window - len(wav))
        spectrum = self.spec(F.pad(wav, (missing // 2, missing - missing // 2)))
        chroma = F.normalize(self.filters @ spectrum, p=math.inf, dim=0, eps=1e-6).T
        if not self.argmax:
            return chroma
        # silence has its strongest class at C: the published models were trained on that
        return F.one_hot(chroma.argmax(-1), chroma.shape[-1]).to(chroma.dtype)


class ChromaStemConditioner(WaveformConditioner):
    """Chroma of the voice and the melodic instruments of a recording (MusicGen, arXiv 2306.05284).

    Drums and bass dominate the chroma of a full mix, so they are separated off where the optional package
    `demucs` is installed. Otherwise the full mix is used, which is said once.

    Args:
        output_dim: width of the language model.
        sample_rate: at which it hears, in Hz.
        n_chroma: pitch classes an octave.
        radix2_exp: the analysis window has 2 ** radix2_exp samples.
        duration: seconds of the recordings in training, which give the length of the condition.
        match_len_on_eval: give all conditions that length, cut or repeated, without any masking, as the
            published models do in use. An absent recording is then so many frames of silence, which is the
            first pitch class. Otherwise conditions are as long as the recordings are, and absent ones zero:
            the better choice for a model of one's own.
        stems: 'demucs', 'mix' (the full mix), or 'auto': demucs if it is installed.
        argmax: keep only the strongest pitch class of a frame.
    Raises:
        ConfigError: stems is unknown, or 'demucs' is not installed.
    """

    def __init__(
        self,
        output_dim: int,
        sample_rate: int = 32000,
        n_chroma: int = 12,
        radix2_exp: int = 14,
        duration: float = 30.0,
        match_len_on_eval: bool = True,
        stems: Stems = "auto",
        argmax: bool = True,
    ) -> None:
        super().__init__()
        if stems not in ("auto", "demucs", "mix"):
            raise ConfigError(f"stems is {stems!r}, must be 'auto', 'demucs' or 'mix'")
        if stems == "demucs" and not stems_available():
            raise ConfigError("stems is 'demucs', which is not installed: install it, or choose 'mix'")
        self.sample_rate = sample_rate
        self.match_len_on_eval = match_len_on_eval
        self.stems = stems
        self.chroma = ChromaExtractor(sample_rate, n_chroma, radix2_exp, argmax)
        self.chroma_len = self.chroma.frames(int(sample_rate * duration))
        self.output_proj = nn.Linear(n_chroma, output_dim)

    def isolate(self, recording: Recording) -> Recording:
        if self.stems == "mix":
            return super().isolate(recording)
        # kept out of the module tree, so that it is not saved
        self.__dict__["_separator"] = separator()
        return melody_of(recording, self.sample_rate, str(self.output_proj.weight.device))

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        """Returns: values [B, F, dim]; F is `chroma_len`, or without match_len_on_eval the longest's."""
        rows = [
            self.features(wav[: int(length)])
            for wav, length in zip(prepared["wav"], prepared["length"], strict=True)
        ]
        width = max(len(row) for row in rows)
        features = torch.stack([F.pad(row, (0, 0, 0, width - len(row))) for row in rows])
        lengths = torch.tensor([len(row) for row in rows], device=features.device)
        mask = torch.arange(width, device=features.device) < lengths[:, None]
        if not self.match_len_on_eval:
            mask = mask & (prepared["length"] > 0)[:, None]
        values = self.output_proj(features.to(self.output_proj.weight.dtype))
        return ConditionTensor(values * mask[..., None], mask)

    @torch.no_grad()
    def features(self, wav: Tensor) -> Tensor:
        """Chroma [F, n_chroma] of mono sound [T]; of silence where T is 0."""
        chroma: Tensor
        with torch.autocast(wav.device.type, enabled=False):
            chroma = self.chroma(wav) if len(wav) else self.chroma(wav.new_zeros(1))[:1]
        if not self.match_len_on_eval:
            return chroma
        places = torch.arange(self.chroma_len, device=chroma.device) % len(chroma)
        return chroma[places]
