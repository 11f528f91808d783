"""The real geometries, without values: sizes and names must be those of the published files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from genmodels.checkpoints.audiocraft_config import AudiocraftConfig, codec_config, lm_config
from genmodels.checkpoints.builders import build_codec, build_lm
from genmodels.checkpoints.names import MODELS, published
from tests.genmodels.checkpoints import audiocraft_writer as writer
from tests.genmodels.checkpoints.audiocraft_writer import CodecShape, LmShape

SIZES = {"small": (1024, 16, 24), "medium": (1536, 24, 48), "large": (2048, 32, 48)}


def shape_of(name: str) -> LmShape:
    """The geometry of a published language model."""
    words = name.rpartition("/")[2].split("-")
    wav = "chroma_stem" if "melody" in words else "style" if "style" in words else None
    size = next((word for word in words if word in SIZES), "medium")
    dim, heads, layers = SIZES[size]
    audio = words[0] == "audiogen"
    return LmShape(
        dim, heads, layers, 8 if "stereo" in words else 4, 2048,
        text_width=1024 if audio else 768, t5="t5-large" if audio else "t5-base", wav=wav,
        solver=words[0], segment_duration=10 if audio else 30, stereo="stereo" in words,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def frozen_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """T5 and MERT of the right width, without weights."""
    from transformers import T5Config, T5EncoderModel

    widths = {"t5-base": 768, "t5-large": 1024}

    def load_t5(name: str) -> tuple[Any, nn.Module]:
        with torch.device("meta"):
            return None, T5EncoderModel(T5Config(d_model=widths[name], num_layers=1, num_heads=4))

    monkeypatch.setattr("genmodels.conditioning.t5.load_t5", load_t5)
    monkeypatch.setattr("genmodels.conditioning.style.load_mert", lambda _: nn.Identity())
    monkeypatch.setattr("genmodels.conditioning.style.feature_width", lambda _: 768)


def built(shape: LmShape) -> nn.Module:
    text = OmegaConf.to_yaml(OmegaConf.create(writer.lm_config(shape)))
    return build_lm(lm_config(AudiocraftConfig(text, "state_dict.bin")), empty=True)


def parameters(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


LMS = [model.name for model in MODELS if model.layout == "audiocraft"]


@pytest.mark.parametrize("name", LMS)
def test_a_published_geometry_has_the_size_that_the_table_states(name: str) -> None:
    entry = published(name)
    assert entry is not None
    shape = shape_of(name)
    lm = built(shape)
    assert parameters(lm) == entry.parameters
    assert (entry.window, entry.channels) == (shape.segment_duration, 2 if shape.stereo else 1)


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("small", 420.37),
        ("medium", 1838.7),
        ("large", 3257.0),
        ("facebook/audiogen-medium", 1839.1),
        ("facebook/encodec_32khz", 58.99),
    ],
)
def test_sizes_are_those_of_the_published_files(name: str, millions: float) -> None:
    entry = published(name)
    assert entry is not None
    assert entry.parameters / 1e6 == pytest.approx(millions, rel=3e-5)


@pytest.mark.parametrize("name", ["small", "melody", "style", "facebook/musicgen-stereo-small"])
def test_every_tensor_of_the_layout_has_its_place_and_shape(name: str) -> None:
    shape = shape_of(name)
    with torch.device("meta"):
        wanted = {key: value.shape for key, value in writer.lm_state(shape, meta=True).items()}
    assert {key: value.shape for key, value in built(shape).state_dict().items()} == wanted


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (CodecShape(64, (8, 5, 4, 4), 128, 4, 2048), "facebook/encodec_32khz"),
        (CodecShape(64, (8, 5, 4, 2), 128, 4, 2048, 16000), None),
        (CodecShape(32, (8, 5, 4, 2), 128, 32, 1024, 24000, causal=True), None),
    ],
)
def test_the_published_codecs_have_their_sizes_and_names(shape: CodecShape, name: str | None) -> None:
    text = OmegaConf.to_yaml(OmegaConf.create(writer.codec_config(shape)))
    with torch.device("meta"):
        codec = build_codec(codec_config(AudiocraftConfig(text, "compression_state_dict.bin")))
        wanted = {key: value.shape for key, value in writer.codec_state(shape, meta=True).items()}
    state = codec.state_dict()
    assert {key: value.shape for key, value in state.items()} == wanted
    if name is not None:
        entry = published(name)
        assert entry is not None
        assert sum(value.numel() for value in state.values()) == entry.parameters
    assert codec.frame_rate == shape.sample_rate / codec.hop_length


FORTY_EIGHT = {
    "sampling_rate": 48000,
    "audio_channels": 2,
    "norm_type": "time_group_norm",
    "normalize": True,
    "chunk_length_s": 1.0,
    "overlap": 0.01,
    "target_bandwidths": [3.0, 6.0, 12.0, 24.0],
    "use_causal_conv": False,
}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("facebook/encodec_24khz", {}),
        ("facebook/encodec_48khz", FORTY_EIGHT),
        ("dac_44khz", {}),
        ("dac_24khz", {"downsampling_ratios": [2, 4, 5, 8], "n_codebooks": 32}),
        ("dac_16khz", {"downsampling_ratios": [2, 4, 5, 8], "n_codebooks": 12}),
    ],
)
def test_codecs_of_transformers_have_their_sizes(name: str, changes: dict[str, Any]) -> None:
    from transformers import DacConfig, DacModel, EncodecConfig, EncodecModel

    entry = published(name)
    assert entry is not None
    if "downsampling_ratios" in changes:
        changes = {**changes, "upsampling_ratios": changes["downsampling_ratios"][::-1]}
    with torch.device("meta"):
        dac = "dac" in name
        model = DacModel(DacConfig(**changes)) if dac else EncodecModel(EncodecConfig(**changes))
    assert sum(value.numel() for value in model.state_dict().values()) == entry.parameters


def test_names_and_aliases_are_unique() -> None:
    keys = [key for model in MODELS for key in (model.name, *model.aliases)]
    assert len(keys) == len(set(keys))


def test_weights_that_may_not_be_sold_say_so() -> None:
    for model in MODELS:
        if model.name.startswith("facebook/musicgen") or model.name.startswith("facebook/audiogen"):
            assert "non-commercial" in model.licence


def test_the_alias_debug_and_mini_need_no_files(tmp_path: Path) -> None:
    for name in ("mini", "debug"):
        entry = published(name)
        assert entry is not None
        assert not entry.files
