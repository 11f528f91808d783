from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genmodels.errors import ConfigError
from genmodels.lm.patterns import Cell, DelayedPatternProvider, Pattern

delays = st.lists(st.integers(0, 5), min_size=1, max_size=6).map(sorted)


@given(delays=delays, timesteps=st.integers(1, 20), seed=st.integers(0, 99))
def test_building_and_reverting_a_sequence_gives_the_codes_back(
    delays: list[int], timesteps: int, seed: int
) -> None:
    pattern = DelayedPatternProvider(len(delays), delays).get_pattern(timesteps)
    codes = torch.randint(0, 50, (2, len(delays), timesteps), generator=torch.Generator().manual_seed(seed))
    sequence, held = pattern.build_pattern_sequence(codes, 50)
    assert sequence.shape[-1] == pattern.num_sequence_steps + 1
    assert (sequence[:, ~held] == 50).all()
    assert (sequence[:, :, 0] == 50).all()
    reverted, mask = pattern.revert_pattern_sequence(sequence, 50)
    assert mask.all()
    assert torch.equal(reverted, codes)


@given(delays=delays, timesteps=st.integers(1, 20))
def test_outputs_are_laid_back_to_the_cells_that_they_predict(delays: list[int], timesteps: int) -> None:
    pattern = DelayedPatternProvider(len(delays), delays).get_pattern(timesteps)
    # each output says which step it predicts and for which codebook
    steps = torch.arange(1, pattern.num_sequence_steps + 1).float()
    logits = torch.stack([torch.stack([steps, torch.full_like(steps, q)], -1) for q in range(len(delays))])[
        None
    ]
    reverted, mask = pattern.revert_pattern_logits(logits)
    assert mask.all()
    for q, delay in enumerate(delays):
        assert reverted[0, q, :, 0].tolist() == [t + 1 + delay for t in range(timesteps)]
        assert (reverted[0, q, :, 1] == q).all()


def test_delayed_layout_is_that_of_the_published_models() -> None:
    pattern = DelayedPatternProvider(4).get_pattern(6)
    assert pattern.layout[0] == ()
    assert pattern.layout[1] == (Cell(0, 0),)
    assert pattern.layout[4] == (Cell(3, 0), Cell(2, 1), Cell(1, 2), Cell(0, 3))
    assert pattern.layout[9] == (Cell(5, 3),)
    assert (pattern.num_sequence_steps, pattern.max_delay, pattern.valid_steps) == (9, 3, 7)


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


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (((Cell(0, 0),),), "step 0"),
        (((), (Cell(0, 0),), (Cell(0, 0),)), "twice"),
        (((), ()), "no step"),
    ],
)
def test_broken_layouts_are_refused(layout: tuple[tuple[Cell, ...], ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Pattern(layout, 1, 1)


def test_delays_must_fit_the_codebooks_and_not_fall() -> None:
    with pytest.raises(ConfigError, match="3 delays"):
        DelayedPatternProvider(4, [0, 1, 2])
    with pytest.raises(ConfigError, match="fall"):
        DelayedPatternProvider(2, [1, 0])
    with pytest.raises(ConfigError, match="2 codebooks and 3 frames"):
        DelayedPatternProvider(2).get_pattern(4).build_pattern_sequence(
            torch.zeros(1, 2, 3, dtype=torch.int64), 9
        )
