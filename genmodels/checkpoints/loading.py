"""Models by name, from any of the formats: AudioCraft's, Transformers', and ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from genmodels.checkpoints.audiocraft import Package, Redirect, modern_names, read_package
from genmodels.checkpoints.audiocraft_config import codec_config, lm_config, stereo_config
from genmodels.checkpoints.builders import build_codec, build_conditioner, build_lm
from genmodels.checkpoints.bundled import BUNDLED, load_mini
from genmodels.checkpoints.debug import debug_codec, debug_lm
from genmodels.checkpoints.files import locate, sibling
from genmodels.checkpoints.names import CODEC_FILE, LM_FILE, TRANSFORMERS_CONFIG, PublishedModel, published
from genmodels.checkpoints.reading import full_precision, load_strictly, usable_configuration
from genmodels.checkpoints.transformers_format import TransformersFolder
from genmodels.codec.base import CompressionModel
from genmodels.codec.seanet import SEANetDecoder
from genmodels.codec.weight_norm import fold_weight_norm
from genmodels.conditioning.t5 import T5Conditioner
from genmodels.device import pick_device
from genmodels.errors import CheckpointError
from genmodels.lm.model import LMModel

LmKind = Literal["musicgen", "audiogen"]

MINI_CONFIG = "config.yaml"
"""What tells a folder in the bundled model's format."""

_STRIDES_S: dict[LmKind, float] = {"musicgen": 18.0, "audiogen": 2.0}
_MAX_REDIRECTS = 4


@dataclass(frozen=True)
class LoadedLm:
    """A language model with what its checkpoint says of it.

    Args:
        lm: in evaluation mode, float32, on its device.
        config: as `build_lm` takes it.
        max_duration: seconds of the longest window that it was trained on.
        extend_stride: seconds by which the window moves on in long form, unless told otherwise.
        kind: 'musicgen' or 'audiogen'.
        stereo: {per_timestep: ...} where its codebooks are left's and right's in turn; None for mono.
    """

    lm: LMModel
    config: dict[str, Any]
    max_duration: float
    extend_stride: float
    kind: LmKind
    stereo: dict[str, bool] | None = None


@dataclass(frozen=True)
class LoadedModel:
    """A language model with its codec.

    Args:
        name: as given.
        compression_model: the codec, for stereo with left and right interleaved.
        lm, max_duration, extend_stride, kind: see `LoadedLm`.
    """

    name: str
    compression_model: CompressionModel
    lm: LMModel
    max_duration: float
    extend_stride: float
    kind: LmKind


def load_model(
    name: str | Path,
    device: torch.device | str | None = None,
    kind: LmKind | None = None,
    attend_padding: bool = False,
) -> LoadedModel:
    """Load a language model and its codec, to play: the codec's decoder is folded (see
    `CompressionModel.fold_weights`) and cannot be trained; `load_codec` gives one that can.

    Args:
        name: a name of `MODELS`, a Hugging Face hub id, a folder, a file (`state_dict.bin`, with
            `compression_state_dict.bin` beside it), or an https URL of such a file.
        device: see `pick_device`.
        kind: refuse models that are published as another kind; None takes any.
        attend_padding: see `load_lm`.
    Raises:
        CheckpointError: it cannot be found, read, or used.
    """
    entry = _language_model(name, kind)
    if _is_mini(name, entry):
        codec, lm, info = load_mini(pick_device(device), _mini_folder(name, entry))
        return LoadedModel(str(name), codec, lm, info["max_duration"], info["extend_stride"], "musicgen")
    loaded = load_lm(name, device, attend_padding)
    codec = load_codec(sibling(name, CODEC_FILE), device)
    if loaded.stereo is not None:
        from genmodels.codec.stereo import InterleaveStereoCodec

        codec = InterleaveStereoCodec(codec, **loaded.stereo)
    for part in codec.modules():
        # only what plays: the encoder keeps its rounding, and with it its codes
        if isinstance(part, SEANetDecoder):
            fold_weight_norm(part)
    return LoadedModel(
        str(name), codec, loaded.lm, loaded.max_duration, loaded.extend_stride, kind or loaded.kind
    )


def load_lm(
    name: str | Path, device: torch.device | str | None = None, attend_padding: bool = False
) -> LoadedLm:
    """Load a language model with its conditioners. Weights are float32; `make_decoder` makes them smaller.

    Args:
        name: see `load_model`.
        device: see `pick_device`.
        attend_padding: let cross attention see the padding of shorter prompts in a batch, as AudioCraft
            does. A prompt alone gives the same either way; without it, it also does in company.
    Raises:
        CheckpointError: it cannot be found, read, or used.
    """
    target = pick_device(device)
    entry = _language_model(name)
    if entry is not None and entry.layout == "built in":
        return _loaded(debug_lm().to(target).eval(), {"max_duration": 30.0}, "musicgen", None)
    if _is_mini(name, entry):
        _, lm, info = load_mini(target, _mini_folder(name, entry))
        return LoadedLm(lm, {}, info["max_duration"], info["extend_stride"], "musicgen")
    path = locate(name, (LM_FILE, TRANSFORMERS_CONFIG))
    if _in_transformers_format(path):
        return _lm_of_transformers(TransformersFolder(name, _config_beside(path)), target, attend_padding)
    package = read_package(path)
    if isinstance(package, Redirect):
        raise CheckpointError(f"{path} names the codec {package.name!r}: it is no language model")
    with usable_configuration(path):
        config = {**lm_config(package.config), "attend_padding": attend_padding}
        lm = build_lm(config, empty=True)
        stereo = stereo_config(package.config)
    load_strictly(lm, modern_names(full_precision(package.state)), str(path), assign=True)
    kind: LmKind = "audiogen" if package.config.get("solver") == "audiogen" else "musicgen"
    return _loaded(lm.to(target).eval(), config, kind, stereo)


def load_codec(name: str | Path, device: torch.device | str | None = None) -> CompressionModel:
    """Load a codec.

    Args:
        name: a name of `MODELS` (of a codec, or of a model, which then gives its codec), a hub id, a folder,
            or a file (`compression_state_dict.bin`).
        device: see `pick_device`.
    Returns:
        it in evaluation mode. Of a stereo MusicGen, the codec of one channel.
    Raises:
        CheckpointError: it cannot be found, read, or used.
    """
    target = pick_device(device)
    for _ in range(_MAX_REDIRECTS):
        found = _codec_or_redirect(name)
        if isinstance(found, CompressionModel):
            return found.to(target).eval()
        name = found.name
    raise CheckpointError(
        f"codec {str(name)!r}: more than {_MAX_REDIRECTS} files that only name another codec"
    )


def _codec_or_redirect(name: str | Path) -> CompressionModel | Redirect:
    entry = published(str(name))
    if entry is not None and entry.layout == "built in":
        return debug_codec()
    if _is_mini(name, entry):
        return load_mini("cpu", _mini_folder(name, entry))[0]
    files = (CODEC_FILE, TRANSFORMERS_CONFIG)
    path = locate(name, files[1:] if entry is not None and entry.layout == "transformers" else files)
    if _in_transformers_format(path):
        return TransformersFolder(name, _config_beside(path)).codec()
    package = read_package(path)
    return package if isinstance(package, Redirect) else _codec_of(package)


def _codec_of(package: Package) -> CompressionModel:
    with usable_configuration(package.path):
        codec = build_codec(codec_config(package.config))
    load_strictly(codec, full_precision(package.state), str(package.path), assign=True)
    return codec


def _lm_of_transformers(folder: TransformersFolder, device: torch.device, attend_padding: bool) -> LoadedLm:
    if not folder.is_lm:
        raise CheckpointError(
            f"{folder.config_path} is a codec ({folder.kind}), no language model: use load_codec"
        )
    with usable_configuration(folder.config_path):
        config = {**folder.lm_config(), "attend_padding": attend_padding}
        conditioners = {
            name: T5Conditioner(config["dim"], loaded=folder.text_encoder())
            if options["kind"] == "t5"
            else build_conditioner(name, options, config["dim"])
            for name, options in config["conditioners"].items()
        }
        lm = build_lm(config, conditioners, empty=True)
    state = full_precision(folder.lm_state())
    # what is computed, not learned (the window of the chroma), Transformers keeps elsewhere
    learned = {name for name, _ in lm.named_parameters()}
    for name, value in lm.state_dict().items():
        if name not in learned:
            state.setdefault(name, value)
    load_strictly(lm, state, str(folder.config_path.parent), assign=True)
    stereo = {"per_timestep": False} if folder.stereo else None
    return _loaded(lm.to(device).eval(), config, "musicgen", stereo)


def _loaded(lm: LMModel, config: dict[str, Any], kind: LmKind, stereo: dict[str, bool] | None) -> LoadedLm:
    window = float(config["max_duration"])
    stride = _STRIDES_S[kind] if _STRIDES_S[kind] < window else 0.6 * window
    return LoadedLm(lm, config, window, stride, kind, stereo)


def _is_mini(name: str | Path, entry: PublishedModel | None) -> bool:
    if entry is not None:
        return entry.layout == "mini"
    path = Path(name).expanduser()
    return path.is_dir() and (path / MINI_CONFIG).is_file()


def _mini_folder(name: str | Path, entry: PublishedModel | None) -> Path:
    return BUNDLED if entry is not None else locate(name, (MINI_CONFIG,)).parent


def _language_model(name: str | Path, kind: LmKind | None = None) -> PublishedModel | None:
    """The published model of a name, if there is one. Raises CheckpointError if it is of another kind."""
    entry = published(str(name))
    if entry is not None and (entry.kind == "codec" or kind not in (None, entry.kind)):
        use = {"audiogen": "AudioGen.get_pretrained", "musicgen": "MusicGen.get_pretrained"}
        raise CheckpointError(
            f"{entry.name} is a model of kind {entry.kind!r}: use {use.get(entry.kind, 'load_codec')}"
        )
    return entry


def _in_transformers_format(path: Path) -> bool:
    return path.suffix in (".json", ".safetensors") or path.name == "pytorch_model.bin"


def _config_beside(path: Path) -> Path:
    return path.with_name(TRANSFORMERS_CONFIG)
