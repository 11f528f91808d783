"""Sound files that are handed out: whole or not there, with what is known of their music."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from daw_bridge.audio.sound_writer import sound_format
from daw_bridge.audio.wav_file import Music, chunks, write_wav
from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.errors import ClipError

LOOP_FADE_S = 0.012

Samples = NDArray[np.float32]


def publish_clip(
    path: Path,
    blocks: Iterable[Samples],
    frames: int,
    channels: int,
    sample_rate: int,
    music: Music,
    facts: Mapping[str, Any],
) -> None:
    """Write a sound file of 24 bits, and a JSON file of the same name beside it.

    A WAV carries tempo, key, bars and loop in its chunks ``acid``, ``cue `` and ``smpl``; a FLAC has no place
    for them, its JSON file has all. Each file appears whole: it is written under a temporary name in the same
    folder, synced, and renamed.

    Args:
        path: .wav or .flac; a file that is there is replaced.
        blocks: [n, channels] within -1..1, ``frames`` samples in all.
        facts: what else the JSON file says.

    Raises:
        ClipError: the ending is another, the folder is missing or cannot be written, or the format does not
            hold as many channels.
    """
    said = {
        **facts,
        "sample_rate": sample_rate,
        "channels": channels,
        "samples": frames,
        "seconds": frames / sample_rate,
        "tempo": music.tempo,
        "beats": music.beats,
        "beats_per_bar": music.beats_per_bar,
        "key": music.key,
        "loop": music.loop,
        "bar_samples": list(music.cues),
    }

    def write(temporary: Path) -> None:
        if sound_format(path) == "WAV":
            write_wav(temporary, blocks, frames, channels, sample_rate, chunks(music, sample_rate, frames))
            return
        with soundfile.SoundFile(
            temporary, "w", sample_rate, channels, subtype="PCM_24", format="FLAC"
        ) as file:
            for block in blocks:
                file.write(block)

    text = json.dumps(said, indent=2, ensure_ascii=False) + "\n"
    try:
        publish(path, write)
        publish(path.with_suffix(".json"), lambda temporary: temporary.write_text(text, encoding="utf-8"))
    except (OSError, ValueError, soundfile.SoundFileError) as error:
        raise ClipError(f"clip {path} cannot be written: {error}") from error


def publish(path: Path, write: Callable[[Path], object]) -> None:
    """Let a file appear whole: ``write`` gets a temporary name in the same folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        descriptor = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def seamless(sound: Samples, before: Samples, sample_rate: int) -> Samples:
    """The sound so that it can repeat: its end fades over into what came before its beginning.

    So the repetition's first sample follows on the sample that it followed on when it was played. The fade is
    of equal power, as between two bars of the same music.

    Args:
        sound: [n, channels], replaced by what is returned.
        before: [m, channels], the samples that lead up to it; those at hand, at most `LOOP_FADE_S` are used,
            and where there are none the end fades out.
    """
    length = min(round(LOOP_FADE_S * sample_rate), len(sound))
    lead = np.zeros((length, sound.shape[1]), np.float32)
    known = min(length, len(before))
    if known:
        lead[length - known :] = before[len(before) - known :]
    phase = (np.arange(length, dtype=np.float32)[:, None] + 0.5) / length
    sound[-length:] = sound[-length:] * np.cos(np.pi / 2 * phase) + lead * np.sin(np.pi / 2 * phase)
    return sound


def bars_music(
    clock: TempoMap, start: int, stop: int, first_bar: int, last_bar: int, key: str
) -> tuple[Music, int]:
    """What is known of bars ``first_bar .. last_bar - 1``, which lie at output samples ``start .. stop``, and
    their exact length in samples: at a steady tempo rounded once, not bar by bar."""
    beats = clock.beat_of_bar(last_bar) - clock.beat_of_bar(first_bar)
    steady = clock.tempo_segment(start) == clock.tempo_segment(stop - 1)
    exact = beats * 60.0 * clock.sample_rate
    tempo = clock.tempo_at(start) if steady else exact / (stop - start)
    lines = [clock.sample_at(clock.beat_of_bar(bar)) - start for bar in range(first_bar, last_bar)]
    beats_per_bar = clock.meter_segment(clock.beat_of_bar(first_bar)).beats_per_bar
    count = round(exact / tempo) if steady else stop - start
    return Music(tempo, beats, beats_per_bar, key, True, tuple(lines)), count
