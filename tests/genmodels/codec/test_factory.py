"""build_codec: every kind, and clear errors; sizes of the published codecs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import EncodecConfig, EncodecModel

from genmodels.codec.factory import build_codec
from genmodels.errors import ConfigError
from tests.genmodels.codec.hf import DAC, ENCODEC, NARROW, NARROW_DAC

ENCODEC_SMALL = {"kind": "encodec", "seanet": {"n_filters": 2, "dimension": 4, "ratios": [4, 2]}, "bins": 8}
KINDS: dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]] = {
    "spectral": (
        {"kind": "spectral", "encoder_dim": 8, "decoder_dim": 8, "decoder_hidden": 8},
        (1, 32000, 640, 4),
    ),
    "encodec": (ENCODEC_SMALL, (1, 32000, 8, 4)),
    "stereo": ({"kind": "stereo", "inner": ENCODEC_SMALL}, (2, 32000, 8, 8)),
    "stereo by time": (
        {"kind": "stereo", "inner": ENCODEC_SMALL, "per_timestep": True},
        (2, 32000, 4, 4),
    ),
    "dac": ({"kind": "dac", "config": {**DAC["24 kHz"], **NARROW_DAC}}, (1, 24000, 320, 32)),
    "transformers": (
        {"kind": "transformers", "config": {**ENCODEC["48 kHz"], **NARROW}},
        (2, 48000, 320, 16),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_built_from_its_configuration(name: str) -> None:
    config, expected = KINDS[name]
    codec = build_codec(config)
    assert (codec.channels, codec.sample_rate, codec.hop_length, codec.num_codebooks) == expected


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_neither_encoded_nor_decoded_by_any_kind(name: str) -> None:
    codec = build_codec(KINDS[name][0]).eval()
    with pytest.raises(ConfigError, match="at least one sample"):
        codec.encode(torch.zeros(1, codec.channels, 0))
    nothing = torch.zeros(1, codec.total_codebooks, 0, dtype=torch.int64)
    with pytest.raises(ConfigError, match="at least one frame"):
        codec.decode(nothing)
    with pytest.raises(ConfigError, match="expected integers"):
        codec.decode(torch.zeros(1, codec.total_codebooks, 2))


@pytest.mark.parametrize("name", ["spectral", "encodec"])
def test_a_scale_is_applied_by_codecs_that_make_none(name: str) -> None:
    codec = build_codec(KINDS[name][0]).eval()
    codes = torch.zeros(2, codec.total_codebooks, 3, dtype=torch.int64)
    with torch.no_grad():
        louder = codec.decode(codes, torch.tensor([[2.0], [3.0]]))
        plain = codec.decode(codes)
    torch.testing.assert_close(louder, plain * torch.tensor([2.0, 3.0])[:, None, None])
    assert plain.any()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "opus"}, "'opus' is not one of 'spectral', 'encodec', 'stereo', 'dac', 'transformers'"),
        ({}, "None is not one of"),
        ({"kind": "spectral", "hops": 3}, "hops"),
        ({"kind": "encodec", "seanet": {"filters": 3}}, "filters"),
        ({"kind": "stereo"}, "inner"),
        ({"kind": "stereo", "inner": {"kind": "opus"}}, "'opus'"),
        ({"kind": "dac", "config": {"codebook_size": 1000}}, "power of 2"),
        ({"kind": "transformers", "config": {"norm_type": "batch"}}, "norm_type"),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_codec(config)


@pytest.mark.parametrize(
    ("name", "n_q", "millions"), [("32 kHz", 4, 58.99), ("16 kHz", 4, 58.92), ("24 kHz", 32, 23.27)]
)
def test_published_geometries_have_the_published_sizes(name: str, n_q: int, millions: float) -> None:
    fields = ENCODEC[name]
    seanet = {
        "n_filters": fields["num_filters"],
        "ratios": fields["upsampling_ratios"],
        "causal": fields["use_causal_conv"],
        "true_skip": not fields["use_conv_shortcut"],
    }
    with torch.device("meta"):
        ours = build_codec({"kind": "encodec", "seanet": seanet, "n_q": n_q, "bins": fields["codebook_size"]})
        reference = EncodecModel(EncodecConfig(**fields))
    sizes = [sum(t.numel() for t in model.state_dict().values()) for model in (ours, reference)]
    assert sizes[0] == sizes[1]
    assert sizes[0] / 1e6 == pytest.approx(millions, abs=0.005)
