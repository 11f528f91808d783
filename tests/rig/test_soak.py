"""The soaks in their short forms: what `make soak` proves for hours, looked at for seconds."""

from __future__ import annotations

import pytest

from benchmarks.results import Outcome
from benchmarks.rig import control_to_sound
from benchmarks.soak.beat import beat
from benchmarks.soak.fuzz import fuzz
from benchmarks.soak.kills import kill_front, kill_worker
from benchmarks.soak.stage import stage


def silently(share: float) -> None:
    assert 0.0 <= share <= 1.0


def missed(outcome: Outcome, *but: str) -> list[str]:
    """The targets that were not reached, some names excepted."""
    return [
        f"{figure.name}: {figure.value:g} {figure.unit}, to reach {figure.target}"
        for figure in outcome.figures
        if figure.reached is False and figure.name not in but
    ]


def value(outcome: Outcome, name: str) -> float:
    """One of its figures."""
    return next(figure.value for figure in outcome.figures if figure.name == name)


def test_mutated_datagrams_are_refused_without_an_exception_and_change_nothing() -> None:
    assert missed(fuzz(6000, silently, seed=11)) == []


@pytest.mark.slow
def test_a_start_on_a_bar_line_sounds_on_its_sample_after_tempo_changes() -> None:
    assert missed(beat(0.3, silently)) == []


@pytest.mark.slow
def test_a_killed_front_leaves_a_take_and_nothing_else() -> None:
    assert missed(kill_front(1, silently)) == []


@pytest.mark.rig
@pytest.mark.slow
def test_a_killed_worker_is_not_heard_and_the_music_comes_back() -> None:
    outcome = kill_worker(1, silently, every_s=8.0)
    assert missed(outcome, "back after, worst") == []
    # how soon depends on what else the machine does: the soak holds it to 2 bars, on one that is idle
    assert value(outcome, "back after, worst") <= 4.0


@pytest.mark.rig
@pytest.mark.slow
def test_a_prompt_is_heard_soon_and_trials_can_be_compared() -> None:
    outcome = control_to_sound(12)
    # on a machine that is shared the device can run dry in a trial, which then differs before the change
    assert value(outcome, "trials compared") >= 6
    # as above: the soak holds 95 of 100 to 200 ms
    assert value(outcome, "control to sound, p50") <= 400.0


@pytest.mark.rig
@pytest.mark.slow
def test_two_decks_under_a_flood_are_never_silent() -> None:
    # the soak burns a core beside it, which a machine that is shared does already
    assert missed(stage(0.2, silently, rate=500, burns=False)) == []
