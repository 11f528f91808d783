from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.track import PhraseChroma, chroma_of_notes, played_chroma
from genmodels.conditioning.harmony import ChromaTrack
from genmodels.conditioning.timing import Transport
from tests.daw_bridge.melody.test_phrase import BEATS, NOTES

TEMPI = st.floats(40, 240)


def frames_of(phrase: Phrase, transport: Transport) -> int:
    """Frames that a repetition covers, and one more."""
    return int(np.ceil(phrase.beats * 60 / transport.bpm * transport.frame_rate)) + 1


@given(st.lists(NOTES, min_size=1, max_size=20), BEATS, TEMPI)
def test_no_note_is_lost_however_short(notes: list[Note], beats: float, bpm: float) -> None:
    phrase, transport = Phrase.of(notes, beats), Transport(bpm)
    chroma = PhraseChroma(phrase, transport).at(np.arange(frames_of(phrase, transport)))
    step = bpm / 60 / 50
    for note in phrase.notes:
        frame = int(note.start / step + 1e-9)
        near = chroma[max(0, frame - 1) : frame + 2, note.pitch % 12]
        assert near.max() > 0, note


@given(st.lists(NOTES, min_size=1, max_size=20), BEATS)
def test_loops_are_seamless(notes: list[Note], beats: float) -> None:
    # 120 BPM at 50 frames: 25 frames a beat, so that every repetition has the same frames
    phrase = Phrase.of(notes, beats)
    track, length = PhraseChroma(phrase, Transport(120.0)), round(beats * 25)
    once = track.at(np.arange(length))
    np.testing.assert_allclose(track.at(np.arange(length, 2 * length)), once, atol=1e-3)
    np.testing.assert_allclose(track.at(np.arange(7 * length, 8 * length)), once, atol=1e-3)
    np.testing.assert_allclose(track.at(np.arange(-length, 0)), once, atol=1e-3)


@given(st.lists(NOTES, min_size=1, max_size=12), BEATS, TEMPI, st.floats(-50, 50))
def test_a_loop_equals_the_notes_written_out(
    notes: list[Note], beats: float, bpm: float, beat: float
) -> None:
    phrase, transport = Phrase.of(notes, beats), Transport(bpm, beat=beat)
    frames = np.arange(40)
    begins = transport.beats_at(frames)
    ends = begins + bpm / 60 / 50
    written = phrase.repeated(float(begins[0]) - 1, float(ends[-1]) + 1)
    expected = chroma_of_notes(written, begins, ends)
    # a touch at a rounding's distance may count in one and not in the other: compare what is well inside
    plain = chroma_of_notes(written, begins + 1e-7, ends - 1e-7)
    sure = np.abs(expected - plain).max(axis=1) < 1e-3
    got = PhraseChroma(phrase, transport).at(frames)
    np.testing.assert_allclose(got[sure], expected[sure], atol=5e-3)


def test_a_note_sounds_in_exactly_its_frames_and_across_the_end() -> None:
    phrase = Phrase((Note(60, 0.0, 1.0), Note(64, 3.5, 1.0)), 4.0)
    chroma = PhraseChroma(phrase, Transport(120.0)).at(np.arange(200))
    sounding = np.flatnonzero(chroma[:, 0])
    assert sounding.tolist() == [*range(0, 25), *range(100, 125)]
    assert np.flatnonzero(chroma[:100, 4]).tolist() == [*range(88, 100)] or chroma[87, 4] == 1.0
    assert chroma[100:112, 4].all()
    assert not chroma[113:187, 4].any()


def test_loud_notes_count_more_and_frames_are_normalised() -> None:
    chroma = chroma_of_notes([Note(60, 0, 1, 127), Note(67, 0, 1, 32)], [0.0], [0.1])
    assert chroma[0, 0] == 1.0
    assert chroma[0, 7] == pytest.approx(32 / 127)


def test_of_orders_of_frames_only_the_frames_matter() -> None:
    track = PhraseChroma(Phrase((Note(60, 0.0, 1.0), Note(65, 2.0, 0.5)), 4.0), Transport(97.0))
    frames = np.arange(300)
    shuffled = np.random.default_rng(0).permutation(frames)
    np.testing.assert_array_equal(track.at(shuffled), track.at(frames)[shuffled])
    assert isinstance(track, ChromaTrack)
    assert pickle.loads(pickle.dumps(track)) == track


@given(st.lists(NOTES, max_size=12), st.integers(0, 400))
def test_played_chroma_has_the_frames_asked_for(notes: list[Note], count: int) -> None:
    chroma = played_chroma(notes, TempoMap(48000), 0, 50.0, count)
    assert chroma.shape == (count, 12)
    assert ((chroma >= 0) & (chroma <= 1)).all()


def test_played_notes_follow_changes_of_tempo() -> None:
    tempo_map = TempoMap(48000, 120.0)
    tempo_map.set_tempo(60.0, 96000)  # from beat 4 on
    chroma = played_chroma([Note(62, 5.0, 1.0)], tempo_map, 0, 50.0, 300)
    assert np.flatnonzero(chroma[:, 2]).tolist() == list(range(150, 200))
