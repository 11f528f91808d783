"""Generation under any pattern, against a loop that runs the whole model anew for every step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genmodels.conditioning.attributes import ConditioningAttributes, Conditions, WeightedPrompt
from genmodels.errors import ConfigError, GenerationError
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import ModuleDecoder
from genmodels.lm.model import LMModel
from genmodels.lm.patterns import (
    CoarseFirstPattern,
    CodebooksPatternProvider,
    DelayedPatternProvider,
    MusicLMPattern,
    ParallelPatternProvider,
    UnrolledPatternProvider,
)
from genmodels.lm.two_step import TwoStepDecoder
from tests.genmodels.tiny import CARD, FakeCodec, tiny_lm

TEXT_ONLY = {"conditioners": {"description": {"kind": "words", "vocabulary": 64}}}
PROVIDERS: dict[str, CodebooksPatternProvider] = {
    "delay": DelayedPatternProvider(4),
    "delay from 1": DelayedPatternProvider(4, [1, 1, 2, 4]),
    "flattened start": DelayedPatternProvider(4, flatten_first=3),
    "empty start": DelayedPatternProvider(4, flatten_first=2, empty_initial=3),
    "parallel": ParallelPatternProvider(4),
    "unrolled": UnrolledPatternProvider(4),
    "unrolled in groups": UnrolledPatternProvider(4, [0, 1, 1, 3], [0, 2, 2, 3]),
    "coarse first": CoarseFirstPattern(4, [0, 1, 2]),
    "musiclm": MusicLMPattern(4),
}


@pytest.fixture(scope="module")
def lm() -> LMModel:
    return tiny_lm(fuser={"cross": ["description"]}, **TEXT_ONLY)


def asked(*texts: str) -> list[ConditioningAttributes]:
    return [ConditioningAttributes({"description": text}) for text in texts]


def naive_greedy(
    lm: LMModel,
    provider: CodebooksPatternProvider,
    items: list[ConditioningAttributes],
    frames: int,
    prompt: Tensor,
) -> Tensor:
    """The most likely codes under guidance of 3; no cache, no chunks."""
    pattern = provider.get_pattern(frames)
    unknown = torch.full((len(items), lm.n_q, frames - prompt.shape[2]), -1)
    sequence, _ = pattern.build_pattern_sequence(torch.cat([prompt, unknown], 2), lm.special_token_id)
    both = lm.encode_conditions([*items, *(item.null() for item in items)])
    with torch.no_grad():
        for step in range(1, pattern.num_sequence_steps + 1):
            missing = sequence[..., step] == -1
            if missing.any():
                logits = lm(sequence[..., :step].repeat(2, 1, 1), condition_tensors=both)[:, :, -1]
                cond, null = logits.chunk(2)
                likely = (null + 3.0 * (cond - null)).argmax(-1)
                sequence[..., step] = torch.where(missing, likely, sequence[..., step])
    return pattern.revert_pattern_sequence(sequence, -1)[0]


@pytest.mark.parametrize("name", PROVIDERS)
@settings(max_examples=4, deadline=None)
@given(frames=st.integers(2, 12), data=st.data())
def test_greedy_generation_equals_the_plain_loop(
    lm: LMModel, name: str, frames: int, data: st.DataObject
) -> None:
    known = data.draw(st.integers(0, frames - 1))
    prompt = torch.randint(0, CARD, (2, 4, known), generator=torch.Generator().manual_seed(frames))
    lm.pattern_provider = PROVIDERS[name]
    items = asked("warm piano", "a very long description of drums and bass")
    codes = lm.generate(prompt, items, max_gen_len=frames, use_sampling=False)
    expected = naive_greedy(lm, PROVIDERS[name], items, frames, prompt)
    assert torch.equal(codes, expected)
    assert torch.equal(codes[..., :known], prompt)


@pytest.mark.parametrize("name", PROVIDERS)
def test_progress_grows_to_the_end_under_any_pattern(lm: LMModel, name: str) -> None:
    lm.pattern_provider = PROVIDERS[name]
    calls: list[tuple[int, int]] = []
    lm.generate(max_gen_len=8, callback=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls)
    assert calls[-1] == (8, 8)
    assert calls[len(calls) // 3][0] < 8


@pytest.mark.parametrize("name", PROVIDERS)
def test_training_predicts_the_cells_that_generation_draws(lm: LMModel, name: str) -> None:
    lm.pattern_provider = PROVIDERS[name]
    items = asked("warm piano")
    codes = lm.generate(conditions=items, max_gen_len=10, use_sampling=False, cfg_coef=1.0)
    out = lm.compute_predictions(codes, lm.encode_conditions(items))
    assert out.mask.float().mean() > 0.5
    assert torch.equal(out.logits.argmax(-1)[out.mask], codes[out.mask])


def test_stereo_models_with_eight_codebooks_generate_as_the_plain_loop_does() -> None:
    provider = DelayedPatternProvider(8, [0, 0, 1, 1, 2, 2, 3, 3])
    lm = tiny_lm(n_q=8, delays=list(provider.delays), fuser={"cross": ["description"]}, **TEXT_ONLY)
    items = asked("warm piano", "drums")
    codes = lm.generate(conditions=items, max_gen_len=20, use_sampling=False)
    assert torch.equal(codes, naive_greedy(lm, provider, items, 20, torch.zeros(2, 8, 0, dtype=torch.int64)))


@pytest.mark.parametrize("fuser", ["cross", "prepend"])
def test_two_steps_give_the_tokens_of_one(fuser: str) -> None:
    kind = {"kind": "words", "vocabulary": 64}
    lm = tiny_lm(conditioners={"description": kind}, fuser={fuser: ["description"]})
    for items in (asked("warm piano", "loud and very long drums"), asked("warm piano"), []):
        plain = lm.generate(conditions=items, max_gen_len=20, use_sampling=False, cfg_coef=4.0)
        decoder = TwoStepDecoder(ModuleDecoder(lm))
        split = lm.generate(
            conditions=items, max_gen_len=20, use_sampling=False, cfg_coef=4.0, decoder=decoder
        )
        assert torch.equal(plain, split)


@pytest.mark.parametrize("name", ["flattened start", "empty start", "unrolled", "coarse first", "musiclm"])
def test_patterns_that_do_not_go_by_frame_are_neither_streamed_nor_conditioned_by_frame(
    lm: LMModel, name: str
) -> None:
    lm.pattern_provider = PROVIDERS[name]
    model = MusicGen("tiny", FakeCodec(), lm, 1.6, 0.9, "fp32")
    with pytest.raises(GenerationError, match="cannot be streamed"):
        Continuation(model, Conditions((WeightedPrompt("piano"),)), seed=1)
    transport = tiny_lm()
    with pytest.raises(ConfigError, match="go by frame"):
        LMModel(
            4, CARD, 32, 4, 1, 2, PROVIDERS[name], transport.condition_provider, transport.fuser
        )  # fmt: skip


def test_a_parallel_pattern_is_streamed_as_it_is_generated(lm: LMModel) -> None:
    lm.pattern_provider = PROVIDERS["parallel"]
    model = MusicGen("tiny", FakeCodec(), lm, 1.6, 0.9, "fp32")
    model.set_generation_params(duration=2.5, use_sampling=False, extend_stride=0.9)
    conditions = Conditions((WeightedPrompt("piano"),), sampling=model.generation_params.sampling)
    stream = Continuation(model, conditions, seed=1)
    stream.advance(125)
    assert torch.equal(stream.codes, model.generate_tokens([conditions], seed=1)[0])
