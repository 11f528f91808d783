from __future__ import annotations

import pytest

from daw_bridge.audio.lateness import BOUNDS_MS, RECENT_S, Lateness


def test_each_time_is_counted_in_its_bin_and_the_worst_is_kept() -> None:
    lateness = Lateness()
    for ms in (1.0, 5.0, 5.1, 39.0, 1000.0):
        lateness.add(ms / 1000)
    assert lateness.counts == [2, 1, 0, 1, 0, 0, 0, 0, 1]
    assert len(lateness.counts) == len(BOUNDS_MS) + 1
    assert lateness.worst_s == 1.0


def test_the_recent_worst_is_forgotten_after_a_while() -> None:
    now = [0.0]
    lateness = Lateness(lambda: now[0])
    lateness.add(0.05)
    assert lateness.recent_s == 0.05
    now[0] = RECENT_S
    lateness.add(0.01)
    assert lateness.recent_s == 0.05
    now[0] = 2 * RECENT_S
    lateness.add(0.002)
    assert lateness.recent_s == pytest.approx(0.01)
    assert lateness.worst_s == 0.05
