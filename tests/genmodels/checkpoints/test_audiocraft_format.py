"""Checkpoints in AudioCraft's exact layouts, with random weights, through the public API."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from genmodels import AudioGen, MusicGen, get_pretrained
from genmodels.checkpoints.loading import load_codec, load_lm, load_model
from genmodels.checkpoints.transformers_names import from_transformers, to_transformers
from genmodels.errors import CheckpointError
from tests.genmodels.checkpoints import audiocraft_writer as writer
from tests.genmodels.checkpoints.audiocraft_writer import CodecShape, LmShape
from tests.genmodels.checkpoints.transformers_models import codec_config, greedy, musicgen

TEXTS = ["warm piano", "slow drums", "rain"]
FRAMES = 24


@pytest.fixture
def shape(t5_folder: Path) -> LmShape:
    return LmShape(t5=str(t5_folder))


def tokens(name: Path | str, texts: list[str | None] | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Greedy codes and sound of a model that is loaded by name."""
    model = MusicGen.get_pretrained(name, device="cpu", precision="fp32")
    model.set_generation_params(use_sampling=False, duration=FRAMES / 50)
    sound, codes = model.generate(list(TEXTS) if texts is None else texts, return_tokens=True)
    return codes, sound


def codec_for_transformers(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """AudioCraft's names of a codec to those of Transformers."""
    renames = {
        r"^(encoder|decoder)\.model\.": r"\1.layers.",
        r"\.(conv|convtr)\.\1\.": ".conv.",
        r"weight_g$": "parametrizations.weight.original0",
        r"weight_v$": "parametrizations.weight.original1",
        r"quantizer\.vq\.layers": "quantizer.layers",
        r"\._codebook\.": ".codebook.",
    }
    out = {}
    for name, value in state.items():
        for pattern, replacement in renames.items():
            name = re.sub(pattern, replacement, name)
        out[name] = value
    return out


def in_transformers(t5_folder: Path, shape: LmShape, codec: CodecShape) -> Any:
    """The weights that the writer writes, in Transformers' model."""
    model = musicgen(t5_folder, 2 if shape.stereo else 1)
    state = {name: value.float() for name, value in writer.lm_state(shape).items()}
    wanted = to_transformers(state)
    missing, unexpected = model.load_state_dict(wanted, strict=False)
    assert not unexpected
    assert all(name.startswith(("text_encoder", "audio_encoder")) or "embed_pos" in name for name in missing)
    model.audio_encoder.load_state_dict(codec_for_transformers(writer.codec_state(codec)))
    return model


@pytest.mark.parametrize("stereo", [False, True])
def test_greedy_tokens_and_sound_equal_those_of_transformers_with_the_same_weights(
    t5_folder: Path, tmp_path: Path, shape: LmShape, stereo: bool
) -> None:
    from transformers import AutoTokenizer

    shape = replace(shape, stereo=stereo, n_q=8 if stereo else 4)
    writer.write_model(tmp_path, shape)
    theirs = in_transformers(t5_folder, shape, CodecShape())
    expected, expected_sound = greedy(theirs, AutoTokenizer.from_pretrained(t5_folder), TEXTS, FRAMES)
    codes, sound = tokens(tmp_path)
    assert len(codes.unique()) > 10
    assert not torch.equal(codes[0], codes[1])
    assert torch.equal(codes, expected)
    torch.testing.assert_close(sound, expected_sound, atol=1e-4, rtol=1e-3)


def test_first_release_and_older_attention_names_give_the_same_model(tmp_path: Path, shape: LmShape) -> None:
    present, _ = tokens(writer.write_model(tmp_path / "now", shape))
    first = writer.write_model(tmp_path / "first", shape, first_release=True)
    state = {
        re.sub(r"(self_attn|cross_attention)\.", r"\1.mha.", name): value
        for name, value in writer.lm_state(shape).items()
    }
    assert any(".mha." in name for name in state)
    writer.write(first / "state_dict.bin", state, writer.lm_config(shape), first_release=True)
    package = torch.load(first / "state_dict.bin", weights_only=True)
    assert set(package) == {"best_state", "xp.cfg"}
    assert torch.equal(tokens(first)[0], present)


def test_a_file_brings_the_codec_beside_it(tmp_path: Path, shape: LmShape) -> None:
    folder = writer.write_model(tmp_path, shape)
    assert torch.equal(tokens(folder / "state_dict.bin")[0], tokens(folder)[0])


@pytest.mark.parametrize("key", ["best_state", "fsdp_best_state"])
def test_a_training_checkpoint_with_its_configuration_as_text_loads(
    tmp_path: Path, shape: LmShape, key: str
) -> None:
    folder = writer.write_model(tmp_path, shape)
    expected, _ = tokens(folder)
    package = {
        "best_state": {},
        key: {"model": writer.lm_state(shape)},
        "xp.cfg": OmegaConf.to_yaml(OmegaConf.create(writer.lm_config(shape))),
        "history": [{"train": {"loss": 4.2}}],
    }
    torch.save(package, folder / "state_dict.bin")
    assert torch.equal(tokens(folder)[0], expected)


def test_a_training_checkpoint_with_a_pickled_configuration_says_how_to_export_it(tmp_path: Path) -> None:
    package = {"best_state": {"model": {}}, "xp.cfg": OmegaConf.create({"a": 1})}
    torch.save(package, tmp_path / "state_dict.bin")
    with pytest.raises(CheckpointError, match=r"state_dict\.bin is a training checkpoint.*export_lm"):
        load_lm(tmp_path, "cpu")


def test_a_codec_may_be_another_ones_name(tmp_path: Path, shape: LmShape, own_cache: Path) -> None:
    from transformers import EncodecModel

    torch.manual_seed(0)
    hub = own_cache / "models--facebook--encodec_32khz"
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text("0" * 40)
    published = EncodecModel(codec_config())
    published.save_pretrained(hub / "snapshots" / ("0" * 40))
    folder = writer.write_model(tmp_path / "m", shape, "facebook/encodec_32khz")
    found = load_model(folder, "cpu").compression_model.state_dict()
    expected = published.encoder.layers[0].conv.bias.detach()
    assert torch.equal(found["encoder.model.0.conv.conv.bias"], expected)


def test_a_redirect_in_a_circle_is_refused(tmp_path: Path) -> None:
    torch.save({"pretrained": str(tmp_path)}, tmp_path / "compression_state_dict.bin")
    with pytest.raises(CheckpointError, match="only name another codec"):
        load_codec(tmp_path, "cpu")


def test_window_stride_and_kind_come_from_the_configuration(tmp_path: Path, shape: LmShape) -> None:
    music = load_lm(writer.write_model(tmp_path / "m", shape), "cpu")
    assert (music.kind, music.max_duration, music.extend_stride, music.stereo) == ("musicgen", 30, 18, None)
    audio = replace(shape, solver="audiogen", segment_duration=10)
    codec = CodecShape(ratios=(8, 5, 4, 2), sample_rate=16000)
    found = load_model(writer.write_model(tmp_path / "a", audio, codec), "cpu")
    assert (found.kind, found.max_duration, found.extend_stride) == ("audiogen", 10, 2)
    assert (found.compression_model.sample_rate, found.compression_model.frame_rate) == (16000, 50)


def test_audiogen_plays_its_checkpoint_and_names_are_kept_to_their_kind(
    tmp_path: Path, shape: LmShape
) -> None:
    audio = replace(shape, solver="audiogen", segment_duration=10)
    folder = writer.write_model(tmp_path, audio, CodecShape(ratios=(8, 5, 4, 2), sample_rate=16000))
    model = AudioGen.get_pretrained(folder, device="cpu", precision="fp32")
    model.set_generation_params(use_sampling=False, duration=0.4)
    assert model.generate(["rain"]).shape == (1, 1, 6400)
    assert type(get_pretrained(folder, "cpu")) is AudioGen
    assert type(get_pretrained("debug", "cpu")) is MusicGen
    with pytest.raises(CheckpointError, match=r"kind 'audiogen': use AudioGen\.get_pretrained"):
        MusicGen.get_pretrained("facebook/audiogen-medium")
    with pytest.raises(CheckpointError, match=r"kind 'musicgen': use MusicGen\.get_pretrained"):
        AudioGen.get_pretrained("melody")
    for get in (MusicGen.get_pretrained, load_lm):
        with pytest.raises(CheckpointError, match=r"kind 'codec': use load_codec"):
            get("facebook/encodec_32khz")


def test_the_debug_model_always_plays_the_same() -> None:
    model = MusicGen.get_pretrained("debug", device="cpu")
    model.set_generation_params(duration=0.4)
    first = model.generate(["rain"], seed=1)
    assert first.shape == (1, 1, 12800)
    again = MusicGen.get_pretrained("debug", device="cpu")
    again.set_generation_params(duration=0.4)
    assert torch.equal(again.generate(["rain"], seed=1), first)


def test_weights_are_float32_and_equal_to_the_file(tmp_path: Path, shape: LmShape) -> None:
    lm = load_lm(writer.write_model(tmp_path, shape), "cpu").lm
    state = lm.state_dict()
    for name, value in writer.lm_state(shape).items():
        assert state[name].dtype == torch.float32
        assert torch.equal(state[name], value.float())
    assert not any(value.is_meta for value in (*lm.parameters(), *lm.buffers()))


def test_names_map_to_transformers_and_back(shape: LmShape) -> None:
    state = writer.lm_state(shape)
    back = from_transformers(to_transformers(state))
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], value) for name, value in state.items())


def test_padding_is_seen_only_when_asked_for(tmp_path: Path, shape: LmShape) -> None:
    folder = writer.write_model(tmp_path, shape)
    assert load_lm(folder, "cpu").lm.attend_padding is False
    assert load_lm(folder, "cpu", attend_padding=True).lm.attend_padding is True


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "truncated or not a file of weights"),
        (lambda data: data[:3], "truncated or not a file of weights"),
        (lambda data: b"", "truncated or not a file of weights"),
        (lambda data: b"<!DOCTYPE html><title>404</title>", "truncated or not a file of weights"),
    ],
)
@pytest.mark.parametrize("file", ["state_dict.bin", "compression_state_dict.bin"])
def test_a_damaged_file_is_named(
    tmp_path: Path, shape: LmShape, file: str, damage: Any, message: str
) -> None:
    path = writer.write_model(tmp_path, shape) / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=f"{re.escape(str(path))}.*{message}") as caught:
        load_model(tmp_path, "cpu")
    # nobody is told to run what is in the file
    assert "weights_only" not in str(caught.value)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "state_dict.bin").write_bytes(pickle.dumps({"best_state": Trap()}, protocol=2))
    with pytest.raises(CheckpointError, match=r"state_dict\.bin"):
        load_lm(tmp_path, "cpu")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ({"weight": torch.zeros(2)}, "no weights under 'best_state'; it holds: weight"),
        ({"best_state": {"a": torch.zeros(2)}}, "no configuration 'xp.cfg'"),
        ({"best_state": {"a": 3}, "xp.cfg": "a: 1"}, "'a' under 'best_state' is no tensor"),
        ({"best_state": {"a": torch.zeros(2)}, "xp.cfg": "a: [1"}, "cannot be read"),
        ({"best_state": {"a": torch.zeros(2)}, "xp.cfg": "a: 1"}, "no section 'transformer_lm'"),
        (torch.zeros(2), "holds a Tensor"),
        ({"pretrained": "facebook/encodec_32khz"}, "no language model"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, package: Any, message: str) -> None:
    torch.save(package, tmp_path / "state_dict.bin")
    with pytest.raises(CheckpointError, match=message):
        load_lm(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("transformer_lm", "norm_first", False),
        ("transformer_lm", "bias_attn", True),
        ("transformer_lm", "positional_embedding", "rope"),
        ("transformer_lm", "qk_layer_norm", True),
        ("dataset", "segment_duration", None),
        ("transformer_lm", "dim", "${oc.env:HOME}"),
        ("transformer_lm", "dim", "${nowhere.at_all}"),
    ],
)
def test_a_configuration_of_another_network_is_refused_by_its_key(
    tmp_path: Path, shape: LmShape, section: str, key: str, value: Any
) -> None:
    config = writer.lm_config(shape)
    config[section] = {**config[section], key: value}
    writer.write(tmp_path / "state_dict.bin", writer.lm_state(shape), config)
    with pytest.raises(CheckpointError, match=f"{section}.{key}"):
        load_lm(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("transformer_lm", "dim", None),
        ("transformer_lm", "num_heads", "many"),
        ("transformer_lm", "num_layers", 0),
        ("transformer_lm", "dim", 31),
        ("codebooks_pattern", "modeling", "spiral"),
        ("fuser", "cross", ["melody"]),
    ],
)
def test_a_damaged_configuration_of_a_language_model_is_named(
    tmp_path: Path, shape: LmShape, section: str, key: str, value: Any
) -> None:
    config = writer.lm_config(shape)
    config[section] = {**config[section], key: value}
    if value is None:
        del config[section][key]
    path = tmp_path / "state_dict.bin"
    writer.write(path, writer.lm_state(shape), config)
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        load_lm(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("rvq", "n_q", None),
        ("rvq", "bins", "many"),
        ("encodec", "sample_rate", None),
        ("seanet", "encoder", "none"),
        ("seanet", "ratios", 8),
        ("seanet", "n_filters", 0),
    ],
)
def test_a_damaged_configuration_of_a_codec_is_named(
    tmp_path: Path, section: str, key: str, value: Any
) -> None:
    config = writer.codec_config(CodecShape())
    config[section] = {**config[section], key: value}
    if value is None:
        del config[section][key]
    path = tmp_path / "compression_state_dict.bin"
    writer.write(path, writer.codec_state(CodecShape()), config)
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        load_codec(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("out_norm.bias"), r"lacks out_norm\.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "it has extra"),
        (lambda state: state.update({"emb.0.weight": torch.zeros(3, 3)}), r"emb\.0\.weight \(3, 3\) instead"),
    ],
)
def test_loading_is_strict(tmp_path: Path, shape: LmShape, change: Any, message: str) -> None:
    state = writer.lm_state(shape)
    change(state)
    writer.write(tmp_path / "state_dict.bin", state, writer.lm_config(shape))
    with pytest.raises(CheckpointError, match=message):
        load_lm(tmp_path, "cpu")


def test_the_codec_decodes_as_written(tmp_path: Path) -> None:
    """Of a causal codec with other ratios, with all geometry from its configuration."""
    shape = CodecShape(ratios=(4, 2), causal=True, n_q=3, sample_rate=24000)
    writer.write(
        tmp_path / "compression_state_dict.bin", writer.codec_state(shape), writer.codec_config(shape)
    )
    codec = load_codec(tmp_path, "cpu")
    assert (codec.hop_length, codec.total_codebooks, codec.cardinality) == (8, 3, 64)
    codes = torch.randint(0, 64, (1, 3, 12))
    with torch.no_grad():
        early = codec.decode(codes[..., :6])
        assert early.shape == (1, 1, 48)
        torch.testing.assert_close(codec.decode(codes)[..., :48], early, atol=1e-5, rtol=1e-4)


def test_the_codec_of_a_loaded_model_is_folded_where_it_plays(tmp_path: Path, shape: LmShape) -> None:
    """Its encoder is left alone, so that a prompt gives the very codes of the codec by itself."""
    writer.write_model(tmp_path, shape)
    playing, alone = load_model(tmp_path, "cpu").compression_model, load_codec(tmp_path, "cpu")
    names = {name for name, _ in playing.named_parameters()}
    assert not any(name.startswith("decoder") and name.endswith("weight_g") for name in names)
    sound = torch.randn(1, 1, 20 * alone.hop_length)
    with torch.no_grad():
        codes = alone.encode(sound)[0]
        assert torch.equal(playing.encode(sound)[0], codes)
        torch.testing.assert_close(playing.decode(codes), alone.decode(codes), atol=1e-5, rtol=1e-4)
