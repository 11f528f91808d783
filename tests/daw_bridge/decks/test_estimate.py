from daw_bridge.decks.estimate import REMEMBERED, Estimate


def test_it_rises_at_once_and_falls_when_the_longest_is_too_long_ago() -> None:
    estimate = Estimate(0.1, 0.03, 0.5)
    estimate.add(0.2)
    assert estimate.value == 0.25
    for _ in range(REMEMBERED - 1):
        estimate.add(0.08)
    assert estimate.value == 0.25
    estimate.add(0.08)
    assert estimate.value == 0.1


def test_it_stays_within_its_bounds() -> None:
    estimate = Estimate(0.05, 0.03, 0.5)
    estimate.add(3600.0)
    assert estimate.value == 0.5
    for _ in range(REMEMBERED):
        estimate.add(0.001)
    assert estimate.value == 0.03
