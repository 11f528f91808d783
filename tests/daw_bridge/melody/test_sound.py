from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.melody.chroma_phrase import ChromaPhrase
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.sound import recording_of, recording_of_track
from daw_bridge.melody.track import PhraseChroma, SteppedChroma
from genmodels.conditioning.harmony import (
    ChordProgression,
    ChromaTrack,
    ConstantChroma,
    RecordedChroma,
    chroma_of,
)
from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError


@given(
    st.lists(st.tuples(st.integers(48, 83), st.integers(0, 7)), min_size=1, max_size=8), st.floats(40, 240)
)
@settings(max_examples=20, deadline=None)
def test_the_length_is_exact_and_the_sound_within_its_bounds(
    notes: list[tuple[int, int]], bpm: float
) -> None:
    phrase = Phrase.of((Note(pitch, float(beat), 1.0, 127) for pitch, beat in notes), 8.0)
    recording = recording_of(phrase, bpm, 16000)
    assert recording.wav.shape == (1, round(8 * 60 / bpm * 16000))
    assert 0.0 < np.abs(recording.wav).max() <= 1.0


def test_what_is_heard_is_the_chroma_of_the_phrase() -> None:
    pitches = [60, 63, 67, 70, 74, 65, 69, 61]
    phrase = Phrase(tuple(Note(pitch, float(beat), 1.0) for beat, pitch in enumerate(pitches)), 8.0)
    heard = chroma_of(recording_of(phrase, 60.0).wav, 32000, 50.0)
    asked = PhraseChroma(phrase, Transport(60.0)).at(np.arange(len(heard)))
    inside = np.arange(len(heard)) % 50
    steady = (inside > 8) & (inside < 42)
    assert (heard.argmax(axis=1) == asked.argmax(axis=1))[steady].all()


def test_a_note_across_the_end_goes_on_at_the_beginning() -> None:
    wav = recording_of(Phrase((Note(69, 3.5, 1.0),), 4.0), 120.0, 8000).wav[0]
    assert np.abs(wav[:1900]).max() > 0.1
    assert np.abs(wav[2100:13900]).max() == 0.0
    assert np.abs(wav[14100:]).max() > 0.1
    assert not recording_of(Phrase((), 4.0), 120.0, 8000).wav.any()


TRACKS = {
    "a phrase": PhraseChroma(
        Phrase(tuple(Note(pitch, float(beat), 1.0) for beat, pitch in enumerate((60, 64, 67, 71))), 4.0),
        Transport(100.0, beat=1.3, frame=70),
    ),
    "heard chroma": SteppedChroma(
        ChromaPhrase(tuple("0" * pitch + "f" + "0" * (11 - pitch) for pitch in (0, 5, 9, 2)), 4.0),
        Transport(90.0, beat=-2.0),
    ),
    "chords": ChordProgression(("C5", "G5"), Transport(150.0, beats_per_bar=3, beat=7.25, frame=11)),
    "a held note": ConstantChroma((0.0,) * 7 + (0.5,) + (0.0,) * 4),
}


@pytest.mark.parametrize("track", TRACKS.values(), ids=TRACKS.keys())
def test_a_recording_of_a_track_repeats_in_time_with_its_frames(track: ChromaTrack) -> None:
    recording = recording_of_track(track, 16000)
    turns = np.tile(recording.wav[0], 4)
    heard = chroma_of(turns, 16000, 50.0, n_fft=2048)
    asked = track.at(np.arange(len(heard)))
    share = (heard.argmax(axis=1) == asked.argmax(axis=1)) | (heard * asked > 0.7).any(axis=1)
    assert share.mean() > 0.85
    assert recording_of_track(track, 16000) is recording


def test_of_a_track_without_a_turn_there_is_no_recording() -> None:
    with pytest.raises(ConditionError, match="RecordedChroma"):
        recording_of_track(RecordedChroma(np.zeros((3, 12), np.float32)))
