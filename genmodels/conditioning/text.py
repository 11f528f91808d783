"""A small text encoder that is trained together with the language model: no download, no tokenizer file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.conditioning.base import ConditionTensor, TextConditioner

_WORD = re.compile(r"[^\W\d_]+#?|\d+")


def split_words(text: str, limit: int) -> list[str]:
    """Lower-case words (letters, perhaps with a sharp sign) and numbers, without accents, at most `limit`."""
    plain = unicodedata.normalize("NFKD", text.replace("♯", "#").replace("♭", "b").lower())
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))[:limit]


@lru_cache(maxsize=16384)
def word_ids(word: str, vocabulary: int) -> tuple[int, ...]:
    """Stable hashes, in [0, vocabulary), of a word and of its character n-grams (3 to 5, with its ends
    marked)."""
    marked = f"<{word}>"
    grams = {marked[i : i + n] for n in (3, 4, 5) for i in range(len(marked) - n + 1)}
    return tuple(crc32(piece.encode()) % vocabulary for piece in [f"={word}", *sorted(grams)])


class WordTextEncoder(TextConditioner):
    """Hashed words and character n-grams, through a small transformer encoder.

    Words that were never seen in training still resemble those that share their letters.

    Args:
        output_dim: width of the language model.
        dim, num_heads, num_layers: geometry of the encoder.
        vocabulary: rows of the hash table.
        max_words: words beyond this are left out.
        word_dropout: in training, probability that a word of a text is left out.
        pooled: give the mean over the words, as one position, which can be added to every step of a sequence
            (`sum`): the nearest way for a text to be obeyed.
    """

    def __init__(
        self,
        output_dim: int,
        dim: int = 192,
        num_heads: int = 4,
        num_layers: int = 2,
        vocabulary: int = 4096,
        max_words: int = 32,
        word_dropout: float = 0.0,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.max_words = max_words
        self.word_dropout = word_dropout
        self.pooled = pooled
        self.embed = nn.EmbeddingBag(vocabulary, dim, mode="sum")
        self.positions = nn.Parameter(torch.randn(max_words, dim) * 0.1)
        self.layers = nn.ModuleList(_EncoderLayer(dim, num_heads) for _ in range(num_layers))
        self.out_norm = nn.LayerNorm(dim)
        self.output_proj = nn.Linear(dim, output_dim)

    def prepare(self, texts: Sequence[str | None]) -> dict[str, Tensor]:
        """Returns: `ids` [N] of all words of all texts, `offsets` [B * W] where each word begins, `mask` [B,
        W]."""
        sentences = [split_words(text or "", self.max_words) for text in texts]
        width = max(1, *(len(words) for words in sentences)) if sentences else 1
        ids: list[int] = []
        offsets: list[int] = []
        for words in sentences:
            for i in range(width):
                offsets.append(len(ids))
                if i < len(words):
                    ids.extend(word_ids(words[i], self.vocabulary))
        lengths = torch.tensor([len(words) for words in sentences])
        return {
            "ids": torch.tensor(ids, dtype=torch.int64),
            "offsets": torch.tensor(offsets, dtype=torch.int64),
            "mask": torch.arange(width)[None] < lengths[:, None],
        }

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        read = self.read(prepared)
        return ConditionTensor(self.output_proj(read.values) * read.mask[..., None], read.mask)

    def read(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        """What `forward` returns before it goes to the language model's width: [B, W or 1, dim]."""
        ids, offsets, mask = prepared["ids"], prepared["offsets"], prepared["mask"]
        if self.training and self.word_dropout:
            mask = mask & (torch.rand(mask.shape, device=mask.device) >= self.word_dropout)
        batch, width = mask.shape
        counts = torch.diff(offsets, append=offsets.new_tensor([len(ids)])).clamp(min=1)
        words = self.embed(ids, offsets) * counts.rsqrt()[:, None]
        x = words.view(batch, width, -1) + self.positions[:width]
        visible = (mask | ~mask.any(-1, keepdim=True))[:, None, None, :]
        for layer in self.layers:
            x = layer(x, visible)
        x = self.out_norm(x) * mask[..., None]
        if self.pooled:
            x = x.sum(1, keepdim=True) / mask.sum(1).clamp(min=1)[:, None, None]
            mask = mask.any(1, keepdim=True)
        return ConditionTensor(x, mask)


class _EncoderLayer(nn.Module):
    """Pre-norm self-attention over the words, and a feed-forward part four times as wide."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(dim)
        self.in_proj = nn.Linear(dim, 3 * dim)
        self.out_proj = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim)
        self.linear1 = nn.Linear(dim, 4 * dim)
        self.linear2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, width, dim = x.shape
        qkv = self.in_proj(self.norm1(x)).view(batch, width, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out_proj(attended.transpose(1, 2).reshape(batch, width, dim))
        out: Tensor = x + self.linear2(F.gelu(self.linear1(self.norm2(x))))
        return out
