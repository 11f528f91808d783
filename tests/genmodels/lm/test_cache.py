from __future__ import annotations

import pytest
import torch

from genmodels.errors import GenerationError
from genmodels.lm.cache import KVCache


def filled(rows: int = 2, length: int = 3) -> KVCache:
    cache = KVCache(2, rows, num_heads=2, head_dim=4, capacity=6)
    for layer in range(2):
        new = torch.randn(rows, 2, length, 4, generator=torch.Generator().manual_seed(layer))
        cache.append(layer, new, new + 1)
    cache.extend(length)
    return cache


def test_appended_positions_follow_the_past() -> None:
    cache = filled()
    new = torch.ones(2, 2, 1, 4)
    keys, values = cache.append(0, new, new * 2)
    assert keys.shape == values.shape == (2, 2, 4, 4)
    assert (keys[:, :, 3] == 1).all()
    assert (values[:, :, 3] == 2).all()


def test_cutting_back_is_a_pointer_and_cannot_go_forward() -> None:
    cache = filled()
    before = cache.layers[0].data_ptr()
    cache.truncate(1)
    assert (cache.length, cache.layers[0].data_ptr()) == (1, before)
    with pytest.raises(GenerationError, match="cannot cut to 2, it holds 1"):
        cache.truncate(2)


def test_a_full_cache_says_so() -> None:
    cache = filled(length=6)
    new = torch.ones(2, 2, 1, 4)
    with pytest.raises(GenerationError, match="capacity of 6"):
        cache.append(0, new, new)


def test_rows_can_be_copied_and_gathered() -> None:
    cache = filled()
    gathered = cache.gather_rows([1, 0, 1])
    assert (gathered.rows, gathered.length) == (3, 3)
    assert torch.equal(gathered.layers[1][:, 2, :, :3], cache.layers[1][:, 1, :, :3])
    cache.copy_row(0, 1)
    assert torch.equal(cache.layers[0][:, 0, :, :3], cache.layers[0][:, 1, :, :3])
    assert not torch.equal(gathered.layers[0][:, 0, :, :3], cache.layers[0][:, 1, :, :3])
