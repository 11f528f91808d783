"""Our language model against Transformers' independent implementation of MusicGen, on the same random
weights."""

from __future__ import annotations

import torch

from genmodels.lm.model import LMModel
from genmodels.lm.transformer import CrossContext
from tests.genmodels.tiny import CARD, tiny_lm


def renamed(lm: LMModel) -> dict[str, torch.Tensor]:
    """Our weights under the names of `MusicgenForCausalLM`."""
    names = {
        "self_attn.out_proj": "self_attn.out_proj",
        "cross_attention.out_proj": "encoder_attn.out_proj",
        "linear1": "fc1",
        "linear2": "fc2",
        "norm1": "self_attn_layer_norm",
        "norm_cross": "encoder_attn_layer_norm",
        "norm2": "final_layer_norm",
    }
    out = {}
    for name, value in lm.state_dict().items():
        parts = name.split(".")
        if parts[0] == "emb":
            out[f"model.decoder.embed_tokens.{parts[1]}.weight"] = value
        elif parts[0] == "linears":
            out[f"lm_heads.{parts[1]}.weight"] = value
        elif parts[0] == "out_norm":
            out[f"model.decoder.layer_norm.{parts[1]}"] = value
        elif parts[0] == "transformer" and name.endswith("in_proj_weight"):
            attention = "self_attn" if "self_attn" in name else "encoder_attn"
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                out[f"model.decoder.layers.{parts[2]}.{attention}.{letter}_proj.weight"] = part
        elif parts[0] == "transformer":
            inner = ".".join(parts[3:-1])
            out[f"model.decoder.layers.{parts[2]}.{names[inner]}.{parts[-1]}"] = value
    return out


def test_logits_equal_those_of_transformers() -> None:
    from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

    lm = tiny_lm(conditioners={"description": {"kind": "words"}}, fuser={"cross": ["description"]})
    config = MusicgenDecoderConfig(
        vocab_size=CARD, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=64,
        num_codebooks=4, activation_function="gelu", dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0,
    )  # fmt: skip
    theirs = MusicgenForCausalLM(config).eval()
    missing, unexpected = theirs.load_state_dict(renamed(lm), strict=False)
    assert not unexpected
    assert all("embed_positions" in name for name in missing)
    generator = torch.Generator().manual_seed(0)
    sequence = torch.randint(0, CARD + 1, (2, 4, 30), generator=generator)
    text = torch.randn(2, 5, 32, generator=generator)
    with torch.no_grad():
        expected = theirs(sequence.reshape(8, 30), encoder_hidden_states=text).logits.view(2, 4, 30, CARD)
        context: CrossContext | None = lm.cross_context(text, torch.ones(2, 5, dtype=torch.bool))
        ours = lm.heads(lm.transformer(lm.embed(sequence), context))
    torch.testing.assert_close(ours, expected, atol=2e-4, rtol=1e-4)
