"""Transformers' codecs with random weights, at the published geometries and any width."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DacConfig, DacModel, EncodecConfig, EncodecModel

ENCODEC: dict[str, dict[str, Any]] = {
    "32 kHz": {
        "sampling_rate": 32000,
        "upsampling_ratios": [8, 5, 4, 4],
        "num_filters": 64,
        "codebook_size": 2048,
        "target_bandwidths": [2.2],
        "use_causal_conv": False,
        "use_conv_shortcut": False,
        "pad_mode": "reflect",
    },
    "24 kHz": {
        "sampling_rate": 24000,
        "upsampling_ratios": [8, 5, 4, 2],
        "num_filters": 32,
        "codebook_size": 1024,
        "target_bandwidths": [1.5, 3.0, 6.0, 12.0, 24.0],
        "use_causal_conv": True,
        "use_conv_shortcut": True,
        "pad_mode": "reflect",
    },
    "16 kHz": {
        "sampling_rate": 16000,
        "upsampling_ratios": [8, 5, 4, 2],
        "num_filters": 64,
        "codebook_size": 2048,
        "target_bandwidths": [2.2],
        "use_causal_conv": False,
        "use_conv_shortcut": False,
        "pad_mode": "constant",
    },
    "48 kHz": {
        "sampling_rate": 48000,
        "upsampling_ratios": [8, 5, 4, 2],
        "num_filters": 32,
        "codebook_size": 1024,
        "target_bandwidths": [3.0, 6.0, 12.0, 24.0],
        "audio_channels": 2,
        "norm_type": "time_group_norm",
        "normalize": True,
        "chunk_length_s": 1.0,
        "overlap": 0.01,
        "use_causal_conv": False,
        "use_conv_shortcut": True,
        "pad_mode": "reflect",
    },
}
NARROW = {"num_filters": 4, "hidden_size": 16}

DAC: dict[str, dict[str, Any]] = {
    "44.1 kHz": {"sampling_rate": 44100, "downsampling_ratios": [2, 4, 8, 8], "n_codebooks": 9},
    "24 kHz": {"sampling_rate": 24000, "downsampling_ratios": [2, 4, 5, 8], "n_codebooks": 32},
    "16 kHz": {"sampling_rate": 16000, "downsampling_ratios": [2, 4, 5, 8], "n_codebooks": 12},
}
NARROW_DAC = {"encoder_hidden_size": 4, "decoder_hidden_size": 48}


def random_encodec(name: str, **changes: Any) -> EncodecModel:
    """Latents vary around zero and each codebook is as large as what it quantizes, as in a trained model."""
    torch.manual_seed(0)
    model = EncodecModel(EncodecConfig(**{**ENCODEC[name], **changes})).eval()
    x = torch.randn(1, model.config.audio_channels, model.config.hop_length * 20)
    with torch.no_grad():
        if model.config.norm_type == "weight_norm":
            latents, last = model.encoder(x), model.encoder.layers[-1].conv
            mean, deviation = latents.mean((0, 2)), latents.std(2).mean()
            last.parametrizations.weight.original0.div_(deviation)
            last.bias.copy_((last.bias - mean) / deviation)
        residual = model.encoder(x)
        for layer in model.quantizer.layers:
            layer.codebook.embed.normal_(std=residual.std().item())
            layer.codebook.embed_avg.copy_(layer.codebook.embed)
            residual = residual - layer.decode(layer.encode(residual))
    return model


def random_dac(name: str, **changes: Any) -> DacModel:
    """Signals of the size of 1 everywhere; the library's own start lets only the last bias be heard."""
    torch.manual_seed(0)
    model = DacModel(DacConfig(**{**DAC[name], **changes})).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv1d):
                module.weight.normal_(std=(module.in_channels * module.kernel_size[0]) ** -0.5)
                module.bias.normal_(std=0.1)
            elif isinstance(module, torch.nn.ConvTranspose1d):
                module.weight.normal_(std=(2 * module.in_channels) ** -0.5)
            elif isinstance(module, torch.nn.Embedding):
                module.weight.normal_(std=model.config.n_codebooks**-0.5)
        for part in (model.encoder, model.decoder):
            for block in part.block:
                for unit in (block.res_unit1, block.res_unit2, block.res_unit3):
                    unit.conv2.weight.mul_(0.3)
        model.decoder.conv2.weight.mul_(0.1)
    return model
