"""Models that hear a recording: melody models against Transformers, style through the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genmodels import MusicGen
from tests.genmodels.checkpoints import audiocraft_writer as writer
from tests.genmodels.checkpoints.audiocraft_writer import CodecShape, LmShape
from tests.genmodels.checkpoints.test_audiocraft_format import codec_for_transformers
from tests.genmodels.checkpoints.test_transformers_format import saved
from tests.genmodels.checkpoints.transformers_models import greedy, musicgen

FRAMES = 24


def melody(length_s: float = 30.0) -> torch.Tensor:
    """A line of half-second notes, by default as long as a window; 32 kHz mono [1, T]."""
    seconds = np.arange(int(length_s * 32000)) / 32000
    notes = np.array([60, 64, 67, 72, 69, 65, 62])[(seconds * 2).astype(int) % 7]
    wave = np.sin(2 * np.pi * 440 * 2 ** ((notes - 69) / 12) * seconds)
    return torch.from_numpy(wave.astype(np.float32))[None]


def chroma_for_transformers(wav: torch.Tensor) -> torch.Tensor:
    from transformers import MusicgenMelodyFeatureExtractor

    extractor = MusicgenMelodyFeatureExtractor()
    features: torch.Tensor = extractor(
        wav[0].numpy(), sampling_rate=32000, return_tensors="pt"
    ).input_features
    return features


def tokens(folder: Path, wav: torch.Tensor | None) -> torch.Tensor:
    model = MusicGen.get_pretrained(folder, device="cpu", precision="fp32")
    model.set_generation_params(use_sampling=False, duration=FRAMES / 50)
    if wav is None:
        _, codes = model.generate(["warm piano"], return_tokens=True)
    else:
        _, codes = model.generate_with_chroma(["warm piano"], wav, 32000, return_tokens=True)
    return codes


@pytest.fixture(autouse=True)
def full_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    """The melody is taken from the whole recording, as Transformers does without a separator."""
    monkeypatch.setattr("genmodels.conditioning.stems.stems_available", lambda: False)


@pytest.mark.parametrize("layout", ["transformers", "audiocraft"])
@pytest.mark.parametrize("heard_s", [None, 3.3, 30.0, 40.0])
def test_greedy_tokens_of_a_melody_model_equal_those_of_transformers(
    t5_folder: Path, tmp_path: Path, layout: str, heard_s: float | None
) -> None:
    """A recording that is shorter or longer than the window is repeated and cut as there."""
    wav = None if heard_s is None else melody(heard_s)
    theirs = musicgen(t5_folder, melody=True)
    tokenizer = saved(theirs, t5_folder, tmp_path)
    if layout == "audiocraft":
        shape = LmShape(t5=str(t5_folder), wav="chroma_stem")
        (tmp_path / "model.safetensors").unlink()
        writer.write_model(tmp_path, shape)
        load_into(theirs, shape)
    inputs = {} if wav is None else {"input_features": chroma_for_transformers(wav)}
    expected, _ = greedy(theirs, tokenizer, ["warm piano"], FRAMES, **inputs)
    codes = tokens(tmp_path, wav)
    assert len(codes.unique()) > 10
    assert torch.equal(codes, expected)


def load_into(theirs: Any, shape: LmShape) -> None:
    from genmodels.checkpoints.transformers_names import to_transformers

    state = to_transformers({name: value.float() for name, value in writer.lm_state(shape).items()})
    _, unexpected = theirs.load_state_dict(state, strict=False)
    assert not unexpected
    theirs.audio_encoder.load_state_dict(codec_for_transformers(writer.codec_state(CodecShape())))


@pytest.fixture
def mert_folder(tmp_path: Path) -> Path:
    """A MERT of the published width with one layer and random weights."""
    from transformers import HubertConfig, HubertModel

    torch.manual_seed(0)
    config = HubertConfig(
        hidden_size=768, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    HubertModel(config).save_pretrained(tmp_path / "mert")
    return tmp_path / "mert"


def test_a_style_model_loads_and_hears_its_recording(
    t5_folder: Path, mert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genmodels.conditioning import style

    load = style.load_mert
    monkeypatch.setattr(style, "load_mert", lambda _: load(str(mert_folder)))
    writer.write_model(tmp_path / "m", LmShape(t5=str(t5_folder), wav="style"))
    model = MusicGen.get_pretrained(tmp_path / "m", device="cpu", precision="fp32")
    model.set_style_conditioner_params(eval_q=2, excerpt_length=2.0)
    model.set_generation_params(use_sampling=False, duration=FRAMES / 50)
    _, heard = model.generate_with_chroma(["warm piano"], melody(), 32000, return_tokens=True)
    _, again = model.generate_with_chroma(["warm piano"], melody(), 32000, return_tokens=True)
    _, other = model.generate_with_chroma(["warm piano"], melody().flip(-1), 32000, return_tokens=True)
    assert torch.equal(heard, again)
    assert not torch.equal(heard, tokens_without(model))
    assert heard.shape == other.shape == (1, 4, FRAMES)


def tokens_without(model: MusicGen) -> torch.Tensor:
    _, codes = model.generate(["warm piano"], return_tokens=True)
    return codes
