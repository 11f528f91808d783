from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genmodels.conditioning.base import ConditionTensor
from genmodels.conditioning.chroma import ChromaFrameConditioner
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import ConditionProvider
from genmodels.conditioning.text import WordTextEncoder, split_words, word_ids
from genmodels.conditioning.timing import Transport, transport_features
from genmodels.conditioning.transport import TransportConditioner
from genmodels.errors import ConditionError, ConfigError


def test_words_are_lower_case_without_accents_and_keep_keys_and_numbers() -> None:
    text = "Lo-Fi café, 92bpm in F♯ minor (B♭)!"
    assert split_words(text, 32) == ["lo", "fi", "cafe", "92", "bpm", "in", "f#", "minor", "bb"]
    assert split_words("a b c d", 2) == ["a", "b"]


def test_word_hashes_never_change() -> None:
    assert word_ids("piano", 4096)[:4] == (1633, 1516, 373, 1040)


@given(st.text(max_size=60))
def test_any_text_is_encoded_to_finite_values(text: str) -> None:
    encoder = WordTextEncoder(16, dim=16, vocabulary=64).eval()
    values, mask = encoder(encoder.prepare([text]))
    assert values.shape[:2] == mask.shape
    assert torch.isfinite(values).all()


def test_a_text_does_not_depend_on_its_batch_and_padding_is_zero() -> None:
    encoder = WordTextEncoder(16, dim=16, vocabulary=64).eval()
    alone, _ = encoder(encoder.prepare(["warm piano"]))
    values, mask = encoder(encoder.prepare([None, "warm piano", "a b c d e"]))
    torch.testing.assert_close(values[1:2, :2], alone, atol=1e-6, rtol=1e-5)
    assert mask.tolist() == [[False] * 5, [True] * 2 + [False] * 3, [True] * 5]
    assert not values[0].any()
    assert not values[1, 2:].any()


def test_a_pooled_text_is_one_position_whatever_its_batch_and_nothing_where_absent() -> None:
    encoder = WordTextEncoder(16, dim=16, vocabulary=64, pooled=True).eval()
    alone, _ = encoder(encoder.prepare(["warm piano"]))
    values, mask = encoder(encoder.prepare([None, "warm piano", "a b c d e"]))
    assert values.shape == (3, 1, 16)
    torch.testing.assert_close(values[1:2], alone, atol=1e-6, rtol=1e-5)
    assert mask.tolist() == [[False], [True], [True]]
    assert not values[0].any()
    assert values[1].any()


def test_transport_features_are_the_position_in_the_bar() -> None:
    features = transport_features(Transport(120.0, 3, beat=-1.0), 0, 76)
    # 120 bpm at 50 frames a second: a beat is 25 frames
    assert features[0].tolist() == [2.0, 3.0, 120.0, 1.0]
    assert features[25, 0] == pytest.approx(0.0, abs=1e-5)
    assert features[50, 0] == pytest.approx(1.0, abs=1e-5)
    assert not transport_features(None, 5, 9).any()


def test_absent_frame_conditions_are_exactly_zero() -> None:
    for conditioner in (TransportConditioner(16), ChromaFrameConditioner(16)):
        present = torch.rand(7, conditioner.channels)
        present[:4, -1] = 1
        present[4:, -1] = 0
        values, mask = conditioner(conditioner.prepare([present, None]))
        assert values.shape == (2, 7, 16)
        assert values[0, :4].any()
        assert not values[0, 4:].any()
        assert not values[1].any()
        assert mask[0].tolist() == [1, 1, 1, 1, 0, 0, 0]


def test_transport_embedding_repeats_with_the_bar_and_tells_metres_apart() -> None:
    conditioner = TransportConditioner(16)

    def embedded(transport: Transport) -> torch.Tensor:
        features = torch.from_numpy(transport_features(transport, 0, 200))
        values: torch.Tensor = conditioner(features[None]).values[0]
        return values.detach()

    four = embedded(Transport(120.0))
    torch.testing.assert_close(four[:100], four[100:], atol=1e-4, rtol=1e-3)
    assert not torch.allclose(four[:50], four[50:100], atol=1e-3)
    assert not torch.allclose(four, embedded(Transport(120.0, 3)), atol=1e-3)
    assert not torch.allclose(four, embedded(Transport(121.0)), atol=1e-3)


def test_frame_conditions_at_another_rate_are_interpolated_nearest_if_one_hot() -> None:
    conditioner = ChromaFrameConditioner(16)
    one_hot = torch.eye(12)[:2]
    prepared = conditioner.prepare([one_hot], num_frames=5)
    assert set(prepared[0, :, :12].flatten().tolist()) == {0.0, 1.0}
    smooth = conditioner.prepare([torch.linspace(0, 1, 24).view(2, 12)], num_frames=5)
    assert len(set(smooth[0, :, 3].tolist())) > 2
    positions = torch.tensor([[3.9, 4.0, 120.0], [0.1, 4.0, 120.0]])
    nearest = TransportConditioner(16).prepare([positions], num_frames=4)
    assert nearest[0, :, 0].tolist() == pytest.approx([3.9, 3.9, 0.1, 0.1])


def test_wrong_frame_features_are_refused() -> None:
    conditioner = ChromaFrameConditioner(16)
    with pytest.raises(ConditionError, match="shape"):
        conditioner.prepare([torch.zeros(5, 7)])
    with pytest.raises(ConditionError, match="not finite"):
        conditioner.prepare([torch.full((5, 12), float("nan"))])
    with pytest.raises(ConditionError, match=r"different lengths \[4, 5\]"):
        conditioner.prepare([torch.zeros(5, 12), torch.zeros(4, 12)])


def test_provider_names_its_conditions_and_encodes_absent_ones() -> None:
    provider = ConditionProvider(
        {"text": WordTextEncoder(8, dim=8, vocabulary=16), "beat": TransportConditioner(8)}
    )
    assert (provider.text_names, provider.frame_names) == (("text",), ("beat",))
    from genmodels.conditioning.attributes import ConditioningAttributes

    tensors = provider(provider.prepare([ConditioningAttributes()] * 2, num_frames=6))
    assert not tensors["text"].values.any()
    assert tensors["beat"].values.shape == (2, 6, 8)


def condition(length: int, fill: float, dim: int = 4) -> ConditionTensor:
    return ConditionTensor(torch.full((1, length, dim), fill), torch.ones(1, length))


def test_fuser_routes_every_method() -> None:
    fuser = ConditionFuser(
        {
            "sum": ["a"],
            "prepend": ["b", "c"],
            "cross": ["d", "e"],
            "input_interpolate": ["f"],
            "ignore": ["g"],
        }
    )
    ramp = ConditionTensor(torch.arange(3.0)[None, :, None].expand(1, 3, 4), torch.ones(1, 3))
    tensors = {
        "a": condition(1, 100.0), "b": condition(2, 2.0), "c": condition(1, 3.0), "d": condition(2, 4.0),
        "e": condition(3, 5.0), "f": ramp, "g": condition(1, 1e6),
    }  # fmt: skip
    fused = fuser.fuse(torch.zeros(1, 5, 4), tensors)
    assert fused.prefix == 3
    # position s gets frame min(s, T - 1)
    assert fused.x[0, :, 0].tolist() == [2, 2, 3, 100, 101, 102, 102, 102]
    assert fused.cross is not None
    assert fused.cross[0, :, 0].tolist() == [4, 4, 5, 5, 5]
    assert fuser.added(tensors, 1, 2)[0, 0, 0] == 101  # type: ignore[index]


def test_wrong_routes_are_refused() -> None:
    with pytest.raises(ConfigError, match="'add' is unknown"):
        ConditionFuser({"add": ["a"]})
    with pytest.raises(ConfigError, match="'a' is named twice"):
        ConditionFuser({"sum": ["a"], "cross": ["a"]})


def test_transport_positions_are_exact_far_out() -> None:
    transport = Transport(123.0, 4, beat=1.5, frame=10)
    frame = 50 * 3600 * 10
    expected = 1.5 + (frame - 10) / 50 * 123 / 60
    assert transport.beats_at(np.array([frame]))[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((10.0,), "bpm is 10.0"), ((100.0, 0), "beats_per_bar is 0"), ((100.0, 4, float("inf")), "beat is inf")],
)
def test_impossible_transports_are_refused(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        Transport(*arguments)  # type: ignore[arg-type]
