"""The bundled model itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from genmodels.checkpoints.bundled import BUNDLED
from genmodels.conditioning.attributes import Conditions, ConstantChroma, Transport, WeightedPrompt
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision, make_decoder


@pytest.fixture(scope="module")
def mini() -> MusicGen:
    return MusicGen.get_pretrained("mini", "cpu")


def test_it_is_small_enough_for_the_repository() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) <= 40e6


def test_it_plays_under_all_its_conditions(mini: MusicGen) -> None:
    mini.set_generation_params(duration=1.0)
    c_major = ConstantChroma((1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0))
    sound = mini.generate(["warm lo-fi piano"], seed=1, transport=Transport(90.0), chroma=c_major)
    assert isinstance(sound, torch.Tensor)
    assert sound.shape == (1, 1, mini.sample_rate)
    assert torch.isfinite(sound).all()
    assert 0 < sound.abs().max() < 4


def divergence_from_float(mini: MusicGen, precision: Precision) -> float:
    """The largest divergence of the guided distributions after 40 frames."""
    conditions = Conditions((WeightedPrompt("drums"),), transport=Transport(120.0))
    rows = mini.voices.rows([conditions], [0])
    tokens = np.random.default_rng(0).integers(0, mini.lm.card, (1, mini.lm.n_q, 40)).repeat(2, 0)
    guided = []
    precisions: tuple[Precision, ...] = ("fp32", precision)
    for each in precisions:
        decoder = make_decoder(mini.lm, each)
        cache = decoder.new_cache(2, 40)
        assert rows.frames is not None
        logits = decoder.run(tokens, rows.frames.at(np.arange(40), 0), rows.context_at(0), cache)
        assert logits is not None
        guided.append(rows.voices[0].guided(logits).log_softmax(-1))
    exact, fast = guided
    return float((exact.exp() * (exact - fast)).sum(-1).max())


def test_int8_and_float_decoders_agree_on_what_is_likely(mini: MusicGen) -> None:
    assert divergence_from_float(mini, "int8") < 0.05


def test_the_compiled_decoder_agrees_even_more(mini: MusicGen, native_library: Path) -> None:
    assert divergence_from_float(mini, "native") < 0.005
