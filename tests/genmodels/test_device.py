from __future__ import annotations

import pytest
import torch

from genmodels.device import half_dtype, pick_device
from genmodels.errors import ConfigError


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_fastest_device_is_found(
    cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device() == pick_device("auto") == torch.device(expected)


def test_a_device_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device(torch.device("cuda:1")) == torch.device("cuda:1")
    with pytest.raises(ConfigError, match="'cuda:2' is not there: choose one of 'cpu', 'cuda:0', 'cuda:1'"):
        pick_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "mps", "toaster", "meta", "cuda:x", ""])
def test_a_device_that_is_not_there_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=f"device '{name}' is not there: choose one of 'cpu', or 'auto'"):
        pick_device(name)


def test_half_precision_is_what_the_device_can_multiply() -> None:
    assert half_dtype(torch.device("cpu")) == torch.bfloat16
    assert half_dtype(torch.device("cuda:1")) == half_dtype(torch.device("mps")) == torch.float16
