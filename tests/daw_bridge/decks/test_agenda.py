from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.decks.agenda import MAX_ENTRIES, Agenda, Entry
from daw_bridge.errors import ScheduleError

GAIN = Entry("/bridge/deck/{deck}/gain", 1, (-6.0,), 1000, 2.0)


def test_a_later_entry_for_the_same_parameter_and_time_replaces_the_earlier() -> None:
    agenda = Agenda()
    agenda.add(GAIN)
    agenda.add(replace(GAIN, values=(-3.0,)))
    agenda.add(replace(GAIN, deck=2))
    agenda.add(replace(GAIN, sample=2000, beat=4.0))
    assert len(agenda) == 3
    assert agenda.due(lambda entry: entry.deck == 1)[0].values == (-3.0,)
    assert len(agenda) == 1


def test_entries_follow_their_beats_and_those_without_stay() -> None:
    agenda = Agenda()
    agenda.add(GAIN)
    agenda.add(replace(GAIN, deck=2, beat=None))
    agenda.add(replace(GAIN, deck=3, sample=400))
    agenda.follow_clock(500, lambda beat: (beat, round(1500 * beat)))
    due = agenda.due(lambda entry: True)
    assert [(entry.deck, entry.sample) for entry in due] == [(3, 400), (2, 1000), (1, 3000)]


def test_what_is_cancelled_is_of_one_deck_or_all_and_of_one_parameter_or_all() -> None:
    def left(deck: int | None, path: str | None) -> int:
        agenda = Agenda()
        for entry in (GAIN, replace(GAIN, deck=2), replace(GAIN, path="/bridge/tempo", deck=None)):
            agenda.add(entry)
        agenda.cancel(deck, path)
        return len(agenda)

    assert left(1, None) == 2
    assert left(1, "/bridge/deck/{deck}/mute") == 3
    assert left(None, GAIN.path) == 1
    assert left(None, "/bridge/tempo") == 2
    assert left(None, None) == 0


@given(st.lists(st.integers(0, 50)), st.integers(0, 50))
def test_what_is_due_comes_in_order_and_once(samples: list[int], until: int) -> None:
    agenda = Agenda()
    for sample in samples:
        agenda.add(Entry("/bridge/gain", None, (0.0,), sample))
    due = [entry.sample for entry in agenda.due(lambda entry: entry.sample <= until)]
    assert due == sorted({sample for sample in samples if sample <= until})
    assert not agenda.due(lambda entry: entry.sample <= until)


def test_no_more_is_taken_than_can_be_kept() -> None:
    agenda = Agenda()
    for sample in range(MAX_ENTRIES):
        agenda.add(replace(GAIN, sample=sample, beat=None))
    with pytest.raises(ScheduleError, match="cancel some"):
        agenda.add(GAIN)
