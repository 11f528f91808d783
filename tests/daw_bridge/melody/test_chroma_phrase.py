from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import MelodyError
from daw_bridge.melody.chroma_phrase import (
    MAX_STEPS,
    ChromaPhrase,
    check_phrase,
    read_phrase,
    sharpened,
)
from daw_bridge.melody.phrase import MAX_TEXT, Note, Phrase
from daw_bridge.melody.track import PhraseChroma, SteppedChroma
from genmodels.conditioning.timing import Transport

STEPS = st.lists(st.text("0123456789abcdef", min_size=12, max_size=12), min_size=1, max_size=40)


@given(STEPS, st.integers(1, 4096))
def test_the_text_of_a_phrase_of_chroma_reads_back(steps: list[str], quarters: int) -> None:
    phrase = ChromaPhrase(tuple(steps), quarters / 4)
    check_phrase(phrase.text())
    assert read_phrase(phrase.text()) == phrase


def test_the_longest_fits_the_text_that_the_table_takes() -> None:
    assert len(ChromaPhrase(("f" * 12,) * MAX_STEPS, 1024.0).text()) <= MAX_TEXT


def test_notes_are_read_as_notes_and_nothing_as_nothing() -> None:
    assert isinstance(read_phrase("4 C4@0+1"), Phrase)
    assert read_phrase("  ") is None


@pytest.mark.parametrize(
    "text",
    ["x chroma 000000000000", "4 chroma", "4 chroma 00", "4 chroma g00000000000", "0 chroma 000000000000"],
)
def test_what_is_no_phrase_of_chroma_is_refused(text: str) -> None:
    with pytest.raises(MelodyError):
        read_phrase(text)
    with pytest.raises(ValueError, match="phrase"):
        check_phrase(text)


@given(STEPS)
def test_its_notes_are_the_same_chroma(steps: list[str]) -> None:
    phrase = ChromaPhrase(tuple(steps), len(steps) / 4)
    frames = np.arange(len(steps))
    transport = Transport(60.0, frame_rate=4.0)
    stepped = SteppedChroma(phrase, transport).at(frames)
    notes = Phrase.of(phrase.notes, phrase.beats)
    if len(notes.notes) == len(phrase.notes):
        # the faintest of 15 levels is a velocity of 8, which rounds by a sixteenth of itself
        assert np.allclose(PhraseChroma(notes, transport).at(frames), stepped, atol=0.065)


def test_chroma_is_kept_by_sixteenths_and_repeats_with_the_beat() -> None:
    chroma = np.zeros((16, 12), np.float32)
    chroma[:8, 9] = 1.0
    chroma[8:, [0, 4]] = 1.0, 0.6
    phrase = ChromaPhrase.of(chroma, 2.0)
    assert phrase.steps == ("000000000f00",) * 4 + ("f00090000000",) * 4
    at = SteppedChroma(phrase, Transport(120.0, beat=4.0)).at(np.array([0, 24, 25, 49, 50, 75]))
    assert at.argmax(axis=1).tolist() == [9, 9, 0, 0, 9, 0]
    assert phrase.notes[-1] == Note(69, 0.0, 1.0, 127)


def test_what_is_weak_beside_the_strongest_is_left_out_and_silence_stays() -> None:
    chroma = np.array([[0.5, 0.45, 0.2] + [0.0] * 9, [0.0] * 12], np.float32)
    assert sharpened(chroma)[0].tolist() == pytest.approx([1.0, 0.9] + [0.0] * 10)
    assert not sharpened(chroma)[1].any()
