from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.timeline import Timeline


def test_a_later_command_for_the_same_name_and_sample_replaces_the_earlier() -> None:
    timeline = Timeline({"a": (0,)})
    timeline.set("a", (1,), 100)
    timeline.set("a", (2,), 100)
    assert len(timeline) == 1
    assert timeline.at(99) == {"a": (0,)}
    assert timeline.at(100) == {"a": (2,)}


def test_a_change_now_leaves_planned_changes_of_other_names_and_its_own_in_place() -> None:
    timeline = Timeline({"a": (0,), "b": (0,)})
    timeline.set("a", (5,), 1000, planned=True)
    timeline.set("b", (6,), 1000)
    timeline.set("a", (1,), 10)
    assert timeline.at(500) == {"a": (1,), "b": (0,)}
    assert timeline.at(1000) == {"a": (5,), "b": (6,)}
    assert timeline.breakpoints(0, 2000) == [10, 1000]
    assert timeline.breakpoints(11, 1000) == []


def test_what_was_set_before_does_not_come_back_from_where_it_was_laid() -> None:
    timeline = Timeline({"a": (0,)})
    timeline.set("a", (1,), 1000)
    timeline.set("a", (2,), 900, planned=True)
    timeline.set("a", (3,), 500)
    assert [timeline.at(sample)["a"] for sample in (500, 900, 1000)] == [(3,), (2,), (2,)]


def test_planned_changes_follow_the_tempo_and_past_ones_stay() -> None:
    timeline = Timeline({"a": (0,)})
    timeline.set("a", (1,), 100, beat=1.0)
    timeline.set("a", (2,), 400, beat=4.0)
    timeline.set("a", (3,), 500)
    timeline.follow_clock(lambda beat: (beat, round(200 * beat)), after=150)
    assert timeline.breakpoints(0, 10_000) == [100, 500, 800]


def test_a_change_for_good_ends_planned_ones_of_that_name() -> None:
    timeline = Timeline({"a": (0,), "b": (0,)})
    timeline.set("a", (1,), 100)
    timeline.set("b", (2,), 100)
    timeline.set_base("a", (9,))
    timeline.settle_all()
    assert timeline.at(0) == {"a": (9,), "b": (2,)}
    assert len(timeline) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(0, 9))), st.integers(0, 50))
def test_settling_never_changes_what_holds_afterwards(
    changes: list[tuple[str, int, int]], settled: int
) -> None:
    timeline = Timeline(dict.fromkeys("abc", (0,)))
    for name, sample, value in changes:
        timeline.set(name, (value,), sample)
    before = [timeline.at(sample) for sample in range(settled, 60)]
    timeline.settle(settled)
    assert [timeline.at(sample) for sample in range(settled, 60)] == before
