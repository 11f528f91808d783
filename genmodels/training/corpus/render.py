"""Renders pieces to audio: stems of soundfont and synthesized voices, mixed, at a constant loudness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genmodels.training.corpus.drum_voices import play_kit
from genmodels.training.corpus.effects import echoed, levelled, low_cut, mixed_down, pumped, swept
from genmodels.training.corpus.instruments import INSTRUMENTS, KITS
from genmodels.training.corpus.loudness import limited, master
from genmodels.training.corpus.piece import Piece, Role, Track
from genmodels.training.corpus.soundfont import (
    BLOCK,
    SAMPLE_RATE,
    Event,
    RenderError,
    find_fluidsynth,
    find_soundfont,
    stem_synth,
)
from genmodels.training.corpus.voices import Sounding, play

__all__ = [
    "HOP_LENGTH",
    "SAMPLE_RATE",
    "RenderError",
    "find_fluidsynth",
    "find_soundfont",
    "frame_count",
    "render",
]

HOP_LENGTH = 640
TAIL_S = 1.5
_SHORTEST_S = 0.03

Samples = npt.NDArray[np.float32]


def frame_count(pieces: Sequence[Piece]) -> int:
    """Whole frames of 640 samples in the pieces, one after the other."""
    return int(sum(piece.duration_s for piece in pieces) * SAMPLE_RATE) // HOP_LENGTH


def render(*pieces: Piece) -> Samples:
    """The pieces one after the other as float32 mono at 32 kHz, `[frames * 640]` samples in -1..1.

    Each begins on its exact sample while the one before rings out; the end is cut at the last whole frame of
    the last bar. Each has -16 LUFS (see `loudness.TARGET_LUFS`), peaks are under -1 dBFS. Raises RenderError.
    """
    sound = np.zeros(frame_count(pieces) * HOP_LENGTH, np.float32)
    start_s = 0.0
    for piece in pieces:
        first = round(start_s * SAMPLE_RATE)
        part = render_part(piece)[: len(sound) - first]
        sound[first : first + len(part)] += part
        start_s += piece.duration_s
    return limited(sound)


def render_part(piece: Piece) -> Samples:
    """A piece and the 1.5 s in which it rings out, at the target loudness. Raises RenderError."""
    heard = round(piece.duration_s * SAMPLE_RATE)
    samples = -(-(heard + round(TAIL_S * SAMPLE_RATE)) // BLOCK) * BLOCK
    parts: dict[Role, Samples] = {}
    for track, stem in zip(piece.tracks, _stems(piece, samples), strict=True):
        parts[track.role] = _channel_strip(piece, track, stem)
    return master(mixed_down(parts, piece.mix, piece.seed), heard)


def _channel_strip(piece: Piece, track: Track, stem: Samples) -> Samples:
    if len(piece.tracks) > 1:
        stem = low_cut(stem, track.role)
    stem = levelled(stem, track.level_db)
    if piece.mix.sweep and track.role in ("chords", "arp", "bass"):
        stem = swept(stem, piece)
    if track.pump:
        stem = pumped(stem, piece)
    if track.echo:
        stem = echoed(stem, track.echo * piece.seconds_per_beat)
    return stem


def _stems(piece: Piece, samples: int) -> list[Samples]:
    """What each track sounds like by itself."""
    programs: list[tuple[int, bool]] = []
    events: list[Event] = []
    stems: dict[Role, Samples] = {}
    places: dict[Role, int] = {}
    for track in piece.tracks:
        sounding = _sounding(piece, track)
        sound = KITS[track.instrument] if track.is_drums else INSTRUMENTS[track.instrument]
        if sound.program is None:
            player = play_kit if track.is_drums else play
            stems[track.role] = player(track.instrument, sounding, samples)
            continue
        places[track.role] = len(programs)
        for start, end, pitch, velocity in sounding:
            events += [(start, len(programs), pitch, velocity), (end, len(programs), pitch, 0)]
        programs.append((sound.program, track.is_drums))
    if programs:
        rendered = stem_synth().stems(programs, events, samples)
        stems |= {role: rendered[place] for role, place in places.items()}
    return [stems[track.role] for track in piece.tracks]


def _sounding(piece: Piece, track: Track) -> list[Sounding]:
    """The notes in seconds; one that is struck again while it sounds ends there."""
    seconds = piece.seconds_per_beat
    following: dict[int, float] = {}
    notes: list[Sounding] = []
    for note in reversed(track.notes):
        start = note.start * seconds
        end = max(start + _SHORTEST_S, (note.start + note.length) * seconds)
        if track.role != "drums":
            end = min(end, following.get(note.pitch, end))
        following[note.pitch] = start
        notes.append((start, max(end, start + 0.005), note.pitch, note.velocity))
    return notes[::-1]
