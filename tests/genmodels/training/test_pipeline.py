"""The whole way to a model folder, in small: train codec, words and model, export, generate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from genmodels.generate.musicgen import MusicGen
from genmodels.training import encode, export, train_codec, train_lm, train_text
from tests.genmodels.training.items import scene, write_item

FRAMES = 120
LOOP = {"steps": 6, "warmup": 1, "valid_every": 3, "log_every": 2}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two items of clicks on the beat."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for index in range(2):
        audio = np.zeros(FRAMES * 640, np.float32)
        audio[:: 16000 + 320 * index] = 0.5
        write_item(folder, index, audio, [scene(0, 70, "clicks"), scene(70, FRAMES, "more clicks")])
    return folder


def write(path: Path, config: dict[str, object]) -> Path:
    OmegaConf.save(OmegaConf.create(config), path)
    return path


def test_trained_models_become_a_folder_that_generates(tmp_path: Path, corpus: Path) -> None:
    where = {"corpus": str(corpus), "valid_corpus": str(corpus), "batch": 2, "valid_items": 2}
    codec = {
        "kind": "spectral", "encoder_dim": 8, "encoder_blocks": 1, "decoder_dim": 8, "decoder_hidden": 16,
        "decoder_blocks": 1, "latent": 4, "n_q": 2, "bins": 8, "tones": 1, "pitch_fft": 2048,
    }  # fmt: skip
    codec_config = write(
        tmp_path / "codec.yaml",
        {**where, "folder": str(tmp_path / "codec"), "free_steps": 2, "codec": codec, "loop": LOOP},
    )
    words = {"dim": 8, "num_heads": 2, "num_layers": 1, "vocabulary": 64}
    text_config = write(
        tmp_path / "text.yaml",
        {
            "corpus": str(corpus),
            "valid_corpus": str(corpus),
            "folder": str(tmp_path / "text"),
            "batch": 2,
            "noise_words": 0.5,
            "encoder": {**words, "output_dim": 16},
            "loop": LOOP,
        },
    )
    lm = {
        "n_q": 2, "card": 8, "dim": 16, "num_heads": 2, "num_layers": 1, "hidden_scale": 2,
        "delays": [0, 1], "max_duration": 2.0, "extend_stride": 1.0,
        "conditioners": {
            "description": {"kind": "words", **words},
            "chroma": {"kind": "chroma_frames"},
            "transport": {"kind": "transport"},
        },
        "fuser": {"cross": ["description"], "input_interpolate": ["chroma", "transport"]},
    }  # fmt: skip
    lm_config = write(
        tmp_path / "lm.yaml",
        {
            **where,
            "folder": str(tmp_path / "lm"),
            "codec": str(tmp_path / "codec/checkpoint.pt"),
            "text": str(tmp_path / "text/checkpoint.pt"),
            "codebook_weights": [1.0, 0.5],
            "lm": lm,
            "loop": LOOP,
        },
    )

    assert train_codec.main([str(codec_config)]) == 0
    assert encode.main([str(corpus), str(tmp_path / "codec/checkpoint.pt"), str(codec_config)]) == 0
    assert train_text.main([str(text_config)]) == 0
    assert train_lm.main([str(lm_config)]) == 0
    size = export.export(tmp_path / "out", tmp_path / "codec", tmp_path / "lm", codec_config, lm_config)

    assert size > 0
    assert (tmp_path / "out/curves.png").stat().st_size > 1000
    model = MusicGen.get_pretrained(tmp_path / "out")
    model.set_generation_params(duration=1.0)
    sound = model.generate(["clicks"], seed=1)
    assert isinstance(sound, torch.Tensor)
    assert sound.shape == (1, 1, 32000)


def test_export_without_a_training_names_the_missing_file(tmp_path: Path) -> None:
    assert export.main([str(tmp_path / "out"), str(tmp_path / "codec"), str(tmp_path / "lm")]) == 1
