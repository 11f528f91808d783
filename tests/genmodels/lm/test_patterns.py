from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from genmodels.errors import ConfigError
from genmodels.lm.patterns import (
    Cell,
    CoarseFirstPattern,
    CodebooksPatternProvider,
    DelayedPatternProvider,
    MusicLMPattern,
    ParallelPatternProvider,
    Pattern,
    UnrolledPatternProvider,
    build_pattern_provider,
)
from tests.genmodels.lm import slow_patterns as slow

SPECIAL = 50


@st.composite
def cases(draw: st.DrawFn) -> tuple[CodebooksPatternProvider, slow.Layout, int]:
    """A provider, the layout that it should give, and a number of frames."""
    n_q, frames = draw(st.integers(1, 6)), draw(st.integers(1, 14))

    def rising(count: int, most: int) -> list[int]:
        return sorted(draw(st.lists(st.integers(0, most), min_size=count, max_size=count)))

    kind = draw(st.sampled_from(["delay", "parallel", "unroll", "coarse_first", "musiclm"]))
    if kind == "delay":
        flat, empty, delays = draw(st.integers(0, 5)), draw(st.integers(0, 3)), rising(n_q, 5)
        provider: CodebooksPatternProvider = DelayedPatternProvider(n_q, delays, flat, empty)
        return provider, slow.delay(n_q, frames, delays, flat, empty), frames
    if kind == "parallel":
        return ParallelPatternProvider(n_q), slow.delay(n_q, frames, [0] * n_q, 0, 0), frames
    if kind == "unroll":
        flattening = rising(n_q, 5)
        by_step = rising(max(flattening) + 1, 4)
        delays = [by_step[inner] for inner in flattening]
        provider = UnrolledPatternProvider(n_q, flattening, delays)
        return provider, slow.unroll(n_q, frames, flattening, delays), frames
    if kind == "coarse_first":
        delays = rising(n_q, 4)
        return CoarseFirstPattern(n_q + 1, delays), slow.coarse_first(n_q + 1, frames, delays), frames
    group_by = draw(st.integers(1, 3))
    return MusicLMPattern(n_q * group_by, group_by), slow.musiclm(n_q * group_by, frames, group_by), frames


@given(case=cases())
def test_steps_hold_the_cells_of_the_definition(
    case: tuple[CodebooksPatternProvider, slow.Layout, int],
) -> None:
    provider, layout, frames = case
    pattern = provider.get_pattern(frames)
    expected = [{cell for cell in step if cell[0] < frames} for step in layout]
    assert [{tuple(cell) for cell in cells} for cells in pattern.layout] == expected
    assert pattern.num_sequence_steps == len(layout) - 1
    assert pattern.valid_steps == len(layout) - slow.tail(layout, frames)
    for t in range(frames):
        first = next(s for s, step in enumerate(layout) if any(cell[0] == t for cell in step))
        assert pattern.get_first_step_with_timestep(t) == first


@given(case=cases(), valid=st.booleans(), seed=st.integers(0, 99))
def test_sequences_are_built_as_by_the_definition_and_reverted_to_the_codes(
    case: tuple[CodebooksPatternProvider, slow.Layout, int], valid: bool, seed: int
) -> None:
    provider, layout, frames = case
    pattern = provider.get_pattern(frames)
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, SPECIAL, (2, provider.n_q, frames), generator=generator)
    sequence, held = pattern.build_pattern_sequence(codes, SPECIAL, keep_only_valid_steps=valid)
    expected, expected_held = slow.build(layout, codes, SPECIAL)
    length = len(layout) - (slow.tail(layout, frames) if valid else 0)
    assert torch.equal(sequence, expected[..., :length])
    assert torch.equal(held, expected_held[..., :length])
    reverted, mask = pattern.revert_pattern_sequence(sequence, SPECIAL)
    assert torch.equal(reverted[:, mask], codes[:, mask])
    assert mask.all() or valid


@given(case=cases(), data=st.data())
def test_any_sequence_and_any_logits_are_reverted_as_by_the_definition(
    case: tuple[CodebooksPatternProvider, slow.Layout, int], data: st.DataObject
) -> None:
    provider, layout, frames = case
    pattern = provider.get_pattern(frames)
    length = data.draw(st.integers(1, len(layout)))
    generator = torch.Generator().manual_seed(length)
    sequence = torch.randint(0, SPECIAL, (2, provider.n_q, length), generator=generator)
    for got, wanted in zip(
        pattern.revert_pattern_sequence(sequence, SPECIAL),
        slow.revert(layout, sequence, frames, SPECIAL),
        strict=True,
    ):
        assert torch.equal(got, wanted)
    logits = torch.randn(2, provider.n_q, length, 3, generator=generator)
    for got, wanted in zip(
        pattern.revert_pattern_logits(logits), slow.revert_logits(layout, logits, frames), strict=True
    ):
        assert torch.equal(got, wanted)


def test_delayed_layout_is_that_of_the_published_models() -> None:
    pattern = DelayedPatternProvider(4).get_pattern(6)
    assert pattern.layout[0] == ()
    assert pattern.layout[1] == (Cell(0, 0),)
    assert pattern.layout[4] == (Cell(3, 0), Cell(2, 1), Cell(1, 2), Cell(0, 3))
    assert pattern.layout[9] == (Cell(5, 3),)
    assert (pattern.num_sequence_steps, pattern.max_delay, pattern.valid_steps) == (9, 3, 7)


def test_stereo_layout_pairs_left_and_right() -> None:
    pattern = DelayedPatternProvider(8, [0, 0, 1, 1, 2, 2, 3, 3]).get_pattern(6)
    assert pattern.layout[1] == (Cell(0, 0), Cell(0, 1))
    assert pattern.layout[2] == (Cell(1, 0), Cell(1, 1), Cell(0, 2), Cell(0, 3))
    assert (pattern.num_sequence_steps, pattern.valid_steps) == (9, 7)


def test_flattened_layouts_are_those_of_their_descriptions() -> None:
    def rows(provider: CodebooksPatternProvider) -> list[list[int]]:
        codes = torch.arange(1, 5).expand(1, 3, 4)
        return provider.get_pattern(4).build_pattern_sequence(codes, 0)[0][0].tolist()

    assert rows(UnrolledPatternProvider(3)) == [
        [0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0],
        [0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0],
        [0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4],
    ]
    delayed = rows(UnrolledPatternProvider(3, [0, 1, 1], [0, 3, 3]))
    assert delayed[0][:9] == [0, 1, 2, 3, 0, 4, 0, 0, 0]
    assert delayed[1] == delayed[2] == [0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0]
    assert rows(CoarseFirstPattern(3, [0, 1])) == [
        [0, 1, 2, 3, 4, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 2, 3, 4, 0],
        [0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
    ]


def test_first_step_of_a_frame_is_that_of_its_first_codebook() -> None:
    pattern = DelayedPatternProvider(4).get_pattern(6)
    assert pattern.get_first_step_with_timestep(2) == 3
    assert pattern.get_first_step_with_timestep(2, 3) == 6
    assert pattern.get_first_step_with_timestep(6) is None


def test_any_layout_is_reverted_even_if_its_steps_are_not_consecutive() -> None:
    layout = ((), (Cell(1, 0),), (Cell(0, 0), Cell(0, 1)), (Cell(1, 1),))
    pattern = Pattern(layout, 2, 2)
    logits = torch.arange(6.0).view(1, 2, 3, 1)
    reverted, mask = pattern.revert_pattern_logits(logits)
    assert mask.all()
    assert reverted[0, :, :, 0].tolist() == [[1.0, 0.0], [4.0, 5.0]]


def test_valid_steps_leave_the_last_delayed_cells_unpredicted() -> None:
    pattern = DelayedPatternProvider(2).get_pattern(5)
    sequence, _ = pattern.build_pattern_sequence(torch.zeros(1, 2, 5, dtype=torch.int64), 9, True)
    assert sequence.shape[-1] == 6
    _, mask = pattern.revert_pattern_logits(torch.zeros(1, 2, 5, 3))
    assert mask.tolist() == [[True] * 5, [True] * 4 + [False]]


def test_patterns_are_kept_but_not_without_end() -> None:
    provider = DelayedPatternProvider(2)
    pattern = provider.get_pattern(5)
    assert provider.get_pattern(5) is pattern
    for frames in range(6, 40):
        provider.get_pattern(frames)
    assert provider.get_pattern(5) is not pattern


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (((Cell(0, 0),),), "step 0"),
        (((), (Cell(0, 0),), (Cell(0, 0),)), "twice"),
        (((), ()), "no step"),
        (((), (Cell(0, 0),), (Cell(1, 0),)), r"holds \(t=1, q=0\)"),
    ],
)
def test_broken_layouts_are_refused(layout: tuple[tuple[Cell, ...], ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Pattern(layout, 1, 1)


def test_arguments_that_do_not_fit_the_codebooks_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 delays"):
        DelayedPatternProvider(4, [0, 1, 2])
    with pytest.raises(ConfigError, match="fall"):
        DelayedPatternProvider(2, [1, 0])
    with pytest.raises(ConfigError, match="flatten_first -1"):
        DelayedPatternProvider(2, flatten_first=-1)
    with pytest.raises(ConfigError, match=r"codebooks \(1, 2\) share inner step 1"):
        UnrolledPatternProvider(3, [0, 1, 1], [0, 0, 2])
    with pytest.raises(ConfigError, match="at least 2 codebooks"):
        CoarseFirstPattern(1)
    with pytest.raises(ConfigError, match="group_by is 3"):
        MusicLMPattern(4, 3)
    with pytest.raises(ConfigError, match="2 codebooks and 3 frames"):
        DelayedPatternProvider(2).get_pattern(4).build_pattern_sequence(
            torch.zeros(1, 2, 3, dtype=torch.int64), 9
        )


def test_configurations_of_checkpoints_give_their_pattern() -> None:
    delays = {"delays": [0, 0, 1, 1], "flatten_first": 0, "empty_initial": 2}
    cfg = OmegaConf.create({"modeling": "delay", "delay": delays, "unroll": {"flattening": [0, 1, 2, 3]}})
    provider = build_pattern_provider(4, cfg)  # type: ignore[arg-type]
    assert isinstance(provider, DelayedPatternProvider)
    assert (provider.delays, provider.empty_initial) == ((0, 0, 1, 1), 2)
    kinds: dict[str, Any] = {
        "parallel": ParallelPatternProvider,
        "unroll": UnrolledPatternProvider,
        "coarse_first": CoarseFirstPattern,
        "musiclm": MusicLMPattern,
    }
    for kind, expected in kinds.items():
        assert type(build_pattern_provider(4, {"modeling": kind})) is expected
    with pytest.raises(ConfigError, match="'spiral', must be one of parallel"):
        build_pattern_provider(4, {"modeling": "spiral"})
    with pytest.raises(ConfigError, match=r"'musiclm'.*'groups'"):
        build_pattern_provider(4, {"modeling": "musiclm", "musiclm": {"groups": 2}})
    with pytest.raises(ConfigError, match="'delay'"):
        build_pattern_provider(4, {"modeling": "delay", "delay": {"delays": 4}})
