"""Folders in Transformers' format against Transformers itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from genmodels import MusicGen
from genmodels.checkpoints.loading import load_codec, load_lm
from genmodels.errors import CheckpointError
from tests.genmodels.checkpoints.transformers_models import codec_config, greedy, musicgen

TEXTS = ["warm piano", "slow drums", "rain"]
FRAMES = 24


def saved(model: Any, t5_folder: Path, folder: Path, **options: Any) -> Any:
    """The model in a folder with its tokenizer; returns the tokenizer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(t5_folder)
    model.save_pretrained(folder, **options)
    tokenizer.save_pretrained(folder)
    return tokenizer


def ours(folder: Path, texts: list[str | None], frames: int = FRAMES) -> tuple[torch.Tensor, torch.Tensor]:
    model = MusicGen.get_pretrained(folder, device="cpu", precision="fp32")
    model.set_generation_params(use_sampling=False, duration=frames / 50)
    sound, codes = model.generate(texts, return_tokens=True)
    return codes, sound


@pytest.mark.parametrize("channels", [1, 2])
def test_greedy_tokens_and_sound_equal_those_of_transformers(
    t5_folder: Path, tmp_path: Path, channels: int
) -> None:
    model = musicgen(t5_folder, channels)
    tokenizer = saved(model, t5_folder, tmp_path / "m")
    expected, expected_sound = greedy(model, tokenizer, TEXTS, FRAMES)
    codes, sound = ours(tmp_path / "m", list(TEXTS))
    assert codes.shape == (3, 4 * channels, FRAMES)
    assert len(codes.unique()) > 10
    assert not torch.equal(codes[0], codes[1])
    assert torch.equal(codes, expected)
    torch.testing.assert_close(sound, expected_sound, atol=1e-4, rtol=1e-3)


def test_sharded_and_pickled_weights_are_the_same_model(t5_folder: Path, tmp_path: Path) -> None:
    model = musicgen(t5_folder)
    saved(model, t5_folder, tmp_path / "whole")
    saved(model, t5_folder, tmp_path / "sharded", max_shard_size="50KB")
    assert (tmp_path / "sharded" / "model.safetensors.index.json").is_file()
    saved(model, t5_folder, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pickled" / "pytorch_model.bin")
    whole, _ = ours(tmp_path / "whole", ["warm piano"])
    for name in ("sharded", "pickled"):
        assert torch.equal(ours(tmp_path / name, ["warm piano"])[0], whole)


def test_a_missing_shard_is_named(t5_folder: Path, tmp_path: Path) -> None:
    saved(musicgen(t5_folder), t5_folder, tmp_path, max_shard_size="50KB")
    shard = sorted(tmp_path.glob("model-*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(CheckpointError, match=shard.name):
        load_lm(tmp_path, "cpu")


def test_weights_of_another_geometry_are_refused(t5_folder: Path, tmp_path: Path) -> None:
    saved(musicgen(t5_folder), t5_folder, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["decoder"]["num_hidden_layers"] = 3
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"lacks transformer\.layers\.2"):
        load_lm(tmp_path, "cpu")


def test_a_folder_without_tokenizer_says_which_file_to_add(t5_folder: Path, tmp_path: Path) -> None:
    musicgen(t5_folder).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["text_encoder"]["_name_or_path"] = ""
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="no tokenizer"):
        load_lm(tmp_path, "cpu")


def test_a_model_of_another_kind_is_refused(t5_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="model_type 't5'"):
        load_lm(t5_folder, "cpu")


def test_an_encodec_folder_decodes_as_transformers_does(tmp_path: Path) -> None:
    from transformers import EncodecModel

    torch.manual_seed(0)
    theirs = EncodecModel(codec_config()).eval()
    for layer in theirs.quantizer.layers:
        layer.codebook.embed.normal_()
    theirs.save_pretrained(tmp_path)
    codec = load_codec(tmp_path, "cpu")
    assert (codec.sample_rate, codec.total_codebooks, codec.cardinality) == (32000, 4, 64)
    codes = torch.randint(0, 64, (2, 4, 9))
    with torch.no_grad():
        expected = theirs.decode(codes[None], [None]).audio_values
        torch.testing.assert_close(codec.decode(codes), expected, atol=1e-5, rtol=1e-4)


def test_a_chunked_encodec_and_a_dac_load_behind_our_interface(tmp_path: Path) -> None:
    from transformers import DacConfig, DacModel, EncodecModel

    chunked = codec_config(
        sampling_rate=48000, audio_channels=2, norm_type="time_group_norm", normalize=True,
        chunk_length_s=1.0, overlap=0.01, upsampling_ratios=[8, 5, 4, 2], target_bandwidths=[3.6],
    )  # fmt: skip
    EncodecModel(chunked).save_pretrained(tmp_path / "chunked")
    dac = DacConfig(
        encoder_hidden_size=4, decoder_hidden_size=32, downsampling_ratios=[2, 4], upsampling_ratios=[4, 2],
        n_codebooks=3, codebook_size=32, codebook_dim=4, hidden_size=16, sampling_rate=24000,
    )  # fmt: skip
    DacModel(dac).save_pretrained(tmp_path / "dac")
    stereo = load_codec(tmp_path / "chunked", "cpu")
    assert (stereo.channels, stereo.sample_rate) == (2, 48000)
    mono = load_codec(tmp_path / "dac", "cpu")
    assert (mono.channels, mono.sample_rate, mono.total_codebooks, mono.hop_length) == (1, 24000, 3, 8)
    with torch.no_grad():
        assert mono.decode(torch.randint(0, 32, (1, 3, 10))).shape == (1, 1, 80)


def test_a_codec_folder_is_no_language_model(tmp_path: Path) -> None:
    from transformers import EncodecModel

    EncodecModel(codec_config()).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="use load_codec"):
        load_lm(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("part", "key", "value", "load"),
    [
        ("decoder", "num_codebooks", "many", load_lm),
        ("decoder", "vocab_size", -1, load_lm),
        ("decoder", "audio_channels", 3, load_lm),
        ("audio_encoder", "codebook_size", None, load_codec),
        ("audio_encoder", "num_filters", 0, load_codec),
        ("audio_encoder", "norm_type", "batch", load_codec),
    ],
)
def test_a_damaged_configuration_is_named(
    t5_folder: Path, tmp_path: Path, part: str, key: str, value: Any, load: Any
) -> None:
    saved(musicgen(t5_folder), t5_folder, tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config[part][key] = value
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=re.escape(str(tmp_path))):
        load(tmp_path, "cpu")
