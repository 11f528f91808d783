from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from daw_bridge.errors import MelodyError
from daw_bridge.melody.files import chroma_of_sound, phrase_of_midi, phrase_of_sound
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.track import SteppedChroma
from genmodels.conditioning.timing import Transport


def save(path: Path, messages: list[tuple[str, int, dict[str, int]]]) -> Path:
    """A MIDI file of (type, delta in ticks of 96 a beat, fields)."""
    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for kind, delta, fields in messages:
        make = mido.MetaMessage if kind == "time_signature" else mido.Message
        track.append(make(kind, time=delta, **fields))
    file.save(path)
    return path


def test_notes_of_a_midi_file_are_a_phrase_of_whole_bars(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.mid",
        [
            ("time_signature", 0, {"numerator": 3, "denominator": 4}),
            ("note_on", 0, {"note": 60, "velocity": 100}),
            ("note_on", 0, {"note": 36, "velocity": 100, "channel": 9}),
            ("note_on", 96, {"note": 60, "velocity": 0}),
            ("note_on", 96, {"note": 64, "velocity": 50}),
            ("note_off", 192, {"note": 64}),
        ],
    )
    assert phrase_of_midi(path) == Phrase((Note(60, 0.0, 1.0), Note(64, 2.0, 2.0, 50)), 6.0)


def test_the_pedal_of_a_midi_file_holds_and_what_never_ends_sounds_to_the_end(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.mid",
        [
            ("control_change", 0, {"control": 64, "value": 127}),
            ("note_on", 0, {"note": 60}),
            ("note_off", 48, {"note": 60}),
            ("control_change", 144, {"control": 64, "value": 0}),
            ("note_on", 0, {"note": 62}),
            ("note_on", 96, {"note": 65}),
            ("note_off", 48, {"note": 65}),
        ],
    )
    lengths = {note.pitch: note.length for note in phrase_of_midi(path).notes}
    assert lengths == {60: 2.0, 62: 1.5, 65: 0.5}


@pytest.mark.parametrize(
    "content", [b"", b"MThd", b"RIFFxxxxWAVE", b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\x10\x90"]
)
def test_what_is_no_midi_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(MelodyError, match=r"broken\.mid"):
        phrase_of_midi(path)
    with pytest.raises(MelodyError, match=r"absent\.mid"):
        phrase_of_midi(tmp_path / "absent.mid")


def tone(path: Path, *pitches: int, seconds: float = 1.0, rate: int = 22050) -> Path:
    """Pitches one after another, as plain tones."""
    time = np.arange(int(seconds * rate)) / rate
    parts = [0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) for pitch in pitches]
    soundfile.write(path, np.concatenate(parts), rate)
    return path


def test_sound_becomes_chroma_and_a_phrase_in_its_tempo(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.wav", 60, 64, 67, 72)
    assert chroma_of_sound(path, 50.0).shape == (200, 12)
    phrase = phrase_of_sound(path, 60.0, 4)
    assert phrase.beats == 4.0
    middles = SteppedChroma(phrase, Transport(60.0)).at(np.array([25, 75, 125, 175]))
    assert middles.argmax(axis=1).tolist() == [0, 4, 7, 0]


def test_a_sound_of_nothing_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros(0), 22050)
    with pytest.raises(MelodyError, match=r"empty\.wav"):
        chroma_of_sound(empty, 50.0)
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    with pytest.raises(MelodyError, match=r"text\.wav"):
        chroma_of_sound(text, 50.0)
