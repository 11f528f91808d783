"""Writes checkpoints as AudioCraft publishes them, with random weights.

Names, shapes and configurations are written down from the published files, not taken from our modules, so
that loading them proves ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor


@dataclass(frozen=True)
class LmShape:
    """Geometry of a language model; `fuser` is 'cross', or 'prepend' for melody and style."""

    dim: int = 32
    heads: int = 4
    layers: int = 2
    n_q: int = 4
    card: int = 64
    text_width: int = 16
    t5: str = "t5-base"
    wav: str | None = None
    solver: str = "musicgen"
    segment_duration: float = 30
    stereo: bool = False
    style_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CodecShape:
    """Geometry of an EnCodec."""

    filters: int = 4
    ratios: tuple[int, ...] = (8, 5, 4, 4)
    dimension: int = 16
    n_q: int = 4
    bins: int = 64
    sample_rate: int = 32000
    causal: bool = False


def lm_state(shape: LmShape, seed: int = 0, meta: bool = False) -> dict[str, Tensor]:
    """State dict of a language model and its conditioners, float16; without values on the meta device."""
    make = _Maker(seed, meta)
    d = shape.dim
    out: dict[str, Tensor] = {}
    for k in range(shape.n_q):
        out[f"emb.{k}.weight"] = make(shape.card + 1, d)
        out[f"linears.{k}.weight"] = make(shape.card, d, scale=20 / d)
    for i in range(shape.layers):
        layer = f"transformer.layers.{i}."
        out[layer + "self_attn.in_proj_weight"] = make(3 * d, d)
        out[layer + "self_attn.out_proj.weight"] = make(d, d)
        out[layer + "linear1.weight"] = make(4 * d, d)
        out[layer + "linear2.weight"] = make(d, 4 * d)
        names = ["norm1", "norm2"]
        if shape.wav is None:
            out[layer + "cross_attention.in_proj_weight"] = make(3 * d, d)
            out[layer + "cross_attention.out_proj.weight"] = make(d, d)
            names.append("norm_cross")
        for name in names:
            out.update(make.norm(layer + name, d))
    out.update(make.norm("out_norm", d))
    conditioners = "condition_provider.conditioners."
    out.update(make.linear(conditioners + "description.output_proj", d, shape.text_width))
    own = conditioners + "self_wav."
    if shape.wav == "chroma_stem":
        out.update(make.linear(own + "output_proj", d, 12))
        out[own + "chroma.spec.window"] = torch.hann_window(16384)
    if shape.wav == "style":
        out.update(_style_state(make, own, d))
    return {name: value.half() if value.is_floating_point() else value for name, value in out.items()}


def _style_state(make: _Maker, own: str, dim: int) -> dict[str, Tensor]:
    out = make.linear(own + "embed", 512, 768) | make.linear(own + "output_proj", dim, 512)
    for i in range(8):
        layer = f"{own}transformer.layers.{i}."
        out[layer + "self_attn.in_proj_weight"] = make(3 * 512, 512)
        out[layer + "self_attn.out_proj.weight"] = make(512, 512)
        out[layer + "linear1.weight"] = make(2048, 512)
        out[layer + "linear2.weight"] = make(512, 2048)
        out.update(make.norm(layer + "norm1", 512) | make.norm(layer + "norm2", 512))
    out[own + "batch_norm.running_mean"] = make(512)
    out[own + "batch_norm.running_var"] = make(512).abs() + 0.5
    out[own + "batch_norm.num_batches_tracked"] = torch.tensor(7)
    for q in range(6):
        out.update(make.codebook(f"{own}rvq.vq.layers.{q}._codebook.", 1024, 512))
    return out


def codec_state(shape: CodecShape, seed: int = 1, meta: bool = False) -> dict[str, Tensor]:
    """State dict of an EnCodec, float32."""
    make = _Maker(seed, meta)
    out: dict[str, Tensor] = {}
    width = shape.filters
    out.update(make.conv("encoder.model.0.conv.conv", width, 1, 7))
    at = 1
    for ratio in reversed(shape.ratios):
        out.update(make.block(f"encoder.model.{at}.", width))
        out.update(make.conv(f"encoder.model.{at + 2}.conv.conv", 2 * width, width, 2 * ratio))
        width, at = 2 * width, at + 3
    out.update(make.lstm(f"encoder.model.{at}.lstm.", width))
    out.update(make.conv(f"encoder.model.{at + 2}.conv.conv", shape.dimension, width, 7))
    out.update(make.conv("decoder.model.0.conv.conv", width, shape.dimension, 7))
    out.update(make.lstm("decoder.model.1.lstm.", width))
    at = 3
    for ratio in shape.ratios:
        out.update(make.transposed(f"decoder.model.{at}.convtr.convtr", width, width // 2, 2 * ratio))
        width //= 2
        out.update(make.block(f"decoder.model.{at + 1}.", width))
        at += 3
    out.update(make.conv(f"decoder.model.{at}.conv.conv", 1, width, 7))
    for q in range(shape.n_q):
        out.update(make.codebook(f"quantizer.vq.layers.{q}._codebook.", shape.bins, shape.dimension))
    return out


class _Maker:
    """Random tensors under given names; everything from one seed."""

    def __init__(self, seed: int, meta: bool) -> None:
        self._generator = None if meta else torch.Generator().manual_seed(seed)

    def __call__(self, *size: int, scale: float | None = None) -> Tensor:
        if self._generator is None:
            return torch.empty(*size, device="meta")
        fan = size[-1] if len(size) > 1 else 1
        return torch.randn(*size, generator=self._generator) * (scale or fan**-0.5)

    def norm(self, name: str, width: int) -> dict[str, Tensor]:
        return {f"{name}.weight": 1 + 0.1 * self(width), f"{name}.bias": 0.1 * self(width)}

    def linear(self, name: str, outside: int, inside: int) -> dict[str, Tensor]:
        return {f"{name}.weight": self(outside, inside), f"{name}.bias": 0.1 * self(outside)}

    def conv(self, name: str, outside: int, inside: int, kernel: int) -> dict[str, Tensor]:
        return self._normed(name, (outside, inside, kernel), outside)

    def transposed(self, name: str, inside: int, outside: int, kernel: int) -> dict[str, Tensor]:
        return self._normed(name, (inside, outside, kernel), outside)

    def _normed(self, name: str, size: tuple[int, int, int], outside: int) -> dict[str, Tensor]:
        weight = self(*size, scale=(size[1] * size[2]) ** -0.5)
        norms = weight.flatten(1).norm(dim=1)[:, None, None]
        return {f"{name}.weight_g": norms, f"{name}.weight_v": weight, f"{name}.bias": 0.1 * self(outside)}

    def block(self, name: str, width: int) -> dict[str, Tensor]:
        return {
            **self.conv(name + "block.1.conv.conv", width // 2, width, 3),
            **self.conv(name + "block.3.conv.conv", width, width // 2, 1),
        }

    def lstm(self, name: str, width: int) -> dict[str, Tensor]:
        out = {}
        for layer in (0, 1):
            for kind in ("ih", "hh"):
                out[f"{name}weight_{kind}_l{layer}"] = self(4 * width, width)
                out[f"{name}bias_{kind}_l{layer}"] = 0.1 * self(4 * width)
        return out

    def codebook(self, name: str, bins: int, dimension: int) -> dict[str, Tensor]:
        embed = self(bins, dimension, scale=1.0)
        return {
            name + "inited": torch.ones(1),
            name + "cluster_size": torch.ones(bins),
            name + "embed": embed,
            name + "embed_avg": embed.clone(),
        }


def lm_config(shape: LmShape) -> dict[str, Any]:
    """`xp.cfg` of a language model, with what surrounds the parts that matter."""
    text = {
        "model": "t5",
        "t5": {"name": shape.t5, "finetune": False, "word_dropout": 0.3, "normalize_text": False},
    }
    conditioners: dict[str, Any] = {"description": text}
    prepended = shape.wav is not None
    if shape.wav == "chroma_stem":
        conditioners["args"] = {"merge_text_conditions_p": 0.25, "drop_desc_p": 0.5}
        conditioners["self_wav"] = {
            "model": "chroma_stem",
            "chroma_stem": {
                "sample_rate": "${sample_rate}",
                "n_chroma": 12,
                "radix2_exp": 14,
                "argmax": True,
                "cache_path": "/nowhere/chroma",
                "match_len_on_eval": False,
                "eval_wavs": None,
                "n_eval_wavs": 100,
            },
        }
    if shape.wav == "style":
        conditioners["self_wav"] = {
            "model": "style",
            "style": {
                "model_name": "mert",
                "transformer_scale": "default",
                "sample_rate": "${sample_rate}",
                "encodec_checkpoint": "//pretrained/facebook/encodec_32khz",
                "encodec_n_q": 3,
                "length": 3.0,
                "ds_factor": 15,
                "n_q_out": 6,
                "eval_q": 3,
                "q_dropout": True,
                "bins": 1024,
                "varying_lengths": [1.5, 4.5],
                "batch_norm": True,
                "compute_mask": True,
                "num_codebooks_lm": "${transformer_lm.n_q}",
                "ds_rate_compression": 640,
                "use_middle_of_segment": False,
                "rvq_threshold_ema_dead_code": 0.1,
                **shape.style_options,
            },
        }
    delays = [0, 0, 1, 1, 2, 2, 3, 3] if shape.stereo else [0, 1, 2, 3]
    return {
        "device": "cuda",
        "dtype": "float16",
        "autocast": True,
        "solver": shape.solver,
        "sample_rate": 16000 if shape.solver == "audiogen" else 32000,
        "channels": 2 if shape.stereo else 1,
        "compression_model_checkpoint": "//sig/deadbeef",
        "dora": {"dir": "/tmp/${oc.env:NO_SUCH_VARIABLE}", "exclude": ["device", "wandb.*"]},
        "optim": {"updates_per_epoch": 2000, "ema": {"updates": "${optim.updates_per_epoch}"}},
        "dataset": {
            "batch_size": 192,
            "segment_duration": shape.segment_duration,
            "train": {"merge_text_p": 0.25, "drop_desc_p": 0.5, "drop_other_p": 0.5},
        },
        "interleave_stereo_codebooks": {"use": shape.stereo, "per_timestep": False},
        "lm_model": "transformer_lm",
        "codebooks_pattern": {
            "modeling": "delay",
            "delay": {"delays": delays, "flatten_first": 0, "empty_initial": 0},
            "unroll": {"flattening": [0, 1, 2, 3], "delays": [0, 0, 0, 0]},
            "music_lm": {"group_by": 2},
            "valle": {"delays": [0, 0, 0]},
        },
        "transformer_lm": {
            "dim": shape.dim,
            "num_heads": shape.heads,
            "num_layers": shape.layers,
            "hidden_scale": 4,
            "n_q": shape.n_q,
            "card": shape.card,
            "dropout": 0.0,
            "emb_lr": None,
            "activation": "gelu",
            "norm_first": True,
            "bias_ff": False,
            "bias_attn": False,
            "bias_proj": False,
            "past_context": None,
            "causal": True,
            "custom": False,
            "memory_efficient": True,
            "attention_as_float32": False,
            "layer_scale": None,
            "positional_embedding": "sin",
            "xpos": False,
            "checkpointing": "torch",
            "weight_init": "gaussian",
            "depthwise_init": "current",
            "zero_bias_init": True,
            "norm": "layer_norm",
            "cross_attention": False,
            "qk_layer_norm": False,
            "qk_layer_norm_cross": False,
            "attention_dropout": None,
            "kv_repeat": 1,
        },
        "classifier_free_guidance": {"training_dropout": 0.3, "inference_coef": 3.0},
        "attribute_dropout": {"args": {"active_on_eval": False}, "text": {}, "wav": {"self_wav": 0.5}},
        "fuser": {
            "cross_attention_pos_emb": False,
            "cross_attention_pos_emb_scale": 1,
            "sum": [],
            "prepend": ["self_wav", "description"] if prepended else [],
            "cross": [] if prepended else ["description"],
            "input_interpolate": [],
        },
        "conditioners": conditioners,
    }


def codec_config(shape: CodecShape) -> dict[str, Any]:
    """`xp.cfg` of a codec."""
    return {
        "device": "cuda",
        "solver": "compression",
        "sample_rate": shape.sample_rate,
        "channels": 1,
        "compression_model": "encodec",
        "encodec": {
            "autoencoder": "seanet",
            "quantizer": "rvq",
            "sample_rate": "${sample_rate}",
            "channels": "${channels}",
            "causal": shape.causal,
            "renormalize": False,
            "renorm": None,
        },
        "seanet": {
            "dimension": shape.dimension,
            "channels": "${channels}",
            "causal": "${encodec.causal}",
            "n_filters": shape.filters,
            "n_residual_layers": 1,
            "ratios": list(shape.ratios),
            "activation": "ELU",
            "activation_params": {"alpha": 1.0},
            "norm": "weight_norm",
            "norm_params": {},
            "kernel_size": 7,
            "residual_kernel_size": 3,
            "last_kernel_size": 7,
            "dilation_base": 2,
            "pad_mode": "constant",
            "true_skip": True,
            "compress": 2,
            "lstm": 2,
            "disable_norm_outer_blocks": 0,
            "decoder": {
                "trim_right_ratio": 1.0,
                "final_activation": None,
                "final_activation_params": None,
            },
            "encoder": {},
        },
        "rvq": {
            "n_q": shape.n_q,
            "q_dropout": False,
            "bins": shape.bins,
            "decay": 0.99,
            "kmeans_init": True,
            "kmeans_iters": 50,
            "threshold_ema_dead_code": 2,
            "orthogonal_reg_weight": 0.0,
            "orthogonal_reg_active_codes_only": False,
        },
    }


def write(
    path: Path, state: Mapping[str, Tensor], config: Mapping[str, Any], first_release: bool = False
) -> None:
    """One exported file."""
    package = {"best_state": dict(state), "xp.cfg": OmegaConf.to_yaml(OmegaConf.create(dict(config)))}
    if not first_release:
        package |= {"version": "1.4.0a2", "exported": True}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(package, path)


def write_model(
    folder: Path,
    lm: LmShape | None = None,
    codec: CodecShape | str | None = None,
    first_release: bool = False,
) -> Path:
    """A folder of a language model and its codec; a codec given by name is a redirect."""
    lm, codec = lm or LmShape(), codec or CodecShape()
    write(folder / "state_dict.bin", lm_state(lm), lm_config(lm), first_release)
    path = folder / "compression_state_dict.bin"
    if isinstance(codec, str):
        torch.save({"pretrained": codec, "exported": True, "version": "1.4.0a2"}, path)
    else:
        write(path, codec_state(codec), codec_config(codec), first_release)
    return folder
