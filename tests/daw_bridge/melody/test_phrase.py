from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import MelodyError
from daw_bridge.melody.chroma_phrase import check_phrase
from daw_bridge.melody.phrase import MAX_NOTES, MAX_TEXT, Note, Phrase, quantised

BEATS = st.integers(min_value=1, max_value=64).map(float)
NOTES = st.builds(
    Note,
    pitch=st.integers(0, 127),
    start=st.integers(-640_000, 640_000).map(lambda n: n / 10_000),
    length=st.integers(1, 400_000).map(lambda n: n / 10_000),
    velocity=st.integers(1, 127),
)


@given(st.lists(NOTES, max_size=40), BEATS)
def test_every_onset_is_in_the_phrase_and_every_length_is_kept_up_to_the_phrases(
    notes: list[Note], beats: float
) -> None:
    phrase = Phrase.of(notes, beats)
    laid = {(note.pitch, note.start): note.length for note in phrase.notes}
    for note in notes:
        assert laid[note.pitch, note.start % beats] >= min(note.length, beats)
    assert len(phrase.notes) <= len(notes)


@given(st.lists(NOTES, max_size=40), BEATS)
def test_the_text_of_a_phrase_reads_back_as_the_same_notes(notes: list[Note], beats: float) -> None:
    phrase = Phrase.of(notes, beats)
    again = Phrase.parse(phrase.text())
    assert again is not None
    assert again.beats == phrase.beats
    assert [(n.pitch, n.velocity) for n in again.notes] == [(n.pitch, n.velocity) for n in phrase.notes]
    for note, read in zip(phrase.notes, again.notes, strict=True):
        assert read.start == pytest.approx(note.start, abs=1e-4)
        assert read.length == pytest.approx(note.length, abs=1e-4)


@given(st.lists(NOTES, max_size=20), BEATS, st.integers(-5, 5))
def test_repetitions_are_alike(notes: list[Note], beats: float, turn: int) -> None:
    phrase = Phrase.of(notes, beats)
    first = phrase.repeated(0.0, beats)
    later = phrase.repeated(turn * beats, (turn + 1) * beats)
    assert [(n.pitch, round(n.start + turn * beats, 6)) for n in first] == [
        (n.pitch, round(n.start, 6)) for n in later
    ]


def test_the_longest_phrase_fits_the_text_that_the_table_takes() -> None:
    notes = [Note(100 + n % 28, n * 0.98765, 999.9999, 127) for n in range(MAX_NOTES)]
    text = Phrase.of(notes, 1023.9876).text()
    assert len(text) <= MAX_TEXT
    assert Phrase.parse(text)


def test_names_and_numbers_are_read() -> None:
    phrase = Phrase.parse("8 C4@0+1 Eb4@1.5+.5*80 67@6+3")
    assert phrase == Phrase((Note(60, 0.0, 1.0), Note(63, 1.5, 0.5, 80), Note(67, 6.0, 3.0)), 8.0)
    assert Phrase.parse("  ") is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "8 C",
        "8 C4@0",
        "8 H4@0+1",
        "8 C4@0+0",
        "0 C4@0+1",
        "nan",
        "1e9",
        "8 128@0+1",
        "8 60@0+1*0",
        "8 C9@0+1*999",
    ],
)
def test_what_is_no_phrase_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(MelodyError):
        Phrase.parse(text)
    with pytest.raises(ValueError, match=r"phrase|note"):
        check_phrase(text)


@given(NOTES, st.sampled_from([0.25, 1 / 3, 0.5, 1.0]))
def test_quantising_moves_an_onset_by_at_most_half_the_grid_and_keeps_the_length(
    note: Note, grid: float
) -> None:
    moved = quantised(note, grid)
    assert abs(moved.start - note.start) <= grid / 2 + 1e-9
    assert moved.start / grid == pytest.approx(round(moved.start / grid), abs=1e-6)
    assert moved.length == note.length
    assert quantised(note, 0.0) is note
