"""Text through a T5 encoder of Transformers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.conditioning.base import ConditionTensor, TextConditioner
from genmodels.errors import CheckpointError
from genmodels.sharing import shared_while_used


def load_t5(name: str) -> tuple[Any, nn.Module]:
    """Tokenizer and encoder (float32, evaluation mode) of a T5; models of one name share them.

    Args:
        name: a hub name such as 't5-base', or a folder with its files (nothing is then fetched).
    Raises:
        CheckpointError: neither can be loaded.
    """
    try:
        return _tokenizer(name), _encoder(name)
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"T5 text encoder {name!r} cannot be loaded: {error}. Give a folder with its config, weights and "
            f"tokenizer, or go online once so that it is kept in the hub's cache"
        ) from error


@lru_cache(maxsize=2)
def _tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name)


@shared_while_used
def _encoder(name: str) -> nn.Module:
    from transformers import T5EncoderModel

    encoder: nn.Module = T5EncoderModel.from_pretrained(name, dtype=torch.float32)
    return encoder.eval().requires_grad_(False)


class T5Conditioner(TextConditioner):
    """Texts through a frozen T5 encoder in float32, then a linear layer; absent texts are zero.

    The encoder is not part of the state dict (published checkpoints do not carry it), unless it is
    fine-tuned.

    Args:
        output_dim: width of the language model.
        name: hub name or folder of the T5.
        finetune: train the encoder as well, and save it under `t5`.
        word_dropout: in training, probability that a word of a text is left out; drawn from torch's seed.
        loaded: tokenizer and encoder, where a checkpoint brings its own; `name` is then not looked for.
    """

    def __init__(
        self,
        output_dim: int,
        name: str = "t5-base",
        finetune: bool = False,
        word_dropout: float = 0.0,
        loaded: tuple[Any, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.finetune = finetune
        self.tokenizer, encoder = loaded or load_t5(name)
        if finetune:
            import copy

            self.t5 = copy.deepcopy(encoder).requires_grad_(True)
        else:
            # kept out of the module tree, so that it is neither saved nor moved to half precision
            self.__dict__["t5"] = encoder
        self.output_proj = nn.Linear(int(encoder.config.d_model), output_dim)  # type: ignore[union-attr,arg-type]

    def prepare(self, texts: Sequence[str | None]) -> dict[str, Tensor]:
        """Returns: `input_ids` and `attention_mask` [B, T], padded to the longest; the mask of an empty text
        is 0."""
        entries = [text or "" for text in texts]
        if self.training and self.word_dropout:
            entries = [self._without_some(text) for text in entries]
        tokens = self.tokenizer(entries, return_tensors="pt", padding=True)
        mask = tokens["attention_mask"].clone()
        mask[torch.tensor([not text for text in entries])] = 0
        return {"input_ids": tokens["input_ids"], "attention_mask": mask}

    def _without_some(self, text: str) -> str:
        words = re.split(r"\s+", text)
        kept = torch.rand(len(words)) >= self.word_dropout
        return " ".join(word for word, stays in zip(words, kept.tolist(), strict=True) if stays)

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        mask = prepared["attention_mask"]
        device = self.output_proj.weight.device
        if self.t5.device != device:
            self.t5.to(device)
        with (
            torch.set_grad_enabled(self.finetune and torch.is_grad_enabled()),
            torch.autocast(device.type, enabled=False),
        ):
            hidden = self.t5(input_ids=prepared["input_ids"], attention_mask=mask).last_hidden_state
        values = self.output_proj(hidden.to(self.output_proj.weight.dtype))
        return ConditionTensor(values * mask[..., None], mask.bool())
