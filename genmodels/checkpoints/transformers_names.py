"""Weights of the language model under the names of Transformers' MusicGen, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_DECODER = "decoder.model.decoder."
_HEADS = "decoder.lm_heads."
_LAYER_NAMES = {
    "self_attn.out_proj": "self_attn.out_proj",
    "cross_attention.out_proj": "encoder_attn.out_proj",
    "linear1": "fc1",
    "linear2": "fc2",
    "norm1": "self_attn_layer_norm",
    "norm_cross": "encoder_attn_layer_norm",
    "norm2": "final_layer_norm",
}
_ATTENTIONS = {"self_attn": "self_attn", "cross_attention": "encoder_attn"}
_PROJECTIONS = {
    "condition_provider.conditioners.description.output_proj.": "enc_to_dec_proj.",
    "condition_provider.conditioners.self_wav.output_proj.": "audio_enc_to_dec_proj.",
}
_OUR_LAYER = re.compile(r"transformer\.layers\.(\d+)\.(.+)\.(weight|bias)")
_OUR_ATTENTION = re.compile(r"transformer\.layers\.(\d+)\.(\w+)\.in_proj_weight")
_THEIR_LAYER = re.compile(re.escape(_DECODER) + r"layers\.(\d+)\.(.+)\.(weight|bias)")
_THEIR_QKV = re.compile(r"(\w+)\.([qkv])_proj")


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict of our language model to that of `MusicgenForConditionalGeneration` or its melody sister,
    without text encoder and codec. Buffers that theirs lacks are left out."""
    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if found := _OUR_ATTENTION.fullmatch(name):
            layer, attention = found.groups()
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                out[f"{_DECODER}layers.{layer}.{_ATTENTIONS[attention]}.{letter}_proj.weight"] = part
        elif found := _OUR_LAYER.fullmatch(name):
            layer, inner, kind = found.groups()
            out[f"{_DECODER}layers.{layer}.{_LAYER_NAMES[inner]}.{kind}"] = value
        elif name.startswith("emb."):
            out[f"{_DECODER}embed_tokens.{name.removeprefix('emb.')}"] = value
        elif name.startswith("linears."):
            out[_HEADS + name.removeprefix("linears.")] = value
        elif name.startswith("out_norm."):
            out[f"{_DECODER}layer_norm.{name.removeprefix('out_norm.')}"] = value
        else:
            for ours, theirs in _PROJECTIONS.items():
                if name.startswith(ours):
                    out[theirs + name.removeprefix(ours)] = value
    return out


def from_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The reverse; names that are not the language model's (text encoder, codec, position tables) are left
    out."""
    back = {theirs: ours for ours, theirs in _LAYER_NAMES.items()}
    attentions = {theirs: ours for ours, theirs in _ATTENTIONS.items()}
    out: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        if found := _THEIR_LAYER.fullmatch(name):
            layer, inner, kind = found.groups()
            if qkv := _THEIR_QKV.fullmatch(inner):
                target = f"transformer.layers.{layer}.{attentions.get(qkv[1], qkv[1])}.in_proj_{kind}"
                parts.setdefault(target, {})[qkv[2]] = value
            else:
                out[f"transformer.layers.{layer}.{back.get(inner, inner)}.{kind}"] = value
        elif name.startswith(_HEADS):
            out["linears." + name.removeprefix(_HEADS)] = value
        elif name.startswith(_DECODER) and "embed_positions" not in name:
            rest = name.removeprefix(_DECODER)
            out[rest.replace("embed_tokens.", "emb.").replace("layer_norm.", "out_norm.")] = value
        else:
            for ours, theirs in _PROJECTIONS.items():
                if name.startswith(theirs):
                    out[ours + name.removeprefix(theirs)] = value
    for target, letters in parts.items():
        if len(letters) == 3:
            out[target] = torch.cat([letters[letter] for letter in "qkv"])
    return out
