"""Streams that run as one batch against each by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.errors import GenerationError
from genmodels.lm.decoder import Call, Decoder, ModuleDecoder, make_decoder
from genmodels.lm.half import half_transformer
from genmodels.lm.model import LMModel
from genmodels.lm.transformer import CrossContext
from genmodels.lm.two_step import TwoStepDecoder
from tests.genmodels.tiny import CARD, tiny_lm

EXACT = ["fp32", "half", "int8", "native", "two steps native"]
ROUNDED = {"fp32 batched": 1e-5, "half batched": 3e-2, "two steps batched": 1e-5}
"""Greatest relative error of logits."""


@pytest.fixture(scope="module")
def lm() -> LMModel:
    return tiny_lm(dim=64, num_heads=2)


@pytest.fixture(scope="module", params=[*EXACT, *ROUNDED])
def decoder(lm: LMModel, native_library: Path, request: pytest.FixtureRequest) -> Decoder:
    made: dict[str, Callable[[], Decoder]] = {
        "two steps native": lambda: TwoStepDecoder(make_decoder(lm, "native")),
        "fp32 batched": lambda: ModuleDecoder(lm, batches=True),
        "half batched": lambda: ModuleDecoder(lm, half_transformer(lm.transformer), batches=True),
        "two steps batched": lambda: TwoStepDecoder(ModuleDecoder(lm, batches=True)),
    }
    kind = request.param
    decoder: Decoder = made[kind]() if kind in made else make_decoder(lm, kind)
    assert decoder.exact_together == (kind in EXACT)
    decoder.tolerance = ROUNDED.get(kind)  # type: ignore[attr-defined]
    return decoder


def random_tokens(rows: int, length: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, CARD + 1, (rows, 4, length))


def context_of(lm: LMModel, *texts: str) -> CrossContext:
    cross = lm.fuser.cross(
        lm.encode_conditions([ConditioningAttributes({"description": text}) for text in texts])
    )
    assert cross is not None
    with torch.inference_mode():
        context = lm.cross_context(*cross)
    assert context is not None
    return context


TEXTS = ((), ("warm piano",), ("drums", "a very long description of strings"))


@st.composite
def streams(draw: st.DrawFn, most: int = 5) -> list[tuple[int, int, tuple[str, ...], int, bool, bool]]:
    """(rows, positions taken in before, texts, new positions, with something added, logits wanted)."""
    shape = st.tuples(
        st.integers(2, 4), st.integers(0, 40), st.sampled_from(TEXTS), st.sampled_from((1, 1, 1, 2, 7, 20)),
        st.booleans(), st.booleans(),
    )  # fmt: skip
    return draw(st.lists(shape, min_size=1, max_size=most))


@settings(max_examples=25)
@given(shapes=streams())
def test_a_stream_runs_as_by_itself_whoever_is_beside_it(
    shapes: list[tuple[int, int, tuple[str, ...], int, bool, bool]], decoder: Decoder
) -> None:
    alone: list[tuple[Call, np.ndarray]] = []
    beside: list[tuple[Call, np.ndarray]] = []
    for number, (rows, past, texts, n, has_added, want) in enumerate(shapes):
        tokens = random_tokens(rows, past + n + 1, number)
        context = context_of(decoder.lm, *texts) if texts else None
        added = torch.randn(1, n, 64, generator=torch.Generator().manual_seed(number)) if has_added else None
        for calls in (alone, beside):
            cache = decoder.new_cache(rows, past + n + 1)
            if past:
                decoder.run(tokens[..., :past], None, context, cache, want_logits=False)
            calls.append((Call(tokens[..., past : past + n], added, context, cache, want), tokens[..., -1:]))
    expected = [decoder.run(c.tokens, c.added, c.context, c.cache, c.want_logits) for c, _ in alone]
    got = decoder.run_together([call for call, _ in beside])
    # what is in the caches shows in the position after
    expected += [decoder.run(last, None, call.context, call.cache) for call, last in alone]
    got += decoder.run_together([replace(c, tokens=last, added=None, want_logits=True) for c, last in beside])
    assert [call.cache.length for call, _ in beside] == [past + n + 1 for _, past, _, n, *_ in shapes]
    for ours, theirs in zip(got, expected, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is None or theirs is None:
            continue
        tolerance = decoder.tolerance  # type: ignore[attr-defined]
        assert ours.shape == theirs.shape
        if tolerance is None:
            assert torch.equal(ours, theirs)
        else:
            assert (ours - theirs).norm() <= tolerance * theirs.norm()


@pytest.mark.parametrize("kind", ["int8", "native"])
def test_a_stream_that_does_not_fit_stops_all_and_moves_none(
    lm: LMModel, kind: str, native_library: Path
) -> None:
    decoder = make_decoder(lm, kind)  # type: ignore[arg-type]
    good, full = decoder.new_cache(2, 9), decoder.new_cache(2, 4)
    calls = [
        Call(random_tokens(2, 5, 0), None, None, good),
        Call(random_tokens(2, 5, 1), None, None, full),
    ]
    with pytest.raises(GenerationError, match="capacity of 4"):
        decoder.run_together(calls)
    assert (good.length, full.length) == (0, 0)


def test_a_compiled_batch_with_a_wrong_token_moves_no_stream(lm: LMModel, native_library: Path) -> None:
    decoder = make_decoder(lm, "native")
    caches = [decoder.new_cache(1, 4) for _ in range(2)]
    tokens = [random_tokens(1, 1, 0), np.full((1, 4, 1), CARD + 1)]
    calls = [Call(own, None, None, cache) for own, cache in zip(tokens, caches, strict=True)]
    with pytest.raises(GenerationError, match="outside"):
        decoder.run_together(calls)
    assert [cache.length for cache in caches] == [0, 0]


def test_a_compiled_batch_is_one_call(
    lm: LMModel, native_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = make_decoder(lm, "native")
    sizes: list[int] = []
    step = decoder._step  # type: ignore[attr-defined]

    def counted(calls: list[object], *rest: object) -> None:
        sizes.append(len(calls))
        step(calls, *rest)

    monkeypatch.setattr(decoder, "_step", counted)
    calls = [Call(random_tokens(2, 1, i), None, None, decoder.new_cache(2, 1)) for i in range(3)]
    assert len(decoder.run_together(calls)) == 3
    assert sizes == [3]
