from daw_bridge.decks.estimate import Estimate


def test_it_rises_at_once_and_falls_slowly() -> None:
    estimate = Estimate(0.1, 0.03, 0.5)
    estimate.add(0.2)
    assert estimate.value == 0.25
    estimate.add(0.05)
    assert 0.2 < estimate.value < 0.25


def test_one_very_late_answer_is_forgotten_as_soon_as_the_longest_that_counts() -> None:
    late, longest = Estimate(0.05, 0.03, 0.5), Estimate(0.05, 0.03, 0.5)
    late.add(3600.0)
    longest.add(0.5)
    for estimate in (late, longest):
        for _ in range(30):
            estimate.add(0.05)
    assert late.value == longest.value < 0.15
