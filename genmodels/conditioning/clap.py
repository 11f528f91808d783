"""Texts and sounds in one space, through CLAP (arXiv 2211.06687)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.quantize import ResidualVectorQuantizer
from genmodels.conditioning.base import ConditionTensor, JointConditioner
from genmodels.conditioning.excerpt import as_mono
from genmodels.conditioning.recording import Recording
from genmodels.errors import CheckpointError, ConfigError
from genmodels.sharing import shared_while_used

_MAX_WORDS = 77


def load_clap(name: str) -> tuple[Any, Any, nn.Module]:
    """Tokenizer, feature extractor and model (float32, evaluation mode) of a CLAP; models of one name share
    them.

    Args:
        name: a hub name such as 'laion/larger_clap_music', or a folder with its files (nothing is then
            fetched).
    Raises:
        CheckpointError: they cannot be loaded.
    """
    try:
        return *_preprocessors(name), _model(name)
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"CLAP {name!r} cannot be loaded: {error}. Give a folder with its config, weights, tokenizer and "
            f"preprocessor, or go online once so that it is kept in the hub's cache"
        ) from error


@lru_cache(maxsize=2)
def _preprocessors(name: str) -> tuple[Any, Any]:
    from transformers import AutoTokenizer, ClapFeatureExtractor

    return AutoTokenizer.from_pretrained(name), ClapFeatureExtractor.from_pretrained(name)


@shared_while_used
def _model(name: str) -> nn.Module:
    from transformers import ClapModel

    model: nn.Module = ClapModel.from_pretrained(name, dtype=torch.float32)
    return model.eval().requires_grad_(False)


class ClapConditioner(JointConditioner):
    """One vector for a text or a recording, from a frozen CLAP, perhaps quantized, then a linear layer.

    Recordings are heard in windows of 10 s, one a second, whose vectors are averaged; a shorter one is
    repeated to fill a window. Vectors have a length of 1. Absent conditions are zero, in the unconditional
    branch of guidance too. (AudioCraft keeps CLAP's condition there, so that guidance does not strengthen it,
    though it is dropped in training.)

    CLAP itself is not part of the state dict.

    Args:
        output_dim: width of the language model.
        name: hub name or folder of a CLAP.
        dim: width of its vectors.
        quantize: pass them through a residual vector quantizer.
        n_q, bins: its codebooks and their entries.
    Raises:
        CheckpointError: the CLAP cannot be loaded.
        ConfigError: its vectors have another width than `dim`.
    """

    def __init__(
        self,
        output_dim: int,
        name: str = "laion/larger_clap_music",
        dim: int = 512,
        quantize: bool = True,
        n_q: int = 12,
        bins: int = 1024,
    ) -> None:
        super().__init__()
        self.tokenizer, self.extractor, clap = load_clap(name)
        config: Any = clap.config
        if int(config.projection_dim) != dim:
            raise ConfigError(f"CLAP {name!r} gives vectors of {config.projection_dim}, dim is {dim}")
        # kept out of the module tree, so that it is neither saved nor moved to half precision
        self.__dict__["clap"] = clap
        self.quantizer = ResidualVectorQuantizer(dim, n_q, bins) if quantize else None
        self.output_proj = nn.Linear(dim, output_dim)

    def prepare(
        self, texts: Sequence[str | None], recordings: Sequence[Recording | None] = ()
    ) -> dict[str, Tensor]:
        """Returns: `input_ids` and `attention_mask` [B, 77]; `present` [B]; and, if there are recordings,
        `input_features` [W, 1, frames, mels] of all their windows, and `owner` [W], the item of each."""
        heard = list(recordings) or [None] * len(texts)
        tokens = self.tokenizer(
            [text or "" for text in texts],
            padding="max_length",
            truncation=True,
            max_length=_MAX_WORDS,
            return_tensors="pt",
        )
        present = [bool(text) or wav is not None for text, wav in zip(texts, heard, strict=True)]
        prepared = {
            "input_ids": tokens["input_ids"],
            "attention_mask": tokens["attention_mask"],
            "present": torch.tensor(present),
        }
        windows: list[Tensor] = []
        owners: list[int] = []
        for number, wav in enumerate(heard):
            if wav is not None:
                own = self._windows(wav)
                windows += own
                owners += [number] * len(own)
        if windows:
            rate = self.extractor.sampling_rate
            extracted = self.extractor(
                [window.numpy() for window in windows],
                sampling_rate=rate,
                # the features of a CLAP without fusion; no window is long enough to be cut
                truncation="rand_trunc",
                return_tensors="pt",
            )
            prepared |= {"input_features": extracted["input_features"], "owner": torch.tensor(owners)}
        return prepared

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        """Returns: values [B, 1, dim] and mask [B, 1]."""
        present = prepared["present"][:, None]
        with torch.autocast(present.device.type, enabled=False):
            vectors = self.vectors(prepared)
            if self.quantizer is not None:
                vectors = self.quantizer(vectors[..., None]).x[..., 0]
        values = self.output_proj(vectors.to(self.output_proj.weight.dtype))
        return ConditionTensor(values[:, None] * present[..., None], present)

    @torch.no_grad()
    def vectors(self, prepared: dict[str, Tensor]) -> Tensor:
        """CLAP's vectors [B, dim] of length 1."""
        clap: Any = self.clap
        if clap.device != prepared["present"].device:
            clap.to(prepared["present"].device)
        vectors: Tensor = clap.get_text_features(
            input_ids=prepared["input_ids"], attention_mask=prepared["attention_mask"]
        ).pooler_output
        if "owner" in prepared:
            owner = prepared["owner"]
            heard = clap.get_audio_features(input_features=prepared["input_features"]).pooler_output
            vectors = vectors.clone()
            vectors[owner] = 0.0
            vectors.index_add_(0, owner, heard)
        return F.normalize(vectors, dim=-1)

    def _windows(self, recording: Recording) -> list[Tensor]:
        rate = self.extractor.sampling_rate
        wav = torch.from_numpy(as_mono(recording, rate).wav[0].copy())
        size = self.extractor.nb_max_samples
        return list(wav.unfold(0, size, rate)) if len(wav) >= size else [wav]
