"""Melodies from files: MIDI files as phrases, sound as chroma and as phrases."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from daw_bridge.errors import MelodyError
from daw_bridge.melody.chroma_phrase import ChromaPhrase, sharpened
from daw_bridge.melody.held import HeldNotes, Pressed
from daw_bridge.melody.phrase import MAX_BEATS, MAX_NOTES, MIN_LENGTH, Note, Phrase
from genmodels.conditioning.harmony import Chroma, chroma_of
from genmodels.errors import GenModelsError

DRUMS = 9
SUSTAIN = 64
MAX_SOUND_S = 600.0


def phrase_of_midi(path: Path) -> Phrase:
    """The notes of a MIDI file, without drums, as a phrase of whole bars of its first meter.

    The sustain pedal counts; a note that is never ended sounds to the end.

    Raises:
        MelodyError: the file cannot be read, or has no notes, too many or too long a song.
    """
    import mido

    try:
        file = mido.MidiFile(path, clip=True)
        ticks = int(file.ticks_per_beat)
        messages = list(mido.merge_tracks(file.tracks))
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise MelodyError(f"{path}: cannot be read as a MIDI file: {error}") from error
    if ticks <= 0:
        raise MelodyError(f"{path}: its time is in seconds (SMPTE), not in beats: save it with a tempo")
    notes, meter = _notes_of(messages, ticks)
    if not notes or len(notes) > MAX_NOTES:
        raise MelodyError(f"{path}: {len(notes)} notes besides drums, must be 1..{MAX_NOTES}")
    end = max(note.start + note.length for note in notes)
    beats = meter * max(1, math.ceil(end / meter - 1e-6))
    if beats > MAX_BEATS:
        raise MelodyError(f"{path}: {beats:g} beats long, at most {MAX_BEATS:g} are taken")
    return Phrase.of(notes, beats)


def chroma_of_sound(path: Path, frame_rate: float) -> Chroma:
    """The chroma [T, 12] of a sound file of at most `MAX_SOUND_S`, at a stream's frame rate.

    Raises:
        MelodyError: the file cannot be read, is empty or too long.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > MAX_SOUND_S * file.samplerate:
                raise MelodyError(f"{path}: longer than {MAX_SOUND_S:g} s")
            rate, wav = file.samplerate, file.read(dtype="float32", always_2d=True)
        return chroma_of(wav.T, rate, frame_rate)
    except (OSError, RuntimeError, GenModelsError) as error:
        raise MelodyError(f"{path}: cannot be used as a melody: {error}") from error


def phrase_of_sound(path: Path, bpm: float, beats_per_bar: int) -> ChromaPhrase:
    """The harmony of a sound file that was played at a tempo, as a phrase of whole bars (the nearest number).

    Raises:
        MelodyError: as `chroma_of_sound`, or it is too long.
    """
    per_beat = 8
    frame_rate = per_beat * bpm / 60.0
    chroma = sharpened(chroma_of_sound(path, frame_rate))
    bars = max(1, round(len(chroma) / (per_beat * beats_per_bar)))
    wanted = bars * beats_per_bar * per_beat
    fitted = np.concatenate([chroma, np.zeros((max(0, wanted - len(chroma)), 12), np.float32)])[:wanted]
    return ChromaPhrase.of(fitted, float(bars * beats_per_bar))


def _notes_of(messages: list[Any], ticks_per_beat: int) -> tuple[list[Note], float]:
    """Notes in beats, and the beats of a bar."""
    held, notes = HeldNotes(), []
    begun: dict[Pressed, tuple[float, int]] = {}
    meter, now = 4.0, 0
    first_meter = True
    for message in messages:
        now += message.time
        beat = now / ticks_per_beat
        if message.type == "time_signature" and first_meter:
            meter, first_meter = 4.0 * message.numerator / message.denominator, False
        for key in _played(held, message):
            start, velocity = begun.pop(key)
            notes.append(Note(key[1], start, max(beat - start, MIN_LENGTH), velocity))
        if message.type == "note_on" and message.velocity and message.channel != DRUMS:
            begun[message.channel, message.note] = beat, message.velocity
    for (_, pitch), (start, velocity) in begun.items():
        notes.append(Note(pitch, start, max(now / ticks_per_beat - start, MIN_LENGTH), velocity))
    return notes, meter


def _played(held: HeldNotes, message: Any) -> list[Pressed]:
    """Take a message of a file; what ended by it."""
    if getattr(message, "channel", DRUMS) == DRUMS:
        return []
    if message.type == "note_on" and message.velocity:
        return held.press(message.channel, message.note, message.velocity)
    if message.type in ("note_on", "note_off"):
        return held.release(message.channel, message.note)
    if message.type == "control_change" and message.control == SUSTAIN:
        return held.pedal(message.channel, message.value >= 64)
    return []
