from __future__ import annotations

import pickle
import subprocess
import sys
from random import Random

import pytest
import torch

from genmodels.conditioning.attributes import (
    ChordProgression,
    ConditioningAttributes,
    Conditions,
    Transport,
    WeightedPrompt,
    drop_conditions,
)
from genmodels.errors import ConditionError


def test_conditions_are_pickled_and_compared_by_value() -> None:
    transport = Transport(92.0)
    conditions = Conditions(
        (WeightedPrompt("piano", 0.7),), ChordProgression(("Am", "F"), transport), transport
    )
    copy = pickle.loads(pickle.dumps(conditions))
    assert copy == conditions
    assert copy is not conditions


def test_weights_are_normalised_and_no_prompt_is_one_row_without_text() -> None:
    mixed = Conditions((WeightedPrompt("a", 3.0), WeightedPrompt("b", 1.0)))
    assert mixed.weights().tolist() == [0.75, 0.25]
    assert mixed.texts() == ("a", "b")
    assert Conditions().texts() == (None,)
    assert Conditions().weights().tolist() == [1.0]


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ConditionError, match="weight of prompt 'a' is 0"):
        WeightedPrompt("a", 0)
    with pytest.raises(ConditionError, match="must be a string"):
        WeightedPrompt(3)  # type: ignore[arg-type]
    with pytest.raises(ConditionError, match="cfg_coef is nan"):
        Conditions(cfg_coef=float("nan"))


def test_dropout_is_drawn_for_each_item_by_itself() -> None:
    items = [ConditioningAttributes({"text": "a"}, {"beat": torch.ones(2, 4)})] * 400
    kept = drop_conditions(items, Random(0), drop_all_p=0.25, drop_each_p={"beat": 0.5})
    text = [item.text["text"] is not None for item in kept]
    beat = [item.frames["beat"] is not None for item in kept]
    assert 0.68 < sum(text) / 400 < 0.82
    assert 0.3 < sum(beat) / 400 < 0.45
    assert any(t and not b for t, b in zip(text, beat, strict=True))
    assert not any(b and not t for t, b in zip(text, beat, strict=True))
    assert items[0].text["text"] == "a"


def test_asking_for_music_needs_no_torch() -> None:
    """Whoever only sends conditions to a process with a model starts quickly and stays small."""
    modules = ["conditioning.attributes", "conditioning.harmony", "conditioning.timing", "lm.sampling_params"]
    loads = "; ".join(f"import genmodels.{name}" for name in modules)
    code = f"import sys; {loads}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
