from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from genmodels.checkpoints.builders import build_codec
from genmodels.checkpoints.bundled import load_mini, save_mini
from genmodels.checkpoints.quantized import dequantize_state_dict, quantize_state_dict
from genmodels.errors import CheckpointError
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.quantize import dequantize_rows, quantize_rows
from tests.genmodels.tiny import CARD, lm_config, tiny_lm

SEANET = {"ratios": [4, 2], "n_filters": 4, "dimension": 8, "lstm": 0}
CODEC: dict[str, Any] = {"kind": "encodec", "sample_rate": 400, "n_q": 4, "bins": CARD, "seanet": SEANET}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    codec = build_codec(CODEC)
    size = save_mini(tmp_path / "m", codec, tiny_lm(), {"codec": CODEC, "lm": lm_config()}, {"commit": "abc"})
    assert size == sum(path.stat().st_size for path in (tmp_path / "m").iterdir())
    return tmp_path / "m"


def test_quantizing_twice_changes_nothing() -> None:
    weight = torch.randn(300, 200) * torch.rand(300, 1)
    ints, scale = quantize_rows(weight)
    again, scale_again = quantize_rows(dequantize_rows(ints, scale))
    assert torch.equal(ints, again)
    assert torch.equal(scale, scale_again)
    assert (dequantize_rows(ints, scale) - weight).abs().max() <= scale.max() / 2 * 1.3
    assert not quantize_rows(torch.zeros(2, 3))[0].any()


def test_matrices_become_int8_and_come_back_close() -> None:
    state = {"a.weight": torch.randn(256, 256), "b.weight": torch.randn(4, 4), "c": torch.tensor([3])}
    small = quantize_state_dict(state)
    assert small["a.weight"].dtype == torch.int8
    assert small["b.weight"].dtype == torch.float16
    back = dequantize_state_dict(small)
    assert set(back) == set(state)
    assert (back["a.weight"] - state["a.weight"]).norm() / state["a.weight"].norm() < 0.01
    assert torch.equal(back["c"], state["c"])


def test_codebook_sums_follow_from_entries_and_counts() -> None:
    embed, counts = torch.randn(1024, 64).half().float(), torch.rand(1024).half().float() * 10
    base = "quantizer.vq.layers.0._codebook."
    state = {
        base + "embed": embed,
        base + "cluster_size": counts,
        base + "embed_avg": embed * counts[:, None],
    }
    small = quantize_state_dict(state)
    assert set(small) == {base + "embed", base + "cluster_size"}
    assert small[base + "embed"].dtype == torch.float16
    back = dequantize_state_dict(small)
    torch.testing.assert_close(back[base + "embed_avg"], state[base + "embed_avg"], rtol=2e-3, atol=1e-3)


def test_a_saved_model_is_loaded_and_plays(folder: Path) -> None:
    codec, lm, info = load_mini("cpu", folder)
    assert (info["commit"], info["max_duration"], info["extend_stride"]) == ("abc", 1.6, 0.9)
    assert not codec.training
    assert not lm.training
    model = MusicGen.get_pretrained(folder, "cpu")
    model.set_generation_params(duration=0.2)
    sound = model.generate(["piano"], seed=0)
    assert isinstance(sound, torch.Tensor)
    assert sound.shape == (1, 1, 80)


def test_int8_tokens_of_the_saved_model_are_those_of_the_original(tmp_path: Path) -> None:
    lm = tiny_lm(dim=128)
    codec = build_codec(CODEC)
    save_mini(tmp_path, codec, lm, {"codec": CODEC, "lm": lm_config(dim=128)}, {})
    loaded = load_mini("cpu", tmp_path)[1]
    ours, theirs = (dict(m.named_parameters())["transformer.layers.0.linear1.weight"] for m in (lm, loaded))
    assert torch.equal(quantize_rows(ours)[0], quantize_rows(theirs)[0])


@pytest.mark.parametrize("name", ["config.yaml", "codec.safetensors", "lm.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"lacks {name}"):
        load_mini("cpu", folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "cannot be read"),
        ("3", "cannot be read"),
        ("codec: 3", "must hold the sections codec and lm"),
        ("{codec: {}, lm: {}}", "cannot be used: codec kind"),
        ("{codec: 3, lm: {}}", "cannot be used"),
        ("{codec: {kind: encodec}, lm: {n_q: 4}}", "cannot be used: lm configuration: keys"),
    ],
)
def test_a_damaged_configuration_is_named(folder: Path, text: str, message: str) -> None:
    (folder / "config.yaml").write_text(text)
    with pytest.raises(CheckpointError, match=f"{re.escape(str(folder / 'config.yaml'))}.*{message}"):
        load_mini("cpu", folder)


def test_damaged_or_foreign_weights_are_refused(folder: Path) -> None:
    path = folder / "lm.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"lm\.safetensors cannot be read"):
        load_mini("cpu", folder)
    path.write_bytes((folder / "codec.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match="does not fit config"):
        load_mini("cpu", folder)
    with pytest.raises(CheckpointError, match="'a' needs 'a_scale'"):
        dequantize_state_dict({"a": torch.zeros(2, 2, dtype=torch.int8)})
