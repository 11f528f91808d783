"""Training data: crops depend on their key alone, labels stay with their frames, errors say what to run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from genmodels.checkpoints.builders import build_lm
from genmodels.codec.spectral import SpectralCodec
from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.device import pick_device
from genmodels.errors import ConfigError, GenModelsError
from genmodels.training.audio_data import AudioCrops
from genmodels.training.config import load_config
from genmodels.training.encode import encode_corpus, fingerprint
from genmodels.training.token_data import TokenCrops, bar_chroma
from genmodels.training.train_codec import CodecTraining
from genmodels.training.train_lm import sequence_loss
from tests.genmodels.training.items import scene, write_item

RATE, HOP, FRAMES = 32000, 640, 60


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three short items with recognisable labels."""
    for index in range(3):
        audio = 0.1 * np.random.default_rng(index).standard_normal(FRAMES * HOP)
        chroma = np.zeros((FRAMES, 12), np.uint8)
        chroma[:, index] = 255
        scenes = [scene(0, FRAMES, f"piece {index}", 90 + index)]
        stem = write_item(tmp_path, index, audio.astype(np.float32), scenes, chroma)
        codes = np.tile(np.arange(FRAMES, dtype=np.uint16), (4, 1)) + 100 * index
        np.savez(f"{stem}.tokens.npz", codes=codes, codec="x")
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
        beat = start * (90 + index) / 3000 % 4
        assert transport[0].tolist() == pytest.approx([beat, 4, 90 + index, 1], abs=1e-3)
        assert int(chroma[5, :12].argmax()) == index
        assert chroma.shape == (20, 13)


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    """An item of two scenes that meet at frame 40."""
    scenes = [scene(0, 40, "old"), scene(40, 100, "new", 90)]
    stem = write_item(tmp_path, 0, np.zeros(100 * HOP, np.float32), scenes)
    np.savez(f"{stem}.tokens.npz", codes=np.tile(np.arange(100, dtype=np.uint16), (4, 1)), codec="x")
    return tmp_path


def test_a_crop_is_learned_only_where_its_text_is_true(changing: Path) -> None:
    batch = TokenCrops(changing, 30, start_share=0).batch(64, "key")
    texts = set()
    for codes, attributes, learned in zip(batch.codes, batch.attributes, batch.learned, strict=True):
        text = attributes.text["description"]
        assert (learned == ((codes[0] >= 40) == (text == "new"))).all()
        assert learned.float().mean() >= 0.5
        texts.add(text)
    assert texts == {"old", "new"}


def test_crops_over_a_change_begin_before_it_with_the_text_of_what_follows(changing: Path) -> None:
    batch = TokenCrops(changing, 30, change_share=1).batch(64, "key")
    for codes, attributes, learned in zip(batch.codes, batch.attributes, batch.learned, strict=True):
        assert attributes.text["description"] == "new"
        assert 22 <= int(codes[0, 0]) < 40
        assert int(codes[0][learned].min()) == 40
        transport = attributes.frames["transport"]
        assert transport is not None
        assert transport[:, 2].unique().tolist() == [90, 120]


def test_frames_that_are_not_learned_have_no_part_in_the_loss() -> None:
    torch.manual_seed(0)
    lm = build_lm(
        {
            "n_q": 2, "card": 8, "dim": 16, "num_heads": 2, "num_layers": 1, "hidden_scale": 2,
            "delays": [0, 1], "max_duration": 1.0, "extend_stride": 0.5, "conditioners": {}, "fuser": {},
        }
    ).eval()  # fmt: skip
    codes = torch.randint(0, 8, (1, 2, 20))
    last = torch.arange(20)[None] >= 19
    changed = codes.clone()
    changed[..., 19] = (codes[..., 19] + 1) % 8
    nothing = [ConditioningAttributes()]
    early = ~last
    assert sequence_loss(lm, codes, nothing, early).equal(sequence_loss(lm, changed, nothing, early))
    assert not sequence_loss(lm, codes, nothing, last).equal(sequence_loss(lm, changed, nothing, last))
    everything = torch.ones(1, 20, dtype=torch.bool)
    assert sequence_loss(lm, codes, nothing, everything).equal(sequence_loss(lm, codes, nothing))


def test_some_codec_crops_begin_in_silence(corpus: Path) -> None:
    entries = AudioCrops(corpus, RATE, 3200, entry_share=1).batch(8, (1,))
    assert all((crop[0, :20] == 0).all() for crop in entries)
    assert all(crop[0, 1600:].abs().max() > 0 for crop in entries)


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


def test_tokens_stay_good_when_only_the_decoder_learns_on() -> None:
    torch.manual_seed(0)
    codec = SpectralCodec(encoder_dim=8, encoder_blocks=1, decoder_dim=8, decoder_hidden=8, decoder_blocks=1)
    before = fingerprint(codec)
    with torch.no_grad():
        codec.decoder.output.bias += 1.0
        assert fingerprint(codec) == before
        codec.encoder.output.bias += 1.0
        assert fingerprint(codec) != before
