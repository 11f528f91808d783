"""EnCodec weights of Transformers as an `EncodecModel`: configuration and state-dict names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from genmodels.codec.encodec import EncodecModel
from genmodels.codec.seanet import SEANetConfig
from genmodels.codec.transformers_config import codec_config
from genmodels.errors import CheckpointError, ConfigError

_RENAMES = (
    (re.compile(r"\.parametrizations\.weight\.original0$"), ".weight_g"),
    (re.compile(r"\.parametrizations\.weight\.original1$"), ".weight_v"),
    (re.compile(r"^((?:en|de)coder)\.layers\."), r"\1.model."),
    (re.compile(r"^quantizer\.layers\.(\d+)\.codebook\."), r"quantizer.vq.layers.\1._codebook."),
    (re.compile(r"(?<!\.conv)\.conv\.(weight_g|weight_v|bias)$"), r".conv.conv.\1"),
)


def audiocraft_names(state_dict: Mapping[str, Tensor], transposed: frozenset[str]) -> dict[str, Tensor]:
    """A state dict of Transformers' EncodecModel under AudioCraft's names, which are those of `EncodecModel`.

    Weight norm may be named the old way (`weight_g`, `weight_v`) or as a parametrization (`original0`,
    `original1`). Names that are AudioCraft's already stay.

    Args:
        state_dict: without a prefix: names begin with encoder, decoder or quantizer.
        transposed: AudioCraft's names of the parameters of transposed convolutions, which Transformers names
            like all others.
    """
    renamed = {}
    for name, tensor in state_dict.items():
        for pattern, replacement in _RENAMES:
            name = pattern.sub(replacement, name)
        upsampling = name.replace(".conv.conv.", ".convtr.convtr.")
        renamed[upsampling if upsampling in transposed else name] = tensor
    return renamed


def _complete(config: Any) -> Any:
    """A Transformers EncodecConfig, of which a mapping may leave out what is default."""
    return codec_config("Encodec", config) if isinstance(config, Mapping) else config


def seanet_from_transformers(config: Any) -> SEANetConfig:
    """The geometry that a Transformers EncodecConfig (or the mapping in its config.json) describes.

    Raises:
        ConfigError: the configuration asks for what `EncodecModel` does not do: normalisation over time, or
            overlapping chunks (both in the 48 kHz model; use `TransformersCodec`), or an unknown pad mode.
    """
    config = _complete(config)
    if config.norm_type != "weight_norm" or config.chunk_length_s is not None:
        raise ConfigError(
            f"EnCodec with norm_type {config.norm_type!r} and chunk_length_s {config.chunk_length_s}: "
            "EncodecModel needs 'weight_norm' and no chunks; use TransformersCodec"
        )
    if config.pad_mode not in ("constant", "reflect"):
        raise ConfigError(f"pad_mode: {config.pad_mode!r} is not one of 'constant', 'reflect'")
    return SEANetConfig(
        channels=config.audio_channels,
        dimension=config.hidden_size,
        n_filters=config.num_filters,
        ratios=tuple(config.upsampling_ratios),
        n_residual_layers=config.num_residual_layers,
        kernel_size=config.kernel_size,
        last_kernel_size=config.last_kernel_size,
        residual_kernel_size=config.residual_kernel_size,
        dilation_base=config.dilation_growth_rate,
        compress=config.compress,
        lstm=config.num_lstm_layers,
        true_skip=not config.use_conv_shortcut,
        causal=config.use_causal_conv,
        pad_mode=config.pad_mode,
        trim_right_ratio=config.trim_right_ratio,
    )


def codebooks_at(bandwidth: float, config: Any) -> int:
    """Codebooks that fit in a bandwidth.

    Args:
        bandwidth: kbit/s, > 0.
        config: Transformers EncodecConfig or the mapping in its config.json.
    """
    config = _complete(config)
    per_codebook = config.frame_rate * config.codebook_nbits
    return min(max(1, int(1000 * bandwidth // per_codebook)), int(config.num_quantizers))


def encodec_from_transformers(state_dict: Mapping[str, Tensor], config: Any) -> EncodecModel:
    """Transformers' EncodecModel with weight norm (24 kHz, 32 kHz, AudioGen's 16 kHz) as an `EncodecModel`.

    Args:
        state_dict: of Transformers' EncodecModel, old or new names of weight norm; kept tensors are copied.
        config: its EncodecConfig, or the mapping in config.json. Padding, skips and trimming follow it.

    Returns:
        the codec in evaluation mode, in float32, all codebooks of the greatest bandwidth in use.

    Raises:
        ConfigError: see `seanet_from_transformers`.
        CheckpointError: a tensor is missing, unknown or of another shape.
    """
    config = _complete(config)
    model = EncodecModel(
        seanet_from_transformers(config),
        sample_rate=config.sampling_rate,
        n_q=config.num_quantizers,
        bins=config.codebook_size,
        renormalize=config.normalize,
    )
    own = model.state_dict()
    renamed = audiocraft_names(state_dict, frozenset(name for name in own if ".convtr." in name))
    missing, unknown = sorted(own.keys() - renamed.keys()), sorted(renamed.keys() - own.keys())
    if missing or unknown:
        raise CheckpointError(
            f"EnCodec weights do not fit their configuration: {len(missing)} tensors missing {missing[:3]}, "
            f"{len(unknown)} unknown {unknown[:3]}"
        )
    try:
        model.load_state_dict(renamed)
    except RuntimeError as error:
        raise CheckpointError(f"EnCodec weights do not fit their configuration: {error}") from error
    return model.eval()
