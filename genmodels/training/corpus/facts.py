"""What the JSON file of an item says: its parts with all that was decided, and its scenes with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from genmodels.training.corpus.captions import caption_set
from genmodels.training.corpus.instruments import family_of
from genmodels.training.corpus.labels import FRAME_RATE
from genmodels.training.corpus.piece import Piece
from genmodels.training.corpus.render import frame_count
from genmodels.training.corpus.scenes import Scene, scenes
from genmodels.training.corpus.theory import key_name

COMPOSER = 2
"""Counts changes of what a seed sounds like; items of another number are written anew."""


@dataclass(frozen=True)
class SceneFacts:
    """A scene as it stands in the JSON file: frames [start_frame, end_frame), what is true of them, captions.

    Attributes:
        style, texture: keys, see `Style` and `Texture`.
        drums: whether drums play.
        lead_family: family of the most prominent instrument, see `Family`.
        instruments: keys of `INSTRUMENTS` and `KITS`, the most prominent first.
        bpm, meter, key: as in 120.0, '4/4', 'A minor'.
    """

    start_frame: int
    end_frame: int
    style: str
    texture: str
    drums: bool
    lead_family: str
    instruments: list[str]
    sections: list[str]
    bpm: float
    meter: str
    key: str
    captions: list[str]


def item_facts(seed: int, pieces: Sequence[Piece]) -> dict[str, Any]:
    """What the JSON file of an item holds: plain lists, strings and numbers."""
    frames = frame_count(pieces)
    told = [_scene_facts(scene, f"{seed} {i}", frames) for i, scene in enumerate(scenes(pieces))]
    return {
        "composer": COMPOSER,
        "seed": seed,
        "frames": frames,
        "duration_s": frames / FRAME_RATE,
        "parts": [_part_facts(piece) for piece in pieces],
        "scenes": [asdict(facts) for facts in told if facts.end_frame > facts.start_frame],
    }


def _scene_facts(scene: Scene, seed: str, frames: int) -> SceneFacts:
    piece = scene.piece
    return SceneFacts(
        start_frame=min(frames, round(scene.start_s * FRAME_RATE)),
        end_frame=min(frames, round(scene.end_s * FRAME_RATE)),
        style=piece.style,
        texture=scene.texture,
        drums=scene.has_drums,
        lead_family=scene.lead_family,
        instruments=list(scene.instruments),
        sections=list(scene.sections),
        bpm=piece.bpm,
        meter=piece.meter,
        key=key_name(piece.tonic, piece.mode),
        captions=caption_set(scene, seed),
    )


def _part_facts(piece: Piece) -> dict[str, Any]:
    return {
        "seed": piece.seed,
        "style": piece.style,
        "texture": piece.texture,
        "bpm": piece.bpm,
        "meter": piece.meter,
        "beats_per_bar": piece.beats_per_bar,
        "bars": piece.bars,
        "duration_s": piece.duration_s,
        "key": key_name(piece.tonic, piece.mode),
        "scale": piece.scale,
        "chords": list(piece.chords),
        "moods": list(piece.moods),
        "tracks": [
            {
                "role": t.role,
                "instrument": t.instrument,
                "family": family_of(t.instrument),
                "level_db": t.level_db,
            }
            for t in piece.tracks
        ],
        "sections": [{**asdict(section), "roles": list(section.roles)} for section in piece.sections],
    }
