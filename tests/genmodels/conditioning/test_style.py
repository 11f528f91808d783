from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.conditioning.mert import load_mert, mert_features
from genmodels.conditioning.style import StyleConditioner
from genmodels.errors import CheckpointError, ConfigError
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from tests.genmodels.melody import CONDITIONERS, melody_musicgen, tune
from tests.genmodels.tiny import FakeCodec, tiny_musicgen

RATE = 32000


@pytest.fixture(scope="module")
def hubert() -> nn.Module:
    """Random weights in the geometry of a tiny MERT."""
    from transformers import HubertConfig, HubertModel

    torch.manual_seed(0)
    config = HubertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=[8] * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    model = HubertModel(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.3)
    return model


@pytest.fixture(scope="module")
def write_mert(hubert: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a folder in the layout of the published MERT, code of its own included."""

    def write(**settings: object) -> Path:
        path = tmp_path_factory.mktemp("mert")
        config = hubert.config.to_diff_dict() | {
            "model_type": "mert_model",
            "architectures": ["MERTModel"],
            "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"},
            "attention_relax": -1.0,
            "deepnorm": False,
            "feature_extractor_cqt": False,
            "sample_rate": 24000,
        }
        (path / "config.json").write_text(json.dumps(config | settings))
        (path / "code.py").write_text("raise SystemExit('code of a checkpoint was run')")
        # old-style weight norm, as in the published file
        state = {
            name.replace("parametrizations.weight.original0", "weight_g").replace(
                "parametrizations.weight.original1", "weight_v"
            ): value
            for name, value in hubert.state_dict().items()
        }
        torch.save(state, path / "pytorch_model.bin")
        return path

    return write


def sound(seconds: float = 4.0, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(tune(seconds, seed, RATE).wav[0].copy())


def made(mert: Path, **changes: object) -> StyleConditioner:
    torch.manual_seed(1)
    options = {"transformer_scale": "xsmall", "n_q_out": 4, "bins": 8, "mert": str(mert)} | changes
    conditioner = StyleConditioner(12, **options).eval()  # type: ignore[arg-type]
    if conditioner.rvq is not None:
        for book in conditioner.rvq.vq.codebooks():
            book.embed.normal_()
    return conditioner


def test_a_mert_runs_as_the_hubert_that_it_is_and_none_of_its_code(
    hubert: nn.Module, write_mert: Callable[..., Path]
) -> None:
    model = load_mert(str(write_mert()))
    wav = torch.randn(24000, generator=torch.Generator().manual_seed(0)) * 0.1
    with torch.no_grad():
        expected = hubert(wav[None]).last_hidden_state[0]
        torch.testing.assert_close(mert_features(model, wav, 24000), expected)
        assert expected.shape == (74, 16)
        assert mert_features(model, wav[:5], 24000).shape == (1, 16)


@pytest.mark.parametrize(
    "branch", [{"deepnorm": True}, {"feature_extractor_cqt": True}, {"attention_relax": 32.0}]
)
def test_branches_that_are_not_run_are_refused(
    branch: dict[str, object], write_mert: Callable[..., Path]
) -> None:
    with pytest.raises(CheckpointError, match=f"{next(iter(branch))} is"):
        load_mert(str(write_mert(**branch)))


def test_missing_weights_and_folders_are_refused(write_mert: Callable[..., Path], tmp_path: Path) -> None:
    path = write_mert()
    state = torch.load(path / "pytorch_model.bin", weights_only=True)
    del state["encoder.layers.1.attention.k_proj.weight"]
    torch.save(state, path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"lack encoder\.layers\.1\.attention\.k_proj\.weight"):
        load_mert(str(path))
    with pytest.raises(CheckpointError, match="Give a folder"):
        load_mert(str(tmp_path / "nothing"))


def test_three_seconds_from_the_middle_become_five_quantized_frames_a_second(
    write_mert: Callable[..., Path],
) -> None:
    conditioner = made(write_mert())
    style = conditioner.style(sound(4.0))
    assert style.shape == (15, 256)
    torch.testing.assert_close(conditioner.style(sound(4.0)[RATE // 2 : -RATE // 2]), style)
    assert not torch.equal(conditioner.style(sound(4.0)[: 3 * RATE]), style)
    assert conditioner.style(sound(0.5)).shape == (3, 256)


def test_the_bottleneck_is_as_wide_as_asked_for(write_mert: Callable[..., Path]) -> None:
    conditioner = made(write_mert())
    fine = conditioner.style(sound())
    conditioner.set_params(eval_q=1)
    coarse = conditioner.style(sound())
    entries = next(iter(conditioner.rvq.vq.codebooks())).embed  # type: ignore[union-attr]
    assert torch.cdist(coarse, entries).min(-1).values.max() < 1e-4
    assert torch.cdist(fine, entries).min(-1).values.min() > 1e-2
    conditioner.set_params(eval_q=4, excerpt_length=1.5, ds_factor=5)
    assert conditioner.style(sound()).shape == (23, 256)
    for wrong in ({"eval_q": 5}, {"eval_q": 0}, {"excerpt_length": 0.0}, {"ds_factor": 0}):
        with pytest.raises(ConfigError, match=f"{next(iter(wrong))} is"):
            conditioner.set_params(**wrong)
    assert conditioner.eval_q == 4


def test_absent_recordings_are_zero_and_neighbours_change_nothing(write_mert: Callable[..., Path]) -> None:
    conditioner = made(write_mert())
    recordings = [tune(4.0, 0, RATE), None, tune(1.0, 1, RATE)]
    values, mask = conditioner(conditioner.prepare(recordings))
    assert mask.sum(-1).tolist() == [15, 0, 5]
    assert not values[~mask].any()
    alone, _ = conditioner(conditioner.prepare(recordings[2:]))
    torch.testing.assert_close(values[2:, :5], alone)
    nothing, mask = conditioner(conditioner.prepare([None]))
    assert nothing.shape == (1, 1, 12)
    assert not mask.any()


def test_parameters_have_the_published_names(write_mert: Callable[..., Path]) -> None:
    names = set(made(write_mert(), n_q_out=6, transformer_scale="default").state_dict())
    layer = ("self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight", "linear2.weight")
    norms = ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")
    book = ("inited", "cluster_size", "embed", "embed_avg")
    expected = {f"transformer.layers.{i}.{name}" for i in range(8) for name in layer + norms}
    expected |= {f"rvq.vq.layers.{i}._codebook.{name}" for i in range(6) for name in book}
    expected |= {f"batch_norm.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    expected |= {f"{part}.{name}" for part in ("embed", "output_proj") for name in ("weight", "bias")}
    assert names == expected


def test_a_codec_can_be_the_listener() -> None:
    torch.manual_seed(0)
    codec = FakeCodec()
    conditioner = StyleConditioner(
        12, codec.sample_rate, "encodec", "none", ds_factor=10, n_q_out=0, compression_model=codec
    ).eval()
    wav = torch.from_numpy(tune(4.0).wav[0].copy())
    codes, _ = codec.encode(wav[None, None, 200:1400])
    summed = sum(book(codes[0, k]) for k, book in enumerate(conditioner.embed))  # type: ignore[arg-type]
    expected = conditioner.batch_norm(summed)[::10]
    torch.testing.assert_close(conditioner.style(wav), expected)
    conditioner.set_params(encodec_n_q=1)
    assert not torch.allclose(conditioner.style(wav), expected)
    assert not any("mix" in name for name in conditioner.state_dict())
    with pytest.raises(ConfigError, match="encodec_n_q is 5"):
        conditioner.set_params(encodec_n_q=5)
    with pytest.raises(ConfigError, match="compression_model"):
        StyleConditioner(12, model_name="encodec")


def style_musicgen(mert: Path, **changes: object) -> MusicGen:
    """Text, melody and style at once, in front."""
    style = {"kind": "style", "sample_rate": 400, "transformer_scale": "xsmall", "n_q_out": 4, "bins": 8,
             "excerpt_length": 1.0, "mert": str(mert)}  # fmt: skip
    model = melody_musicgen(
        "int8",
        conditioners=CONDITIONERS | {"style": style},
        fuser={"prepend": ["self_wav", "style", "description"]},
    )
    conditioner = model.lm.condition_provider.conditioners["style"]
    assert isinstance(conditioner, StyleConditioner)
    for book in conditioner.rvq.vq.codebooks():  # type: ignore[union-attr]
        book.embed.normal_(generator=torch.Generator().manual_seed(2))
    return model


def test_text_chroma_and_style_steer_together_offline_and_streamed(write_mert: Callable[..., Path]) -> None:
    model = style_musicgen(write_mert())
    conditions = Conditions((WeightedPrompt("piano"),), recording=tune(3.0), cfg_coef_beta=2.0)
    rows = model.voices.rows([conditions], [0])
    assert rows.prefix_at(0).shape[1] == 41 + 5 + 1  # type: ignore[union-attr]
    model.set_generation_params(duration=(80 + 2 * 45) / 50)
    whole = model.generate_tokens([conditions], seed=1)[0]
    stream = Continuation(model, conditions, 1)
    stream.advance(130)
    assert torch.equal(stream.codes, whole[:, :130])
    other = model.generate_tokens([replace(conditions, recording=tune(3.0, 5))], seed=1)[0]
    assert not torch.equal(other, whole)


def test_style_parameters_are_set_through_the_model(write_mert: Callable[..., Path]) -> None:
    model = style_musicgen(write_mert())
    model.set_generation_params(duration=0.5)
    before = model.generate(["piano"], seed=1, recording=tune(2.0))
    model.set_style_conditioner_params(eval_q=1, excerpt_length=0.8, ds_factor=5)
    after = model.generate(["piano"], seed=1, recording=tune(2.0))
    assert not torch.equal(before, after)
    model.set_style_conditioner_params(eval_q=3, excerpt_length=1.0, ds_factor=15)
    assert torch.equal(model.generate(["piano"], seed=1, recording=tune(2.0)), before)
    with pytest.raises(ConfigError, match="eval_q is 9"):
        model.set_style_conditioner_params(eval_q=9)
    with pytest.raises(ConfigError, match="has no style conditioner"):
        tiny_musicgen().set_style_conditioner_params()
