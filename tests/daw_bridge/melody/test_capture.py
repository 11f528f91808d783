from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import MelodyError
from daw_bridge.melody.capture import Capture, Captured, Span, next_span
from daw_bridge.melody.phrase import MAX_NOTES, Note, Phrase

STEPS = st.tuples(st.integers(0, 300), st.integers(1, 200), st.integers(0, 127))


def play(capture: Capture, notes: list[tuple[float, float, int]]) -> None:
    """Press and release (start, end, pitch) in order of time; each with a key of its own."""
    events = [(start, 1, n) for n, (start, _, _) in enumerate(notes)]
    events += [(end, 0, n) for n, (_, end, _) in enumerate(notes)]
    for beat, down, n in sorted(events):
        capture.advance(beat)
        if down:
            capture.press((n, notes[n][2]), 100, beat)
        else:
            capture.release((n, notes[n][2]), beat)


def test_a_span_begins_on_the_next_bar_line_after_the_count_in() -> None:
    assert next_span(5.2, 4, bars=2) == Span(8.0, 16.0)
    assert next_span(8.0, 4, bars=2) == Span(8.0, 16.0)
    assert next_span(5.2, 3, bars=1, count_in=2) == Span(12.0, 15.0)
    # what leads up to bar 1 has no bar lines
    assert next_span(-6.0, 4, bars=1, count_in=1) == Span(4.0, 8.0)
    with pytest.raises(MelodyError, match="at least 1 bar"):
        next_span(0.0, 4, bars=0)


@given(st.lists(STEPS, max_size=20), st.integers(1, 4), st.sampled_from([0.0, 0.25, 0.5]))
def test_every_note_begun_in_the_span_is_captured_and_the_length_is_exact(
    steps: list[tuple[int, int, int]], bars: int, grid: float
) -> None:
    span = Span(8.0, 8.0 + 4 * bars)
    capture = Capture(grid=grid)
    capture.arm(span)
    notes = [(6.0 + start / 10, 6.0 + (start + length) / 10, pitch) for start, length, pitch in steps]
    play(capture, notes)
    capture.advance(100.0)
    assert capture.phrase is not None
    assert capture.phrase.beats == span.beats
    wanted = {pitch for start, _, pitch in notes if 7.5 <= start < span.end}
    assert {note.pitch for note in capture.phrase.notes} == wanted
    assert capture.state(100.0) == "idle"


def test_what_was_played_comes_back_where_it_was_played() -> None:
    capture = Capture()
    capture.arm(next_span(4.5, 4, bars=1))
    play(capture, [(8.5, 9.5, 60)])
    assert capture.advance(11.9) is None
    assert capture.state(9.0) == "recording"
    assert capture.advance(12.0) == Captured(Phrase((Note(60, 0.5, 1.0),), 4.0))
    assert isinstance(capture.phrase, Phrase)
    assert [note.start for note in capture.phrase.repeated(12.0, 16.0)] == [12.5]


def test_a_note_a_little_early_is_on_the_first_beat_and_one_held_too_long_ends_with_the_span() -> None:
    capture = Capture()
    capture.arm(Span(4.0, 8.0))
    play(capture, [(3.8, 5.0, 60), (3.0, 5.0, 62), (7.0, 9.0, 64)])
    capture.advance(9.0)
    assert capture.phrase == Phrase((Note(60, 0.0, 1.0), Note(64, 3.0, 1.0)), 4.0)


def test_overdub_lays_notes_on_the_loop_and_wraps_them() -> None:
    capture = Capture(phrase=Phrase((Note(60, 0.0, 1.0),), 4.0), overdubbing=True)
    assert capture.state(21.0) == "overdub"
    capture.press(("keys", 67), 90, 23.5)
    laid = capture.release(("keys", 67), 24.5)
    assert laid == Captured(Phrase((Note(60, 0.0, 1.0), Note(67, 3.5, 1.0, 90)), 4.0))
    capture.overdubbing = False
    capture.press(("keys", 69), 90, 25.0)
    assert capture.release(("keys", 69), 26.0) is None


def test_arming_keeps_the_old_phrase_until_the_new_one_is_played_and_cancel_keeps_it_for_good() -> None:
    old = Phrase((Note(60, 0.0, 1.0),), 4.0)
    capture = Capture(phrase=old)
    capture.arm(Span(8.0, 12.0))
    assert capture.state(6.0) == "count-in"
    assert capture.phrase is old
    capture.cancel()
    assert capture.advance(20.0) is None
    assert capture.phrase is old
    capture.clear()
    assert capture.phrase is None


def strike(capture: Capture, count: int, begin: float) -> None:
    """Notes one after another, a hundred a beat, each where no other is."""
    for number in range(count):
        beat = begin + number / 100
        capture.advance(beat)
        capture.press((number, number % 128), 100, beat)
        capture.release((number, number % 128), beat + 0.005)


@pytest.mark.parametrize(("more", "held"), [(0, 0), (1, 0), (500, 0), (3, 4)])
def test_of_more_notes_than_a_phrase_can_have_those_that_fit_are_kept_and_the_rest_is_told(
    more: int, held: int
) -> None:
    capture = Capture()
    capture.arm(Span(0.0, 64.0))
    strike(capture, MAX_NOTES + more, 0.0)
    for number in range(held):
        capture.press(("held", number), 100, 60.0)
    captured = capture.advance(64.0)
    assert captured is not None
    assert isinstance(captured.phrase, Phrase)
    assert [note.start for note in captured.phrase.notes] == [number / 100 for number in range(MAX_NOTES)]
    assert capture.state(64.0) == "idle"
    assert capture.advance(65.0) is None
    told = f"{more + held} notes more were played than the {MAX_NOTES}"
    assert told in captured.notice if more + held else captured.notice == ""


def test_notes_beyond_what_overdub_can_lay_are_told_once_and_leave_the_phrase_as_it_is() -> None:
    phrase = Phrase(tuple(Note(60, number / 100, 0.005) for number in range(MAX_NOTES - 1)), 64.0)
    capture = Capture(phrase=phrase, overdubbing=True)
    told = []
    for number in range(4):
        capture.press(("keys", 72), 90, 20.0 + number)
        told.append(capture.release(("keys", 72), 20.5 + number))
    last, full, *after = told
    assert last is not None
    assert isinstance(last.phrase, Phrase)
    assert len(last.phrase.notes) == MAX_NOTES
    assert capture.phrase == last.phrase
    assert full is not None
    assert full.phrase is None
    assert str(MAX_NOTES) in full.notice
    assert after == [None, None]
