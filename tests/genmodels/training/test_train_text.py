"""The word encoder's training: what it is asked, and that it learns to answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from genmodels.errors import ConfigError
from genmodels.training.schedule import LoopConfig
from genmodels.training.train_text import QUESTIONS, TextTask, TextTraining, answers, trainer_for, with_noise
from tests.genmodels.training.items import scene, write_item


def test_answers_name_what_the_scene_says() -> None:
    found = dict(zip(QUESTIONS, answers(replace(scene(0, 50, "", 84.0), key="F# minor")), strict=True))
    said = {name: QUESTIONS[name][index] for name, index in found.items()}
    assert said == {
        "style": "rock", "texture": "drums only", "drums": True, "lead_family": "drums", "meter": "4/4",
        "mode": "minor", "tempo": 1,
    }  # fmt: skip


def test_noise_leaves_the_words_in_their_order() -> None:
    text = "slow jazz with brushes"
    noisy = [with_noise(text, 0.5, Random(seed)).split(" ") for seed in range(20)]
    assert any(len(words) > 4 for words in noisy)
    for words in noisy:
        assert [word for word in words if word in text.split(" ")] == text.split(" ")
    assert with_noise(text, 0.0, Random(0)) == text


def test_reader_learns_what_tells_two_styles_apart(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for index, (style, caption) in enumerate((("rock", "loud guitars"), ("ambient", "quiet pads"))):
        told = replace(scene(0, 50, caption), style=style, drums=style == "rock")
        write_item(corpus, index, np.zeros(50 * 640, np.float32), [told])
    config = TextTraining(
        str(corpus), str(corpus), str(tmp_path / "text"), batch=8, noise_words=0.3,
        encoder={"output_dim": 8, "dim": 16, "num_layers": 1, "vocabulary": 128},
        loop=LoopConfig(steps=40, warmup=5, lr=5e-3, ema=0.0, valid_every=100),
    )  # fmt: skip
    figures = trainer_for(config).run()
    assert (figures["style"], figures["drums"]) == (1.0, 1.0)
    assert 0.0 <= figures["prompt_style"] <= 1.0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"noise_words": 2.0}, "noise_words: 2.0"),
        ({"encoder": {"output_dim": 8, "depth": 2}}, "depth"),
        ({"encoder": {}}, "output_dim"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        TextTask(TextTraining(**changes))
