"""EncodecModel with Transformers' weights: the codes are identical and the audio is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from genmodels.codec.encodec_names import codebooks_at, encodec_from_transformers, seanet_from_transformers
from genmodels.errors import CheckpointError, ConfigError
from tests.genmodels.codec.hf import ENCODEC, NARROW, random_encodec

OURS = ("32 kHz", "24 kHz", "16 kHz")
DETAILS = [
    {"pad_mode": "constant"},
    {"pad_mode": "reflect"},
    {"use_conv_shortcut": True},
    {"use_conv_shortcut": False},
    {"use_causal_conv": True, "trim_right_ratio": 0.5},
    {"use_causal_conv": True, "trim_right_ratio": 0.0},
    {"use_causal_conv": True},
    {"num_lstm_layers": 1},
    {"num_residual_layers": 2, "dilation_growth_rate": 3, "compress": 1},
    {"normalize": True},
    {"audio_channels": 2},
]


def assert_equal(reference: Any, seconds: float, bandwidth: float) -> None:
    """Ours from its weights gives the reference's codes and audio, with a half-filled last frame."""
    config = reference.config
    ours = encodec_from_transformers(reference.state_dict(), config)
    ours.set_num_codebooks(codebooks_at(bandwidth, config))
    torch.manual_seed(1)
    x = 0.3 * torch.randn(
        2, config.audio_channels, int(seconds * config.sampling_rate) + ours.hop_length // 2
    )
    with torch.no_grad():
        codes, scales, _ = reference.encode(x, bandwidth=bandwidth, return_dict=False)
        audio = reference.decode(codes, scales, return_dict=False)[0]
        our_codes, our_scale = ours.encode(x)
        our_audio = ours.decode(our_codes, our_scale)
    assert torch.equal(our_codes, codes[0])
    assert len(our_codes.unique()) > 20
    assert (our_scale is None) == (scales[0] is None)
    assert audio.abs().max() > 0.01
    assert (our_audio - audio).abs().max() <= 1e-5 * max(1.0, audio.abs().max().item())


@pytest.mark.parametrize("name", OURS)
def test_every_bandwidth_gives_the_reference_codes_and_audio(name: str) -> None:
    reference = random_encodec(name, **NARROW)
    for bandwidth in ENCODEC[name]["target_bandwidths"]:
        assert_equal(reference, 0.3, bandwidth)


@pytest.mark.parametrize("changes", DETAILS, ids=str)
def test_every_detail_of_the_geometry_follows_the_configuration(changes: dict[str, Any]) -> None:
    reference = random_encodec("32 kHz", **{**NARROW, **changes})
    assert_equal(reference, 0.1, 2.2)


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_full_width_gives_the_reference_codes_and_audio(name: str) -> None:
    assert_equal(random_encodec(name), 2.0, ENCODEC[name]["target_bandwidths"][-1])


def test_bandwidths_of_the_24_khz_codec_are_its_codebook_counts() -> None:
    counts = [codebooks_at(kbps, ENCODEC["24 kHz"]) for kbps in (1.5, 3, 6, 12, 24)]
    assert counts == [2, 4, 8, 16, 32]


def old_names(name: str) -> str:
    old = name.replace("parametrizations.weight.original0", "weight_g")
    return old.replace("parametrizations.weight.original1", "weight_v")


def new_names(name: str) -> str:
    return name


@pytest.mark.parametrize("rename", [old_names, new_names])
def test_both_namings_of_weight_norm_are_read(rename: Callable[[str], str]) -> None:
    reference = random_encodec("32 kHz", **NARROW)
    state = {rename(name): tensor for name, tensor in reference.state_dict().items()}
    ours = encodec_from_transformers(state, reference.config.to_dict())
    codes = torch.randint(0, 2048, (1, 4, 5))
    with torch.no_grad():
        audio = reference.decode(codes[None], [None], return_dict=False)[0]
        assert (ours.decode(codes) - audio).abs().max() <= 1e-5


def test_own_names_are_read_too() -> None:
    reference = random_encodec("24 kHz", **NARROW)
    ours = encodec_from_transformers(reference.state_dict(), reference.config)
    again = encodec_from_transformers(ours.state_dict(), reference.config)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), again.parameters(), strict=True))


def test_missing_and_foreign_tensors_are_named() -> None:
    reference = random_encodec("32 kHz", **NARROW)
    state = dict(reference.state_dict())
    state["lm_head.weight"] = state.pop("decoder.layers.0.conv.bias")
    with pytest.raises(CheckpointError, match=r"decoder\.model\.0\.conv\.conv\.bias.*lm_head\.weight"):
        encodec_from_transformers(state, reference.config)


def test_weights_of_another_width_are_refused() -> None:
    reference = random_encodec("32 kHz", **NARROW)
    with pytest.raises(CheckpointError, match="size mismatch"):
        encodec_from_transformers(reference.state_dict(), {**ENCODEC["32 kHz"], **NARROW, "num_filters": 2})


@pytest.mark.parametrize(
    "changes", [{"norm_type": "time_group_norm"}, {"chunk_length_s": 1.0, "overlap": 0.1}]
)
def test_what_only_transformers_can_do_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="TransformersCodec"):
        seanet_from_transformers({**ENCODEC["24 kHz"], **changes})


def test_unknown_pad_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match="replicate"):
        seanet_from_transformers({**ENCODEC["24 kHz"], "pad_mode": "replicate"})
