"""What a model took is given back when it is dropped."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from torch import Tensor

from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt
from genmodels.device import release_memory
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from tests.genmodels.tiny import FakeCodec, tiny_lm

PRECISIONS = ["fp32", "half", "int8", "native"]


def used_model(precision: str, device: str = "cpu", **changes: Any) -> tuple[MusicGen, Continuation]:
    """A model that has generated, offline and streaming, with changes of conditions and a rollback."""
    lm = tiny_lm(dim=64, num_heads=2, **changes).to(device)
    model = MusicGen("tiny", FakeCodec().to(device), lm, 1.6, 0.9, precision)  # type: ignore[arg-type]
    model.set_generation_params(duration=0.5, extend_stride=0.9)
    model.generate(["warm piano", None])
    stream = Continuation(model, Conditions((WeightedPrompt("drums"),)), seed=1)
    stream.advance(30)
    mix = (WeightedPrompt("piano"), WeightedPrompt("drums", 0.5))
    stream.set_conditions(Conditions(mix, transport=Transport(100.0)), 20)
    stream.advance(40)
    return model, stream


def tensors_of(*owners: object) -> Iterator[Tensor]:
    """All tensors that can be reached from objects."""
    seen: set[int] = set()
    waiting = list(owners)
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type):
            continue
        seen.add(id(item))
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, dict | weakref.WeakKeyDictionary):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set):
            waiting += item
        elif type(item).__module__.startswith(("genmodels", "tests", "torch.nn")):
            waiting += vars(item).values() if hasattr(item, "__dict__") else []


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_tensor_outlives_a_model_that_was_dropped(precision: str, native_library: Path) -> None:
    model, stream = used_model(precision)
    found = list(tensors_of(model, stream, model.decoder))
    watched = [weakref.ref(tensor) for tensor in found]
    others = [weakref.ref(item) for item in (model, stream, model.lm, model.decoder)]
    weights = sum(1 for _ in model.lm.parameters())
    assert len(watched) > weights + 10
    del model, stream, found
    release_memory()
    assert [ref for ref in others if ref() is not None] == []
    assert sum(ref() is not None for ref in watched) == 0


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_process_shrinks_again_when_models_come_and_go(precision: str, native_library: Path) -> None:
    process = psutil.Process()

    def cycle() -> int:
        model, stream = used_model(precision, hidden_scale=256)
        size = sum(weight.nbytes for weight in model.lm.parameters())
        del model, stream
        release_memory()
        return size

    size = max(cycle() for _ in range(2))
    assert size > 15e6
    before = process.memory_info().rss
    for _ in range(4):
        cycle()
    assert process.memory_info().rss - before < 2 * size


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
@pytest.mark.parametrize("precision", ["fp32", "half"])
def test_no_memory_of_the_gpu_outlives_a_model(precision: str) -> None:
    used_model(precision, "cuda")
    release_memory()
    before = torch.cuda.memory_allocated()
    held = used_model(precision, "cuda", hidden_scale=256)
    assert torch.cuda.memory_allocated() - before > 15e6
    del held
    release_memory()
    assert torch.cuda.memory_allocated() == before
    assert torch.cuda.memory_reserved() - before < 15e6
