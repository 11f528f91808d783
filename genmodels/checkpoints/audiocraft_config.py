"""AudioCraft's `xp.cfg` to the plain configurations that the builders take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from genmodels.errors import CheckpointError

_REFERENCE = re.compile(r"\$\{([\w.]+)\}")

# what changes the network, and the only value of it that the published models have
_TRANSFORMER_FIXED: dict[str, Any] = {
    "norm_first": True,
    "bias_ff": False,
    "bias_attn": False,
    "bias_proj": False,
    "activation": "gelu",
    "norm": "layer_norm",
    "layer_scale": None,
    "positional_embedding": "sin",
    "past_context": None,
    "causal": True,
    "qk_layer_norm": False,
    "qk_layer_norm_cross": False,
    "kv_repeat": 1,
    "xpos": False,
}
_TRANSFORMER_DEFAULTS: dict[str, Any] = {
    "norm_first": False,
    "bias_ff": True,
    "bias_attn": True,
    "bias_proj": True,
}
_SEANET_FIXED: dict[str, Any] = {
    "activation": "ELU",
    "norm": "weight_norm",
    "disable_norm_outer_blocks": 0,
    "final_activation": None,
}
_SEANET_KEYS = (
    "channels",
    "dimension",
    "n_filters",
    "ratios",
    "n_residual_layers",
    "kernel_size",
    "last_kernel_size",
    "residual_kernel_size",
    "dilation_base",
    "compress",
    "lstm",
    "true_skip",
    "causal",
    "pad_mode",
    "trim_right_ratio",
)
_FUSE_METHODS = ("sum", "prepend", "cross", "input_interpolate", "ignore")
_CHROMA_KEYS = ("sample_rate", "n_chroma", "radix2_exp")
_STYLE_KEYS = (
    "model_name",
    "transformer_scale",
    "sample_rate",
    "ds_factor",
    "encodec_n_q",
    "n_q_out",
    "eval_q",
    "bins",
)
_CLAP_KEYS = ("dim", "quantize", "n_q", "bins")


class AudiocraftConfig:
    """A parsed `xp.cfg`.

    References to other keys (`${sample_rate}`) are followed where a value is asked for; nothing else of
    OmegaConf's resolvers runs.

    Args:
        text: YAML.
        source: the file, for messages.
    Raises:
        CheckpointError: it is no YAML mapping.
    """

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        try:
            parsed = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
        except (OmegaConfBaseException, YAMLError, ValueError) as error:
            raise CheckpointError(f"{source}: its configuration (xp.cfg) cannot be read: {error}") from error
        if not isinstance(parsed, dict):
            raise CheckpointError(f"{source}: its configuration (xp.cfg) is no mapping")
        self._root: dict[str, Any] = {str(key): value for key, value in parsed.items()}

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path with its references followed; `default` where there is none.

        Raises:
            CheckpointError: a reference leads nowhere, or is none to another key.
        """
        value = self._raw(path)
        return default if value is None else self._followed(value, path, 0)

    def section(self, path: str) -> dict[str, Any]:
        """The mapping at a path.

        Raises:
            CheckpointError: there is none.
        """
        value = self.get(path)
        if not isinstance(value, dict):
            raise CheckpointError(f"{self.source}: its configuration (xp.cfg) has no section {path!r}")
        return value

    def keys(self, path: str) -> tuple[str, ...]:
        """The keys of the mapping at a path; none where there is no mapping."""
        value = self._raw(path)
        return tuple(map(str, value)) if isinstance(value, dict) else ()

    def _raw(self, path: str) -> Any:
        value: Any = self._root
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def _followed(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, dict):
            return {str(key): self._followed(item, f"{path}.{key}", depth) for key, item in value.items()}
        if isinstance(value, list):
            return [self._followed(item, path, depth) for item in value]
        if not isinstance(value, str) or "${" not in value:
            return value
        found = _REFERENCE.fullmatch(value)
        target = self._raw(found.group(1)) if found else None
        if target is None or depth > 8:
            raise CheckpointError(
                f"{self.source}: {path} of its configuration (xp.cfg) is {value!r}, which cannot be "
                f"followed: write the value itself"
            )
        return self._followed(target, path, depth + 1)

    def require(self, section: Mapping[str, Any], fixed: Mapping[str, Any], path: str) -> None:
        """Refuse a setting that would need another network."""
        for key, wanted in fixed.items():
            value = section.get(key, _TRANSFORMER_DEFAULTS.get(key, wanted))
            if value != wanted:
                raise CheckpointError(
                    f"{self.source}: {path}.{key} is {value!r}; only {wanted!r} can be loaded"
                )


def lm_config(config: AudiocraftConfig) -> dict[str, Any]:
    """What `build_lm` takes, with max_duration.

    Dropout of conditions and all else that serves training alone is left out.

    Raises:
        CheckpointError: a section is missing, or the model is of a kind that is not published.
    """
    name = config.get("lm_model", "transformer_lm")
    if name != "transformer_lm":
        raise CheckpointError(f"{config.source}: lm_model is {name!r}, only 'transformer_lm' can be loaded")
    lm = config.section("transformer_lm")
    config.require(lm, _TRANSFORMER_FIXED, "transformer_lm")
    duration = config.get("dataset.segment_duration")
    if not isinstance(duration, int | float) or duration <= 0:
        raise CheckpointError(
            f"{config.source}: dataset.segment_duration is {duration!r}, must be seconds > 0"
        )
    fuser = config.section("fuser")
    if fuser.get("cross_attention_pos_emb"):
        raise CheckpointError(f"{config.source}: fuser.cross_attention_pos_emb is on, which cannot be loaded")
    return {
        **{key: int(lm[key]) for key in ("n_q", "card", "dim", "num_heads", "num_layers")},
        "hidden_scale": int(lm.get("hidden_scale", 4)),
        "codebooks_pattern": _pattern(config, lm),
        "conditioners": _conditioners(config, float(duration)),
        "fuser": {method: fuser[method] for method in _FUSE_METHODS if fuser.get(method)},
        "max_duration": float(duration),
    }


def _pattern(config: AudiocraftConfig, lm: Mapping[str, Any]) -> dict[str, Any]:
    pattern = config.section("codebooks_pattern")
    # the first configurations named the pattern beside the transformer, and coarse_first after a model
    kind = pattern.get("modeling") or lm.get("q_modeling")
    if kind == "valle":
        pattern["coarse_first"] = pattern.get("valle")
        kind = "coarse_first"
    return {"modeling": kind, str(kind): pattern.get(str(kind)) or {}}


def _conditioners(config: AudiocraftConfig, duration: float) -> dict[str, dict[str, Any]]:
    # `args` only matters in training; cache_path and eval_wavs name files of whoever trained the model
    names = [name for name in config.keys("conditioners") if name != "args"]
    out = {}
    for name in names:
        kind = config.get(f"conditioners.{name}.model")
        options = config.get(f"conditioners.{name}.{kind}", {}) if kind else {}
        out[str(name)] = _conditioner(config, str(name), kind, options, duration)
    return out


def _conditioner(
    config: AudiocraftConfig, name: str, kind: Any, options: dict[str, Any], duration: float
) -> dict[str, Any]:
    path = f"conditioners.{name}.{kind}"
    if kind == "t5":
        config.require(options, {"normalize_text": False}, path)
        return {
            "kind": "t5",
            "name": options.get("name", "t5-base"),
            "finetune": bool(options.get("finetune", False)),
            "word_dropout": float(options.get("word_dropout", 0.0)),
        }
    if kind == "chroma_stem":
        config.require(options, {"argmax": True}, path)
        # as AudioCraft does for inference, whatever the configuration says
        return {
            "kind": kind,
            **_picked(options, _CHROMA_KEYS),
            "duration": duration,
            "match_len_on_eval": True,
        }
    if kind == "style":
        config.require(options, {"batch_norm": True, "compute_mask": True}, path)
        style = {"kind": kind, **_picked(options, _STYLE_KEYS)}
        if "length" in options:
            style["excerpt_length"] = float(options["length"])
        if style.get("model_name") == "encodec":
            style["compression_model"] = str(options["encodec_checkpoint"])
        return style
    if kind == "clap":
        config.require(options, {"normalize": True}, path)
        return {"kind": kind, **_picked(options, _CLAP_KEYS)}
    raise CheckpointError(
        f"{config.source}: conditioner {name!r} is of kind {kind!r}; t5, chroma_stem, style and clap can be "
        f"loaded"
    )


def _picked(options: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: options[key] for key in keys if options.get(key) is not None}


def codec_config(config: AudiocraftConfig) -> dict[str, Any]:
    """What `build_codec` takes.

    Raises:
        CheckpointError: a section is missing, or the codec is of a kind that is not published.
    """
    name = config.get("compression_model", "encodec")
    encodec = config.section("encodec")
    parts = (name, encodec.get("autoencoder"), encodec.get("quantizer"))
    if parts != ("encodec", "seanet", "rvq"):
        raise CheckpointError(
            f"{config.source}: the codec is {parts}, only encodec of seanet and rvq can be loaded"
        )
    seanet = config.section("seanet")
    encoder, decoder = seanet.pop("encoder", None) or {}, seanet.pop("decoder", None) or {}
    config.require({**seanet, **decoder}, _SEANET_FIXED, "seanet")
    different = [key for key, value in encoder.items() if seanet.get(key) != value]
    different += [key for key in decoder if key in seanet and seanet[key] != decoder[key]]
    if different:
        raise CheckpointError(
            f"{config.source}: seanet.encoder and seanet.decoder differ in {', '.join(different)}, which "
            f"cannot be loaded"
        )
    rvq = config.section("rvq")
    seanet = {**seanet, **decoder}
    return {
        "kind": "encodec",
        "seanet": {key: seanet[key] for key in _SEANET_KEYS if key in seanet},
        "sample_rate": int(encodec["sample_rate"]),
        "n_q": int(rvq["n_q"]),
        "bins": int(rvq["bins"]),
        "q_dropout": bool(rvq.get("q_dropout", False)),
        "renormalize": bool(encodec.get("renormalize", False)),
    }


def stereo_config(config: AudiocraftConfig) -> dict[str, bool] | None:
    """How left and right share the codebooks: {per_timestep: ...}; None for mono."""
    stereo = config.get("interleave_stereo_codebooks", {})
    if not stereo.get("use"):
        return None
    return {"per_timestep": bool(stereo.get("per_timestep", False))}
