"""Models so small that tests take milliseconds."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.checkpoints.builders import build_lm
from genmodels.codec.base import CompressionModel, StreamingDecoder
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision
from genmodels.lm.model import LMModel

CARD = 32


def lm_config(**changes: Any) -> dict[str, Any]:
    """Geometry of a tiny language model with all the bundled model's conditions."""
    return {
        "n_q": 4,
        "card": CARD,
        "dim": 32,
        "num_heads": 4,
        "num_layers": 2,
        "hidden_scale": 2,
        "delays": [0, 1, 2, 3],
        "conditioners": {
            "description": {"kind": "words", "dim": 32, "vocabulary": 256},
            "chroma": {"kind": "chroma_frames"},
            "transport": {"kind": "transport", "hidden": 16},
        },
        "fuser": {"cross": ["description"], "input_interpolate": ["chroma", "transport"]},
        "max_duration": 1.6,
        "extend_stride": 0.9,
        **changes,
    }


def tiny_lm(seed: int = 0, **changes: Any) -> LMModel:
    """A language model with random weights, large enough for conditions to change its tokens."""
    torch.manual_seed(seed)
    lm = build_lm(lm_config(**changes)).eval()
    with torch.no_grad():
        for head in lm.linears:
            head.weight.mul_(20)
    return lm


def tiny_musicgen(precision: Precision = "fp32", seed: int = 0, **changes: Any) -> MusicGen:
    """80 frames a window, 45 frames of stride, at 50 frames a second."""
    return MusicGen("tiny", FakeCodec(), tiny_lm(seed, **changes), 1.6, 0.9, precision)


class FakeCodec(CompressionModel):
    """Each sample of a frame is a fixed mix of the codes of the frames before, at and after it."""

    LOOKAHEAD = 2

    def __init__(self, n_q: int = 4, card: int = CARD, hop: int = 8) -> None:
        super().__init__(
            channels=1, sample_rate=50 * hop, hop_length=hop, cardinality=card, total_codebooks=n_q
        )
        generator = torch.Generator().manual_seed(1)
        self.mix = nn.Parameter(torch.randn(hop, n_q, 2 * self.LOOKAHEAD + 1, generator=generator) / card)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        self._check_audio(x)
        frames = x.shape[-1] // self.hop_length
        first = x[..., : frames * self.hop_length : self.hop_length]
        scaled = ((first.clamp(-1, 1) + 1) * (self.cardinality - 1) / 2).round().long()
        return scaled.expand(-1, self.num_codebooks, -1), None

    def decode(self, codes: Tensor, scale: Tensor | None = None) -> Tensor:
        mixed = F.conv1d(codes.float(), self.mix[:, : codes.shape[1]], padding=self.LOOKAHEAD)
        return mixed.transpose(1, 2).reshape(len(codes), 1, -1)

    def decode_latent(self, codes: Tensor) -> Tensor:
        return codes.float()

    def streaming_decoder(self) -> StreamingDecoder:
        return FakeStream(self)


class FakeStream(StreamingDecoder):
    """Keeps all codes and gives out what has become exact."""

    def __init__(self, codec: FakeCodec) -> None:
        self.lookahead_frames = codec.LOOKAHEAD
        self._codec = codec
        self.reset()

    def reset(self) -> None:
        self._codes: Tensor | None = None
        self._given = 0

    def push(self, codes: Tensor) -> Tensor:
        self._codes = codes if self._codes is None else torch.cat([self._codes, codes], -1)
        return self._give(self._codes.shape[-1] - self.lookahead_frames)

    def flush(self) -> Tensor:
        assert self._codes is not None
        return self._give(self._codes.shape[-1])

    def snapshot(self) -> tuple[Tensor | None, int]:
        return self._codes, self._given

    def restore(self, state: tuple[Tensor | None, int]) -> None:
        self._codes, self._given = state

    def _give(self, stop: int) -> Tensor:
        assert self._codes is not None
        start, self._given = self._given, max(self._given, stop)
        hop = self._codec.hop_length
        return self._codec.decode(self._codes)[..., start * hop : self._given * hop]
