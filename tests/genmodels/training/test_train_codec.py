"""The codec trainer: both kinds of codec, adversaries that survive a kill, the decoder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from genmodels.codec.encodec import EncodecModel
from genmodels.codec.factory import build_codec
from genmodels.errors import ConfigError
from genmodels.training.codec_start import carry_signal
from genmodels.training.loop import Trainer
from genmodels.training.schedule import LoopConfig
from genmodels.training.train_codec import CodecTask, CodecTraining, trainer_for

SPECTRAL = {
    "kind": "spectral", "encoder_dim": 8, "encoder_blocks": 1, "decoder_dim": 8, "decoder_hidden": 16,
    "decoder_blocks": 1, "latent": 4, "n_q": 2, "bins": 8,
}  # fmt: skip
TONES = {**SPECTRAL, "tones": 1, "pitch_fft": 2048}
ENCODEC = {
    "kind": "encodec", "n_q": 2, "bins": 8, "q_dropout": True,
    "seanet": {"dimension": 4, "n_filters": 2, "ratios": [8, 5, 4, 4], "causal": True, "lstm": 1},
}  # fmt: skip
SMALL = {
    "mpd": {"filters": 1, "max_filters": 4, "periods": [2, 3]},
    "msd": {"filters": 2, "max_filters": 4, "scales": 2},
    "msstftd": {"filters": 2, "n_ffts": [128]},
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    time = np.arange(32000) / 32000
    for index in range(2):
        audio = 0.3 * np.sin(2 * np.pi * (220 + 110 * index) * time)
        soundfile.write(folder / f"{index:05d}.flac", audio, 32000, subtype="PCM_16")
    return folder


def config(corpus: Path, folder: str, codec: dict[str, Any] = SPECTRAL, **changes: Any) -> CodecTraining:
    loop = LoopConfig(steps=4, warmup=1, valid_every=100, log_every=1, lr_floor=1.0)
    values = {
        "corpus": str(corpus), "valid_corpus": str(corpus), "folder": str(corpus.parent / folder),
        "batch": 2, "seconds": 0.2, "valid_items": 2, "free_steps": 1, "bf16": False, "device": "cpu",
        "codec": codec, "discriminators": SMALL, "loop": loop,
    }  # fmt: skip
    return CodecTraining(**{**values, **changes})


def weights(trainer: Trainer) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("codec", [SPECTRAL, ENCODEC], ids=["spectral", "encodec"])
@pytest.mark.parametrize("adversaries", [[], ["mpd", "msd", "msstftd"]], ids=["alone", "against all"])
def test_every_kind_of_codec_trains_with_and_without_adversaries(
    corpus: Path, codec: dict[str, Any], adversaries: list[str]
) -> None:
    trainer = trainer_for(config(corpus, "a", codec, adversaries=adversaries))
    before = weights(trainer)
    figures = trainer.run()
    assert all(np.isfinite(value) for value in figures.values())
    assert {"mel", "tonal", "si_sdr", "convergence", "high_db", "flatness_db", "use"} == set(figures)
    after = trainer.model.state_dict()
    for part in ("encoder", "decoder", "quantizer"):
        assert any(n.startswith(part) and not torch.equal(v, before[n]) for n, v in after.items())
    assert all(f"disc_{name}" in trainer.state.history[0] for name in adversaries)


def test_oscillators_and_noise_are_compared_apart(corpus: Path) -> None:
    trainer = trainer_for(config(corpus, "a", TONES, apart_weight=1.0, tonal_weight=1.0))
    before = weights(trainer)
    trainer.run()
    assert {"mel", "tonal", "apart", "commit"} <= set(trainer.state.history[0])
    for name in ("encoder.input.weight", "decoder.output.weight"):
        assert not torch.equal(trainer.model.state_dict()[name], before[name])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"codec": SPECTRAL, "apart_weight": 1.0}, "no tones"),
        ({"codec": TONES, "apart_weight": 1.0, "adversaries": ["msd"]}, "adversaries"),
        ({"codec": TONES, "apart_weight": -1.0}, "apart_weight: -1.0"),
    ],
)
def test_weights_that_make_no_sense_are_refused_by_name(
    corpus: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        CodecTask(config(corpus, "a", **changes))


def test_decoder_with_tones_learns_alone_too(corpus: Path) -> None:
    trainer_for(config(corpus, "a", TONES, apart_weight=1.0)).run()
    start = str(corpus.parent / "a" / "checkpoint.pt")
    trainer = trainer_for(config(corpus, "b", TONES, start=start, decoder_only=True, apart_weight=1.0))
    before = weights(trainer)
    trainer.run()
    changed = {n for n, v in trainer.model.state_dict().items() if not torch.equal(v, before[n])}
    assert changed
    assert all(name.startswith("decoder.") for name in changed)


def test_crops_that_the_long_windows_do_not_fit_into_are_refused(corpus: Path) -> None:
    with pytest.raises(ConfigError, match=r"seconds: 0\.1 is too short"):
        CodecTask(config(corpus, "a", seconds=0.1, tonal_weight=1.0))


def test_killed_adversarial_training_goes_on_as_if_it_had_not_been(corpus: Path) -> None:
    adversaries = ["mpd", "msd", "msstftd"]
    whole = trainer_for(config(corpus, "whole", adversaries=adversaries))
    whole.run()
    first = trainer_for(config(corpus, "parts", adversaries=adversaries))
    first.config.steps = 2
    first.run()
    second = trainer_for(config(corpus, "parts", adversaries=adversaries))
    assert second.resume()
    second.config.steps = 4
    second.run()
    for name, value in whole.model.state_dict().items():
        assert torch.allclose(value, second.model.state_dict()[name], atol=1e-6), name
    assert [e["disc_mpd"] for e in whole.state.history if "disc_mpd" in e] == pytest.approx(
        [e["disc_mpd"] for e in second.state.history if "disc_mpd" in e], abs=1e-4
    )


def test_training_without_adversaries_can_go_on_with_them(corpus: Path) -> None:
    trainer_for(config(corpus, "a", loop=LoopConfig(steps=2, warmup=1))).run()
    trainer = trainer_for(config(corpus, "a", adversaries=["msd"]))
    assert trainer.resume()
    trainer.run()
    assert trainer.state.step == 4


def test_decoder_alone_learns_and_the_tokens_stay_the_same(corpus: Path) -> None:
    trainer_for(config(corpus, "a")).run()
    start = str(corpus.parent / "a" / "checkpoint.pt")
    trainer = trainer_for(config(corpus, "b", start=start, decoder_only=True, adversaries=["msd"]))
    before = weights(trainer)
    trainer.run()
    changed = {n for n, v in trainer.model.state_dict().items() if not torch.equal(v, before[n])}
    assert changed
    assert all(name.startswith("decoder.") for name in changed)


def test_trained_codec_is_not_thrown_away_by_a_second_start_of_its_codebooks(corpus: Path) -> None:
    trainer_for(config(corpus, "a")).run()
    start = str(corpus.parent / "a" / "checkpoint.pt")
    task = CodecTask(config(corpus, "b", start=start, free_steps=0))
    before = task.codec.quantizer.vq.codebooks()[0].embed.clone()
    task.codec.train()
    task.step(0)
    after = task.codec.quantizer.vq.codebooks()[0].embed
    # the moving averages move an entry by about a hundredth
    assert (after - before).abs().max() < 0.2 * before.abs().max()


def test_random_seanet_starts_with_latents_that_carry_the_audio() -> None:
    seanet = {"dimension": 8, "n_filters": 8, "ratios": [8, 5, 4, 4], "causal": True, "lstm": 1}
    x = 0.1 * torch.randn(1, 1, 16000, generator=torch.Generator().manual_seed(0))

    def carried(prepare: bool) -> float:
        torch.manual_seed(0)
        codec = build_codec({**ENCODEC, "seanet": seanet})
        assert isinstance(codec, EncodecModel)
        if prepare:
            carry_signal(codec)
        with torch.no_grad():
            latents = codec.encoder(x)
        return float(latents.std(-1).mean() / latents.mean(-1).abs().mean())

    assert carried(True) > 3 * carried(False)


def test_what_cannot_be_trained_is_refused_by_name(corpus: Path) -> None:
    stereo = {**ENCODEC, "seanet": {**ENCODEC["seanet"], "channels": 2}}  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="2 channels"):
        CodecTask(config(corpus, "a", stereo))
    with pytest.raises(ConfigError, match="gan"):
        CodecTask(config(corpus, "a", adversaries=["gan"]))
    with pytest.raises(ConfigError, match="start"):
        CodecTask(config(corpus, "a", ENCODEC, start="mini"))
    with pytest.raises(ConfigError, match="sundial"):
        trainer_for(config(corpus, "a", loop=LoopConfig(clock="sundial")))
