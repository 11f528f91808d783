"""Checkpoints as Transformers writes them: `config.json` and weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.checkpoints.files import cache_dir, locate
from genmodels.checkpoints.reading import (
    WEIGHT_FILES,
    full_precision,
    load_strictly,
    read_json,
    read_weights,
    shards_of,
    usable_configuration,
)
from genmodels.checkpoints.transformers_names import from_transformers
from genmodels.codec.base import CompressionModel
from genmodels.codec.dac import DacCodec
from genmodels.codec.encodec_names import encodec_from_transformers
from genmodels.codec.transformers_codec import TransformersCodec
from genmodels.errors import CheckpointError

_MUSICGEN = ("musicgen", "musicgen_melody")
_WINDOW_S = 30.0
_TOKENIZER_FILES = ("tokenizer.json", "spiece.model")


class TransformersFolder:
    """A model in Transformers' format.

    Args:
        name: hub id, folder, or a file in the folder.
        config_path: its `config.json`, as `locate` found it.
    Raises:
        CheckpointError: the configuration is of no model that can be loaded.
    """

    def __init__(self, name: str | Path, config_path: Path) -> None:
        from huggingface_hub.errors import StrictDataclassError
        from transformers import AutoConfig

        self.name = config_path.parent if Path(name).expanduser().is_file() else name
        self.config_path = config_path
        fields = read_json(config_path)
        kind = fields.pop("model_type", None)
        if kind not in (*_MUSICGEN, "encodec", "dac"):
            raise CheckpointError(
                f"{config_path} is of model_type {kind!r}; musicgen, musicgen_melody, encodec and dac can be "
                f"loaded"
            )
        self.kind = str(kind)
        try:
            self.config: Any = AutoConfig.for_model(kind, **fields)
        except (TypeError, ValueError, KeyError, StrictDataclassError) as error:
            raise CheckpointError(f"{config_path} is not a configuration of {kind}: {error}") from error

    @property
    def is_lm(self) -> bool:
        """Whether it holds a language model (and a codec and a text encoder with it)."""
        return self.kind in _MUSICGEN

    def weights(self, prefix: str = "") -> dict[str, Tensor]:
        """Its weights whose names begin with `prefix`, without it."""
        path = locate(self.name, WEIGHT_FILES)
        for shard in shards_of(path):
            locate(self.name, (shard,))
        state = read_weights(path, prefix)
        if not state:
            raise CheckpointError(f"{path} has no weights named {prefix}*")
        return {name.removeprefix(prefix): value for name, value in state.items()}

    def lm_config(self) -> dict[str, Any]:
        """What `build_lm` takes; the conditioners' part is for the record, see `text_conditioner`."""
        decoder = self.config.decoder
        for key, wanted in (("activation_function", "gelu"), ("scale_embedding", False)):
            if getattr(decoder, key) != wanted:
                raise CheckpointError(
                    f"{self.config_path}: decoder.{key} is {getattr(decoder, key)!r}, only {wanted!r} can be "
                    f"loaded"
                )
        per_channel = decoder.num_codebooks // decoder.audio_channels
        melody = self.kind == "musicgen_melody"
        conditioners: dict[str, Any] = {"description": {"kind": "t5", "name": str(self.name)}}
        if melody:
            conditioners["self_wav"] = self._chroma()
        return {
            "n_q": decoder.num_codebooks,
            "card": decoder.vocab_size,
            "dim": decoder.hidden_size,
            "num_heads": decoder.num_attention_heads,
            "num_layers": decoder.num_hidden_layers,
            "hidden_scale": decoder.ffn_dim // decoder.hidden_size,
            "codebooks_pattern": {
                "modeling": "delay",
                "delay": {
                    "delays": [delay for delay in range(per_channel) for _ in range(decoder.audio_channels)]
                },
            },
            "conditioners": conditioners,
            "fuser": {"prepend": ["self_wav", "description"]} if melody else {"cross": ["description"]},
            "max_duration": _WINDOW_S,
        }

    def _chroma(self) -> dict[str, Any]:
        codec = self.config.audio_encoder
        return {
            "kind": "chroma_stem",
            "sample_rate": codec.sampling_rate,
            "n_chroma": self.config.num_chroma,
            "duration": _WINDOW_S,
        }

    @property
    def stereo(self) -> bool:
        """Whether the codebooks are left's and right's in turn."""
        return bool(self.config.decoder.audio_channels == 2)

    def lm_state(self) -> dict[str, Tensor]:
        """The language model's weights under our names, with its conditioners' projections."""
        state = self.weights()
        dim, width = self.config.decoder.hidden_size, self.config.text_encoder.hidden_size
        if width == dim and "enc_to_dec_proj.weight" not in state:
            # where the widths agree, Transformers projects nothing
            state["enc_to_dec_proj.weight"] = torch.eye(dim)
            state["enc_to_dec_proj.bias"] = torch.zeros(dim)
        return from_transformers(state)

    def text_encoder(self) -> tuple[Any, nn.Module]:
        """Tokenizer and T5 encoder (float32, frozen) from this checkpoint.

        Raises:
            CheckpointError: the text encoder is no T5, its weights do not fit, or there is no tokenizer.
        """
        from transformers import T5EncoderModel

        config = self.config.text_encoder
        if config.model_type != "t5":
            raise CheckpointError(
                f"{self.config_path}: the text encoder is of model_type {config.model_type!r}, only 't5' can "
                f"be loaded"
            )
        state = {name: value.float() for name, value in self.weights("text_encoder.").items()}
        shared, tied = "shared.weight", "encoder.embed_tokens.weight"
        for name, other in ((shared, tied), (tied, shared)):
            if name not in state and other in state:
                state[name] = state[other]
        with torch.device("meta"):
            encoder = T5EncoderModel(config)
        own = set(encoder.state_dict())
        state = {name: value for name, value in state.items() if name in own or name not in (shared, tied)}
        load_strictly(encoder, state, f"{self.config_path.parent} (text_encoder)", assign=True)
        encoder.tie_weights()
        encoder.eval()  # type: ignore[no-untyped-call]
        return self._tokenizer(), encoder.requires_grad_(False)

    def _tokenizer(self) -> Any:
        sources = [str(self.name), getattr(self.config.text_encoder, "_name_or_path", "") or "t5-base"]
        folder = Path(self.name).expanduser()
        if folder.is_dir() and not any((folder / file).is_file() for file in _TOKENIZER_FILES):
            sources.pop(0)
        reasons = []
        for source in sources:
            found = _tokenizer_of(source)
            if not isinstance(found, str):
                return found
            reasons.append(found)
        raise CheckpointError(
            f"no tokenizer for the text encoder of {self.config_path.parent}: put "
            f"{' or '.join(_TOKENIZER_FILES)} (and tokenizer_config.json) beside its config.json. "
            f"{'; '.join(reasons)}"
        )

    def codec(self) -> CompressionModel:
        """The codec, which is the whole of an EnCodec or DAC folder and a part of a MusicGen one."""
        config = self.config.audio_encoder if self.is_lm else self.config
        state = self.weights("audio_encoder." if self.is_lm else "")
        return codec_from_state(state, config, str(self.config_path.parent))


def _tokenizer_of(source: str) -> Any:
    """The tokenizer of a folder or hub id, or why there is none."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(source, cache_dir=cache_dir())
    except (OSError, ValueError) as error:
        return f"{source}: {str(error).splitlines()[0]}"


def codec_from_state(state: Mapping[str, Tensor], config: Any, source: str) -> CompressionModel:
    """A codec of ours from Transformers' weights, or theirs behind our interface where ours has no such
    layers (DAC, and EnCodec with overlapping chunks).

    Args:
        state: weights by Transformers' names, without prefix.
        config: an EncodecConfig or DacConfig of Transformers.
        source: for messages.
    Raises:
        CheckpointError: the weights do not fit, or the codec is of another kind.
    """
    from transformers import DacModel, EncodecModel

    if config.model_type == "encodec" and config.norm_type == "weight_norm" and config.chunk_length_s is None:
        with usable_configuration(source):
            try:
                return encodec_from_transformers(state, config)
            except CheckpointError as error:
                raise CheckpointError(f"{source}: {error}") from error
    kinds = {"encodec": (EncodecModel, TransformersCodec), "dac": (DacModel, DacCodec)}
    if config.model_type not in kinds:
        raise CheckpointError(
            f"{source}: a codec of model_type {config.model_type!r}; encodec and dac can be loaded"
        )
    theirs, ours = kinds[config.model_type]
    with usable_configuration(source):
        model = theirs(config)
    load_strictly(model, full_precision(state), source, assign=True)
    codec: CompressionModel = ours(model)
    return codec
