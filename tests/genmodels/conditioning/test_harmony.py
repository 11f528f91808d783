from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genmodels.conditioning.harmony import (
    ChordProgression,
    ChromaTrack,
    ConstantChroma,
    RecordedChroma,
    chord_pitches,
    chroma_of,
)
from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError


@pytest.mark.parametrize(
    ("name", "pitches"),
    [
        ("C", (0, 4, 7)), ("Am", (0, 4, 9)), ("F", (0, 5, 9)), ("G7", (2, 5, 7, 11)), ("Dm7b5", (0, 2, 5, 8)),
        ("Bbmaj7", (2, 5, 9, 10)), ("F#m", (1, 6, 9)), ("C/E", (0, 4, 7)), ("C/B", (0, 4, 7, 11)), ("Cb", (3,
        6, 11)), ("E♭sus4", (3, 8, 10)), ("Bdim", (2, 5, 11)), ("Caug", (0, 4, 8)), ("G5", (2, 7)), ("A13",
        (1, 4, 6, 7, 9, 11)),
    ],
)  # fmt: skip
def test_chord_names_are_read(name: str, pitches: tuple[int, ...]) -> None:
    assert chord_pitches(name) == pitches


@pytest.mark.parametrize("name", ["", "H", "am", "Cfoo", "C/", "C/H", "7"])
def test_unreadable_chords_are_refused_by_name(name: str) -> None:
    with pytest.raises(ConditionError, match=f"chord {name!r} cannot be read"):
        chord_pitches(name)


@given(
    root=st.sampled_from("CDEFGAB"),
    accidental=st.sampled_from(["", "#", "b"]),
    quality=st.sampled_from(["", "m", "7"]),
)
def test_transposing_the_root_transposes_the_chord(root: str, accidental: str, quality: str) -> None:
    shift = {"": 0, "#": 1, "b": -1}[accidental]
    plain = {(pitch + shift) % 12 for pitch in chord_pitches(root + quality)}
    assert set(chord_pitches(root + accidental + quality)) == plain


def test_progression_changes_on_the_bar_and_cycles() -> None:
    # 120 bpm in 4/4 at 50 frames a second: a bar is 100 frames
    track = ChordProgression(("Am", "F"), Transport(120.0))
    chroma = track.at(np.array([0, 99, 100, 199, 200, -1]))
    names = ["Am", "Am", "F", "F", "Am", "F"]
    assert [tuple(np.flatnonzero(row)) for row in chroma] == [chord_pitches(name) for name in names]
    assert chroma.dtype == np.float32


def test_progression_follows_metre_and_position_of_the_transport() -> None:
    track = ChordProgression(("C", "G"), Transport(60.0, beats_per_bar=3, beat=3.0, frame=1000))
    assert tuple(np.flatnonzero(track.at(np.array([999]))[0])) == chord_pitches("C")
    assert tuple(np.flatnonzero(track.at(np.array([1000]))[0])) == chord_pitches("G")


def test_tracks_are_pickled_and_compared_by_value() -> None:
    tracks: tuple[ChromaTrack, ...] = (
        ChordProgression(("Am",), Transport(90.0)),
        ConstantChroma((1, 0, 0, 0, 0.5, 0, 0, 2, 0, 0, 0, 0)),
    )
    for track in tracks:
        assert pickle.loads(pickle.dumps(track)) == track


def test_constant_chroma_is_scaled_to_its_largest() -> None:
    chroma = ConstantChroma((1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0)).at(np.arange(3))
    assert chroma[:, 0].tolist() == [0.5] * 3
    assert chroma[:, 7].tolist() == [1.0] * 3


def test_wrong_chroma_is_refused() -> None:
    with pytest.raises(ConditionError, match="12 finite numbers"):
        ConstantChroma((1.0, 2.0))
    with pytest.raises(ConditionError, match="12 finite numbers"):
        ConstantChroma((float("nan"),) * 12)
    with pytest.raises(ConditionError, match="empty"):
        ChordProgression((), Transport(90.0))


@pytest.mark.parametrize(("midi", "pitch"), [(60, 0), (69, 9), (50, 2), (78, 6)])
def test_chroma_of_a_tone_is_its_pitch_class(midi: int, pitch: int) -> None:
    time = torch.arange(32000) / 32000
    frequency = 440 * 2 ** ((midi - 69) / 12)
    wav = sum(torch.sin(2 * np.pi * frequency * k * time) / k for k in (1, 2, 3))
    chroma = chroma_of(torch.as_tensor(wav)[None], 32000, 50.0)
    assert chroma.shape == (50, 12)
    assert (chroma.argmax(-1) == pitch).all()
    assert chroma.max() == 1


def test_chroma_of_silence_is_zero_and_recordings_repeat() -> None:
    chroma = chroma_of(torch.zeros(2, 16000), 32000, 50.0)
    assert not chroma.any()
    values = np.eye(12, dtype=np.float32)[:5]
    assert np.array_equal(RecordedChroma(values, start=2).at(np.array([2, 6, 7])), values[[0, 4, 0]])
    with pytest.raises(ConditionError, match="not finite"):
        chroma_of(torch.tensor([[float("nan")]]), 32000, 50.0)
