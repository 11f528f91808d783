from __future__ import annotations

import weakref

import pytest
import torch
from torch import nn

from genmodels.conditioning import t5
from genmodels.device import release_memory
from genmodels.sharing import shared_while_used


def test_a_module_is_loaded_once_while_it_is_used_and_again_afterwards() -> None:
    loaded: list[str] = []

    @shared_while_used
    def load(name: str) -> nn.Module:
        loaded.append(name)
        return nn.Linear(2, 2)

    first = load("a")
    assert load("a") is first
    assert load("b") is not first
    assert loaded == [
        "a",
        "b",
    ]
    del first
    release_memory()
    load("a")
    assert loaded == ["a", "b", "a"]


def test_the_encoder_of_a_text_is_shared_by_models_and_goes_with_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import transformers

    config = transformers.T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda name: object())
    monkeypatch.setattr(
        transformers.T5EncoderModel,
        "from_pretrained",
        lambda name, dtype: transformers.T5EncoderModel(config).to(dtype),
    )
    one, other = t5.T5Conditioner(4, "a test's own"), t5.T5Conditioner(4, "a test's own")
    assert one.t5 is other.t5
    assert one.t5.dtype == torch.float32
    encoder = weakref.ref(one.t5)
    del one
    release_memory()
    assert encoder() is other.t5
    del other
    release_memory()
    assert encoder() is None
