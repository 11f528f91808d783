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
        latents, last = model.encoder(x), model.encoder.layers[-1].conv
        mean, deviation = latents.mean((0, 2)), latents.std(2).mean()
        last.weight = last.weight / deviation
        last.bias.copy_((last.bias - mean) / deviation)
        residual = model.encoder(x)
        for layer in model.quantizer.layers:
            layer.codebook.embed.normal_(std=residual.std().item())
            layer.codebook.embed_avg.copy_(layer.codebook.embed)
            residual = residual - layer.decode(layer.encode(residual))
    return model


def random_dac(name: str, **changes: Any) -> DacModel:
    torch.manual_seed(0)
    model = DacModel(DacConfig(**{**DAC[name], **changes})).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)):
                # the library's own start is so small that nothing but the last bias would be heard
                torch.nn.init.kaiming_normal_(module.weight)
                torch.nn.init.normal_(module.bias, std=0.05)
        model.decoder.conv2.weight.mul_(0.05)
    return model
