"""Training data: crops depend on their key alone, labels stay with their frames, errors say what to run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genmodels.device import pick_device
from genmodels.errors import ConfigError, GenModelsError
from genmodels.training.audio_data import AudioCrops
from genmodels.training.config import load_config
from genmodels.training.encode import encode_corpus
from genmodels.training.token_data import TokenCrops, bar_chroma
from genmodels.training.train_codec import CodecTraining

RATE, HOP, FRAMES = 32000, 640, 60


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three short items with recognisable labels."""
    for index in range(3):
        stem = tmp_path / f"{index:05d}"
        audio = 0.1 * np.random.default_rng(index).standard_normal(FRAMES * HOP)
        soundfile.write(f"{stem}.flac", audio, RATE, subtype="PCM_16")
        beat = np.mod(np.arange(FRAMES) * 0.1, 4).astype(np.float32)
        chroma = np.zeros((FRAMES, 12), np.uint8)
        chroma[:, index] = 255
        np.savez(f"{stem}.npz", beat=beat, chroma=chroma)
        codes = np.tile(np.arange(FRAMES, dtype=np.uint16), (4, 1)) + 100 * index
        np.savez(f"{stem}.tokens.npz", codes=codes, codec="x")
        facts = {"seed": index, "bpm": 90 + index, "beats_per_bar": 4, "captions": [f"piece {index}"]}
        Path(f"{stem}.json").write_text(json.dumps({**facts, "duration_s": FRAMES / 50}))
    return tmp_path


def test_audio_crops_depend_on_their_key_alone(corpus: Path) -> None:
    crops = AudioCrops(corpus, RATE, 3200)
    a, b, c = crops.batch(4, (1, 2)), crops.batch(4, (1, 2)), crops.batch(4, (1, 3))
    assert a.shape == (4, 1, 3200)
    assert a.equal(b)
    assert not a.equal(c)


def test_audio_of_another_rate_is_refused_by_name(corpus: Path) -> None:
    with pytest.raises(ConfigError, match=r"00000\.flac.*44100"):
        AudioCrops(corpus, 44100, 3200)


def test_token_crops_carry_the_labels_of_their_own_frames(corpus: Path) -> None:
    batch = TokenCrops(corpus, 20, bar_chroma_share=0).batch(16, "key")
    assert batch.codes.shape == (16, 4, 20)
    for codes, attributes in zip(batch.codes, batch.attributes, strict=True):
        index, start = divmod(int(codes[0, 0]), 100)
        transport, chroma = attributes.frames["transport"], attributes.frames["chroma"]
        assert transport is not None
        assert chroma is not None
        assert attributes.text["description"] == f"piece {index}"
        assert transport[0].tolist() == pytest.approx([start * 0.1 % 4, 4, 90 + index, 1], abs=1e-4)
        assert int(chroma[5, :12].argmax()) == index
        assert chroma.shape == (20, 13)


def test_token_crops_are_the_same_for_the_same_key(corpus: Path) -> None:
    crops = TokenCrops(corpus, 20)
    assert crops.batch(4, "a").codes.equal(crops.batch(4, "a").codes)
    assert not crops.batch(4, "a").codes.equal(crops.batch(4, "b").codes)


def test_unencoded_corpus_says_what_to_run(corpus: Path) -> None:
    for path in corpus.glob("*.tokens.npz"):
        path.unlink()
    with pytest.raises(ConfigError, match=r"genmodels\.training\.encode"):
        TokenCrops(corpus, 20)


def test_bar_chroma_is_constant_within_a_bar_and_peaks_at_one() -> None:
    beat = np.mod(np.arange(80) * 0.1, 4).astype(np.float32)
    chroma = np.zeros((80, 12), np.float32)
    chroma[:30, 0], chroma[30:35, 5], chroma[40:, 7] = 1, 1, 0.5
    result = bar_chroma(chroma, beat)
    assert np.ptp(result[:40], axis=0).max() == 0
    assert result[0, 0] == 1
    assert result[0, 5] == 0
    assert result[50, 7] == 1


def test_encoding_writes_each_item_once_per_codec(corpus: Path) -> None:
    from genmodels.codec.spectral import SpectralCodec

    codec = SpectralCodec(
        encoder_dim=8, encoder_blocks=1, decoder_dim=8, decoder_hidden=8, decoder_blocks=1, latent=4, bins=8
    ).eval()
    device = pick_device("cpu")
    assert encode_corpus(corpus, codec, device) == 3
    assert encode_corpus(corpus, codec, device) == 0
    assert np.load(corpus / "00000.tokens.npz")["codes"].shape == (4, FRAMES)
    codec.quantizer.vq.codebooks()[0].embed.add_(1)
    assert encode_corpus(corpus, codec, device) == 3


def test_config_overrides_are_typed_and_unknown_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("batch: 4\nloop: {steps: 7}\n")
    config = load_config(CodecTraining, path, ["loop.minutes=1.5"])
    assert (config.batch, config.loop.steps, config.loop.minutes) == (4, 7, 1.5)
    with pytest.raises(GenModelsError, match="colour"):
        load_config(CodecTraining, path, ["colour=red"])
    with pytest.raises(GenModelsError, match="many"):
        load_config(CodecTraining, path, ["batch=many"])
    with pytest.raises(ConfigError, match="no such"):
        load_config(CodecTraining, tmp_path / "none.yaml", [])
