"""WAV files of 24 bits with the chunks by which samplers and DAWs know tempo, loop and bars.

The chunks lie before the samples, where every reader finds them. A file that is larger than the sizes of a
WAV can tell (4 GB) is an RF64: the same, its sizes of 64 bits in a chunk ``ds64``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

MAX_BYTES = 2**32 - 2**20
UNKNOWN = 2**32 - 1
HEAD_BYTES = 48
FULL_SCALE = 2**23
MIDDLE_C = 60

_ONE_SHOT, _ROOT_KNOWN, _STRETCHES = 1, 2, 4
_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KEY = re.compile(r"([A-Ga-g])([#b]?)")


@dataclass(frozen=True)
class Music:
    """What a sound file says of its music.

    Attributes:
        tempo: BPM; the mean where it changes.
        beats: quarter notes in the file.
        beats_per_bar: of its first bar.
        key: such as ``'A minor'``; ``''`` where it is not known.
        loop: whether it is meant to repeat from end to beginning.
        cues: samples of the file at which bars begin.
    """

    tempo: float
    beats: float
    beats_per_bar: int = 4
    key: str = ""
    loop: bool = True
    cues: Sequence[int] = ()


def chunks(music: Music, sample_rate: int, frames: int) -> bytes:
    """The chunks ``acid``, ``cue `` and, for a loop, ``smpl``.

    ``acid`` is Sony's format as libsndfile reads it; the root note is the key's.
    """
    key = _KEY.match(music.key.strip())
    root = MIDDLE_C
    flags = _STRETCHES if music.loop else _ONE_SHOT
    if key is not None:
        root += (_PITCHES[key[1].upper()] + {"": 0, "#": 1, "b": -1}[key[2]]) % 12
        flags |= _ROOT_KNOWN
    acid = struct.pack(
        "<IHHfIHHf", flags, root, 0x8000, 0.0, round(music.beats), 4, music.beats_per_bar, music.tempo
    )
    places = [place for place in music.cues if place < UNKNOWN]
    cues = b"".join(
        struct.pack("<II4sIII", number, place, b"data", 0, 0, place) for number, place in enumerate(places, 1)
    )
    parts = [_chunk(b"acid", acid), _chunk(b"cue ", struct.pack("<I", len(places)) + cues)]
    if music.loop:
        head = struct.pack("<9I", 0, 0, round(1e9 / sample_rate), root, 0, 0, 0, 1, 0)
        parts.append(_chunk(b"smpl", head + struct.pack("<6I", 0, 0, 0, frames - 1, 0, 0)))
    return b"".join(parts)


def write_wav(
    path: Path, blocks: Iterable[Samples], frames: int, channels: int, sample_rate: int, extra: bytes = b""
) -> None:
    """Write ``frames`` samples, given as blocks [n, channels] within -1..1.

    Args:
        extra: whole chunks, put before the samples.

    Raises:
        ValueError: the blocks hold another number of samples.
        OSError: it cannot be written.
    """
    size = frames * channels * 3
    inner = wav_form(channels, sample_rate) + extra + b"data"
    with path.open("wb") as file:
        file.write(wav_head(len(inner) + 4 + size + size % 2, size, frames) + inner + wav_size(size))
        written = 0
        for block in blocks:
            file.write(pcm_24(block))
            written += len(block)
        if written != frames:
            raise ValueError(f"{path.name}: {frames} samples were promised, {written} came")
        file.write(b"\0" * (size % 2))


def wav_head(after: int, size: int, frames: int, grows: bool = False) -> bytes:
    """The beginning of a WAV, or where it is too large for that of an RF64, which has `HEAD_BYTES`.

    Args:
        after: bytes of the file behind it. size: bytes of the samples. frames: how many.
        grows: whether a WAV's is to have room for an RF64's.
    """
    if size <= MAX_BYTES:
        room = _chunk(b"JUNK", bytes(28)) if grows else b""
        return b"RIFF" + struct.pack("<I", 4 + len(room) + after) + b"WAVE" + room
    sizes = struct.pack("<QQQI", HEAD_BYTES - 8 + after, size, frames, 0)
    return b"RF64" + struct.pack("<I", UNKNOWN) + b"WAVE" + _chunk(b"ds64", sizes)


def wav_form(channels: int, sample_rate: int, room: int = 0) -> bytes:
    """The chunk ``fmt `` of 24 bits.

    Args:
        room: bytes that it is to take up in all; what is left of them goes to another chunk.
    """
    form = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * channels * 3, channels * 3, 24)
    chunk = _chunk(b"fmt ", form)
    return chunk + _chunk(b"JUNK", bytes(room - len(chunk) - 8)) if room else chunk


def wav_size(size: int) -> bytes:
    """The size of the samples, in bytes, as the chunk ``data`` tells it."""
    return struct.pack("<I", size if size <= MAX_BYTES else UNKNOWN)


def pcm_24(block: Samples) -> bytes:
    """Samples as 24-bit integers, little-endian, rounded; what is beyond full scale is clipped."""
    scaled = np.rint(block.astype(np.float64) * FULL_SCALE)
    whole = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i4")
    return np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
