from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from genmodels.conditioning.attributes import ConditioningAttributes, Conditions, Recording, WeightedPrompt
from genmodels.conditioning.clap import ClapConditioner
from genmodels.conditioning.provider import ConditionProvider
from genmodels.errors import CheckpointError, ConfigError
from tests.genmodels.tiny import tiny_musicgen

RATE = 48000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLAP with random weights, and a tokenizer that knows four words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapTextConfig,
        PreTrainedTokenizerFast,
    )

    path = tmp_path_factory.mktemp("clap")
    words = ["<s>", "<pad>", "</s>", "<unk>", "warm", "piano", "drums", "strings"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>").save_pretrained(
        path
    )
    ClapFeatureExtractor(feature_size=16, hop_length=2400).save_pretrained(path)
    torch.manual_seed(0)
    text = ClapTextConfig(
        vocab_size=8,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=80,
        projection_dim=12,
    )
    audio = ClapAudioConfig(
        spec_size=64, num_mel_bins=16, hidden_size=32, patch_embeds_hidden_size=16, depths=[1, 1],
        num_attention_heads=[2, 2], window_size=4, projection_dim=12, patch_size=4, patch_stride=[4, 4],
        num_classes=4,
    )  # fmt: skip
    config = ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=12)
    model = ClapModel(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim >= 2:
                weight.normal_(std=0.5)
    model.save_pretrained(path)
    return path


def made(folder: Path, **changes: object) -> ClapConditioner:
    torch.manual_seed(1)
    conditioner = ClapConditioner(8, str(folder), dim=12, n_q=2, bins=16, **changes).eval()  # type: ignore[arg-type]
    if conditioner.quantizer is not None:
        for book in conditioner.quantizer.vq.codebooks():
            book.embed.normal_(std=0.2)
    return conditioner


def noise(seconds: float, seed: int = 0) -> Recording:
    generator = np.random.default_rng(seed)
    wav = generator.standard_normal((2, int(seconds * RATE))) * np.linspace(0.01, 1, int(seconds * RATE))
    return Recording(wav.astype(np.float32) * 0.1, RATE)


def test_texts_give_one_vector_of_length_one_each_and_absent_ones_nothing(folder: Path) -> None:
    conditioner = made(folder, quantize=False)
    prepared = conditioner.prepare(["warm piano", "drums", "", None])
    assert torch.allclose(conditioner.vectors(prepared).norm(dim=-1), torch.ones(4))
    values, mask = conditioner(prepared)
    assert values.shape == (4, 1, 8)
    assert mask[:, 0].tolist() == [True, True, False, False]
    assert not values[2:].any()
    assert not torch.equal(values[0], values[1])
    alone = conditioner(conditioner.prepare(["drums"]))
    torch.testing.assert_close(alone.values[0], values[1])


def test_long_recordings_are_the_mean_over_windows_a_second_apart(folder: Path) -> None:
    conditioner = made(folder, quantize=False)
    recording = noise(12.5)
    prepared = conditioner.prepare([None], [recording])
    assert prepared["owner"].tolist() == [0, 0, 0]
    parts = [Recording(recording.wav[:, start * RATE : (start + 10) * RATE], RATE) for start in range(3)]
    single = conditioner.vectors(conditioner.prepare([None] * 3, parts))
    mean = torch.nn.functional.normalize(single.mean(0), dim=-1)
    torch.testing.assert_close(conditioner.vectors(prepared)[0], mean, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(single[0], single[2], atol=1e-3)


def test_a_short_recording_is_repeated_and_counts_more_than_text(folder: Path) -> None:
    conditioner = made(folder)
    both = conditioner(conditioner.prepare(["drums", "drums"], [noise(3.0), None]))
    assert both.mask.all()
    assert not torch.equal(both.values[0], both.values[1])
    again = conditioner(conditioner.prepare(["piano"], [noise(3.0)]))
    torch.testing.assert_close(again.values[0], both.values[0])


def test_quantized_vectors_are_sums_of_codebook_entries(folder: Path) -> None:
    conditioner = made(folder)
    prepared = conditioner.prepare(["warm piano"])
    vector = conditioner.vectors(prepared)[..., None]
    assert conditioner.quantizer is not None
    codes = conditioner.quantizer.encode(vector)
    assert codes.shape == (1, 2, 1)
    entries = conditioner.quantizer.decode(codes)[..., 0]
    torch.testing.assert_close(conditioner(prepared).values[:, 0], conditioner.output_proj(entries))
    names = set(conditioner.state_dict())
    assert {"output_proj.weight", "quantizer.vq.layers.1._codebook.embed"} <= names
    assert not any(name.startswith("clap") for name in names)


def test_the_provider_takes_text_and_sound_of_the_same_name(folder: Path) -> None:
    provider = ConditionProvider({"description": made(folder)})
    items = [
        ConditioningAttributes({"description": "drums"}),
        ConditioningAttributes(wav={"description": noise(1.0)}),
        ConditioningAttributes({"description": "drums"}, wav={"description": noise(1.0)}).null(),
    ]
    values, mask = provider(provider.prepare(items))["description"]
    assert mask[:, 0].tolist() == [True, True, False]
    assert not values[2].any()


@pytest.mark.parametrize("route", ["cross", "sum", "prepend"])
def test_a_model_generates_under_clap_and_guidance_strengthens_it(folder: Path, route: str) -> None:
    model = tiny_musicgen(
        conditioners={
            "description": {"kind": "clap", "name": str(folder), "dim": 12, "quantize": False},
        },
        fuser={route: ["description"]},
    )
    with torch.no_grad():
        model.lm.condition_provider.conditioners["description"].output_proj.weight.mul_(5)
    model.set_generation_params(duration=0.5, use_sampling=False)
    _, tokens = model.generate(["warm piano", "drums", None], return_tokens=True)
    assert not torch.equal(tokens[0], tokens[1])
    assert not torch.equal(tokens[0], tokens[2])
    rows = model.voices.rows([Conditions((WeightedPrompt("drums"),))], [0])
    assert (rows.rows, rows.voices[0].null) == (2, 1)
    if route == "prepend":
        assert not rows.prefix_at(0)[1].any()  # type: ignore[index]


def test_what_cannot_be_loaded_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Give a folder"):
        ClapConditioner(8, str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="vectors of 12, dim is 512"):
        ClapConditioner(8, str(folder))
