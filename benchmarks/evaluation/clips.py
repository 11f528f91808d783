"""What the model is asked for, and what it plays; what it has once played is kept."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.evaluation.features import Samples
from daw_bridge.engine.identity import weights_digest
from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt
from genmodels.conditioning.harmony import ChromaTrack
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen

CHUNK_FRAMES = 250


@dataclass(frozen=True)
class Wish:
    """What is asked of a clip.

    Attributes:
        text: the prompt. bpm, beats_per_bar: the transport. seed: of the voice.
        chroma: harmony by frame, or None.
    """

    text: str
    bpm: float = 110.0
    seed: int = 0
    beats_per_bar: int = 4
    chroma: ChromaTrack | None = None

    def conditions(self) -> Conditions:
        """As the model takes it."""
        return Conditions(
            (WeightedPrompt(self.text, 1.0),),
            chroma=self.chroma,
            transport=Transport(self.bpm, self.beats_per_bar),
        )


@dataclass(frozen=True)
class Asked:
    """A clip to be played from silence.

    Attributes:
        wishes: each holds from its second on; the first begins at 0, and its seed is the clip's.
        seconds: length. kept_s: how much of its end is wanted; 0 is all.
    """

    wishes: tuple[tuple[float, Wish], ...]
    seconds: float
    kept_s: float = 0.0


class Player:
    """Plays clips on a model and keeps them as FLAC: a clip of the same weights and wishes is read again.

    Args:
        model: what plays. folder: for one folder a model. fresh: play what is kept once more.
    """

    def __init__(self, model: MusicGen, folder: Path, fresh: bool = False) -> None:
        self.model = model
        self.folder = folder / weights_digest([model.compression_model, model.lm])
        self.folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            for path in self.folder.glob("*.flac"):
                path.unlink()

    def play(self, asked: Asked) -> Samples:
        """A clip, mono at the model's rate."""
        path = self._path(asked)
        if not path.exists():
            rate = self.model.sample_rate
            kept = round((asked.kept_s or asked.seconds) * rate)
            sound = np.zeros(0, np.float32)
            for piece in stream(self.model, asked.wishes, asked.seconds):
                sound = np.concatenate([sound, piece])[-kept:]
            partial = path.with_suffix(".part")
            soundfile.write(str(partial), np.clip(sound, -1.0, 1.0), rate, format="FLAC")
            os.replace(partial, path)
        return np.asarray(soundfile.read(str(path), dtype="float32")[0], np.float32)

    def missing_s(self, asked: Sequence[Asked]) -> float:
        """Seconds of music that have not been played yet."""
        return sum(each.seconds for each in asked if not self._path(each).exists())

    def speed(self, seconds: float = 6.0) -> float:
        """Seconds of music a second, from a short stretch."""
        for _ in stream(self.model, [(0.0, Wish("warming up"))], 1.0):
            pass
        start = time.perf_counter()
        for _ in stream(self.model, [(0.0, Wish("a house track"))], seconds):
            pass
        return seconds / (time.perf_counter() - start)

    def _path(self, asked: Asked) -> Path:
        return self.folder / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:20]}.flac"


def stream(model: MusicGen, wishes: Sequence[tuple[float, Wish]], seconds: float) -> Iterator[Samples]:
    """A continuation of so many seconds, piece by piece, as the instrument plays it: each wish holds from its
    second on; the first must begin at 0. The seed is the first one's."""
    rate = model.frame_rate
    voice = Continuation(model, wishes[0][1].conditions(), wishes[0][1].seed)
    for begin, wish in wishes[1:]:
        voice.set_conditions(wish.conditions(), round(begin * rate))
    target = round(seconds * rate) + voice.lookahead_frames
    played, length = 0, round(seconds * model.sample_rate)
    while voice.frame < target:
        pcm = voice.advance(min(target, voice.frame + CHUNK_FRAMES))
        sound = np.asarray(torch.as_tensor(pcm).reshape(-1), np.float32)[: length - played]
        played += len(sound)
        yield sound
