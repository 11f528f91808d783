"""Transformers' MusicGen with random weights, and our language model with the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    EncodecConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForCausalLM,
    MusicgenForConditionalGeneration,
    T5Config,
)

from genmodels.conditioning.base import ConditionTensor, TextConditioner
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import ConditionProvider
from genmodels.lm.model import LMModel
from genmodels.lm.patterns import DelayedPatternProvider

MONO, STEREO = (0, 1, 2, 3), (0, 0, 1, 1, 2, 2, 3, 3)


@dataclass(frozen=True)
class Geometry:
    """Sizes of a decoder."""

    dim: int
    heads: int
    layers: int
    card: int
    delays: tuple[int, ...] = MONO

    def decoder_config(self) -> MusicgenDecoderConfig:
        return MusicgenDecoderConfig(
            vocab_size=self.card, hidden_size=self.dim, num_hidden_layers=self.layers,
            num_attention_heads=self.heads, ffn_dim=4 * self.dim, num_codebooks=len(self.delays),
            audio_channels=2 if self.delays == STEREO else 1, activation_function="gelu",
            pad_token_id=self.card, bos_token_id=self.card, dropout=0.0,
        )  # fmt: skip


TINY = Geometry(dim=32, heads=4, layers=2, card=32)
TINY_STEREO = Geometry(dim=32, heads=4, layers=2, card=32, delays=STEREO)
SMALL = Geometry(dim=1024, heads=16, layers=24, card=2048)


class SharedT5(TextConditioner):
    """Text through Transformers' own encoder and projection; words become numbers by their length."""

    def __init__(self, theirs: MusicgenForConditionalGeneration) -> None:
        super().__init__()
        self.t5, self.output_proj = theirs.text_encoder, theirs.enc_to_dec_proj

    def prepare(self, texts: Sequence[str | None]) -> dict[str, Tensor]:
        return tokens(texts)

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        ids, mask = prepared["input_ids"], prepared["attention_mask"]
        hidden = self.t5(input_ids=ids, attention_mask=mask).last_hidden_state
        return ConditionTensor(self.output_proj(hidden) * mask[..., None], mask.bool())


class GivenTensors(TextConditioner):
    """The condition of a text is looked up: [T, dim]."""

    def __init__(self, known: dict[str, Tensor]) -> None:
        super().__init__()
        self.known = nn.ParameterDict(known)
        self.dim = next(iter(known.values())).shape[1]

    def prepare(self, texts: Sequence[str | None]) -> dict[str, Tensor]:
        values = [self.known[text] if text else torch.zeros(0, self.dim) for text in texts]
        lengths = torch.tensor([len(value) for value in values])
        longest = max(1, int(lengths.max()))
        mask = torch.arange(longest) < lengths[:, None]
        padded = [nn.functional.pad(value, (0, 0, 0, longest - len(value))) for value in values]
        return {"values": torch.stack(padded), "mask": mask}

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        return ConditionTensor(prepared["values"], prepared["mask"])


def tokens(texts: Sequence[str | None]) -> dict[str, Tensor]:
    """Numbers of words, padded, and the mask; a text that is absent is one masked word."""
    rows = [[2 + len(word) for word in (text or "").split()] + [1] for text in texts]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor(
        [
            [int(bool(text) and i < len(row)) for i in range(longest)]
            for text, row in zip(texts, rows, strict=True)
        ]
    )
    return {"input_ids": ids, "attention_mask": mask}


def conditional(geometry: Geometry, seed: int = 0) -> MusicgenForConditionalGeneration:
    """Text encoder, decoder and codec, of which only the latter's configuration matters."""
    torch.manual_seed(seed)
    text = T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    codec = EncodecConfig(
        num_filters=2, hidden_size=8, codebook_dim=8, codebook_size=geometry.card, upsampling_ratios=[2, 2]
    )
    config = MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=geometry.decoder_config())
    model = MusicgenForConditionalGeneration(config).eval()
    enliven(model)
    model.generation_config.pad_token_id = geometry.card
    model.generation_config.decoder_start_token_id = geometry.card
    return model


def enliven(model: nn.Module) -> None:
    """Weights as large as trained ones, so that text and past change the outcome, and norms of their own."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2 and weight.shape[1] > 1:
                scale = 1.0 if "embed" in name or "shared" in name else weight.shape[1] ** -0.5
                weight.copy_(torch.randn(weight.shape, generator=generator) * scale)
            elif "layer_norm" in name:
                weight.add_(0.2 * torch.randn(weight.shape, generator=generator))


def ours(
    geometry: Geometry, decoder: MusicgenForCausalLM, text: TextConditioner, attend_padding: bool = False
) -> LMModel:
    """Our model over the very tensors of theirs."""
    count = len(geometry.delays)
    provider, fuser = ConditionProvider({"description": text}), ConditionFuser({"cross": ["description"]})
    with torch.device("meta"):
        lm = LMModel(
            count, geometry.card, geometry.dim, geometry.heads, geometry.layers, 4,
            DelayedPatternProvider(count, geometry.delays), provider, fuser, attend_padding=attend_padding,
        )  # fmt: skip
    missing, unexpected = lm.load_state_dict(our_state(decoder), strict=False, assign=True)
    assert not unexpected
    assert all(name.startswith("condition_provider.") for name in missing)
    return lm.eval()


def our_state(decoder: MusicgenForCausalLM) -> dict[str, Any]:
    """Their weights under AudioCraft's names."""
    names = {
        "self_attn.out_proj": "self_attn.out_proj",
        "encoder_attn.out_proj": "cross_attention.out_proj",
        "fc1": "linear1",
        "fc2": "linear2",
        "self_attn_layer_norm": "norm1",
        "encoder_attn_layer_norm": "norm_cross",
        "final_layer_norm": "norm2",
    }
    theirs = decoder.state_dict()
    out: dict[str, Any] = {}
    for name, value in theirs.items():
        parts = name.split(".")
        if name.startswith("lm_heads"):
            out[f"linears.{parts[1]}.weight"] = value
        elif parts[2] == "embed_tokens":
            out[f"emb.{parts[3]}.weight"] = value
        elif parts[2] == "layer_norm":
            out[f"out_norm.{parts[3]}"] = value
        elif parts[2] == "layers":
            layer, inner = f"transformer.layers.{parts[3]}.", ".".join(parts[4:-1])
            if inner in names:
                out[layer + names[inner] + "." + parts[-1]] = value
            elif inner.endswith("q_proj"):
                stem = name.removesuffix("q_proj.weight")
                attention = "self_attn" if "self_attn" in inner else "cross_attention"
                whole = torch.cat([theirs[stem + letter + "_proj.weight"] for letter in "qkv"])
                out[f"{layer}{attention}.in_proj_weight"] = whole
    return out
