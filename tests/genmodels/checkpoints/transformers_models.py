"""Small models of Transformers with random weights, and their greedy tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def codec_config(**changes: Any) -> Any:
    """An EnCodec of 4 codebooks of 64 at 50 frames a second, of the published 32 kHz codec's kind."""
    from transformers import EncodecConfig

    fields: dict[str, Any] = {
        "sampling_rate": 32000,
        "audio_channels": 1,
        "num_filters": 4,
        "upsampling_ratios": [8, 5, 4, 4],
        "hidden_size": 16,
        "codebook_dim": 16,
        "codebook_size": 64,
        "num_lstm_layers": 2,
        "use_causal_conv": False,
        "use_conv_shortcut": False,
        "pad_mode": "constant",
        "norm_type": "weight_norm",
        "normalize": False,
        # 4 codebooks of 6 bits, 50 times a second
        "target_bandwidths": [1.2],
    }
    return EncodecConfig(**{**fields, **changes})


def musicgen(t5_folder: Path, channels: int = 1, melody: bool = False, seed: int = 0) -> Any:
    """`MusicgenForConditionalGeneration` or its melody sister, large enough weights for text to matter."""
    import transformers as tf

    n_q = 4 * channels
    text = tf.T5EncoderModel.from_pretrained(t5_folder)
    fields = {
        "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 128,
        "num_codebooks": n_q, "audio_channels": channels, "activation_function": "gelu", "dropout": 0.0,
        "pad_token_id": 64, "bos_token_id": 64,
    }  # fmt: skip
    torch.manual_seed(seed)
    codec = codec_config()
    if melody:
        decoder = tf.MusicgenMelodyDecoderConfig(**fields)
        config = tf.MusicgenMelodyConfig(
            text_encoder=text.config.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict(),
            num_chroma=12, chroma_length=235,
        )  # fmt: skip
        model = tf.MusicgenMelodyForConditionalGeneration(config)
    else:
        decoder = tf.MusicgenDecoderConfig(**fields)
        config = tf.MusicgenConfig(
            text_encoder=text.config.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict()
        )
        model = tf.MusicgenForConditionalGeneration(config)
    model.text_encoder.load_state_dict(text.state_dict())
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.startswith("text_encoder") or value.ndim < 2 or "parametrizations" in name:
                continue
            value.normal_(std=value.shape[-1] ** -0.5)
        for head in model.decoder.lm_heads:
            head.weight.mul_(4)
        for layer in model.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_()
    generation = model.generation_config
    generation.decoder_start_token_id = generation.pad_token_id = generation.bos_token_id = 64
    generation.eos_token_id = None
    return model.eval()


def greedy(
    model: Any, tokenizer: Any, texts: list[str], frames: int, guidance: float = 3.0, **inputs: Any
) -> tuple[Tensor, Tensor]:
    """Codes [B, K, frames] and sound [B, C, n] that Transformers makes."""
    made: list[Tensor] = []
    decode = model.audio_encoder.decode

    def listen(codes: Tensor, *args: Any, **kwargs: Any) -> Any:
        made.append(codes[0])
        return decode(codes, *args, **kwargs)

    model.audio_encoder.decode = listen
    channels = model.config.decoder.audio_channels
    delay = model.config.decoder.num_codebooks // channels
    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    try:
        sound = model.generate(
            **tokens, **inputs, do_sample=False, guidance_scale=guidance, max_length=frames + delay
        )
    finally:
        model.audio_encoder.decode = decode
    if channels == 1:
        return made[0], sound
    return torch.stack(made, 2).flatten(1, 2), sound
