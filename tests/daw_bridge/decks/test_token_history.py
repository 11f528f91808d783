import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.token_history import KEPT_FRAMES, TokenHistory


def block(values: list[int]) -> np.ndarray:
    return np.tile(np.array(values, np.int16), (4, 1))


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 6)), max_size=40))
def test_history_equals_a_list_that_is_cut_and_extended(steps: list[tuple[int, int]]) -> None:
    history, model, fresh = TokenHistory(), [], 0
    for back, count in steps:
        first = max(0, len(model) - back)
        values = list(range(fresh, fresh + count))
        fresh += count
        model = model[:first] + values
        history.replace(first, block(values))
    found = history.before(len(model), 10_000)
    assert ([] if found is None else found[0].tolist()) == model[-KEPT_FRAMES - 6 :]


def test_a_gap_forgets_what_was_before() -> None:
    history = TokenHistory()
    history.replace(0, block([1, 2, 3]))
    history.replace(10, block([4, 5]))
    assert history.before(12, 99)[0].tolist() == [4, 5]
    assert history.before(11, 99)[0].tolist() == [4]
    assert history.before(5, 99) is None


def test_history_is_bounded() -> None:
    history = TokenHistory()
    for first in range(0, 10 * KEPT_FRAMES, 5):
        history.replace(first, block([1] * 5))
    found = history.before(history.end, 10**6)
    assert found is not None
    assert KEPT_FRAMES <= found.shape[1] <= KEPT_FRAMES + 5
