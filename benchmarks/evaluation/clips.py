"""What the model is asked for, and what it plays; what it has once played is kept."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.evaluation.features import Samples
from benchmarks.manner import DEFAULT, Manner
from daw_bridge.engine.identity import weights_digest
from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt
from genmodels.conditioning.harmony import ChromaTrack
from genmodels.generate.continuation import Continuation
from genmodels.generate.group import Advanced, ContinuationGroup
from genmodels.generate.musicgen import MusicGen

CHUNK_FRAMES = 50
TOGETHER = 8


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
        model: what plays. folder: for one folder a model and manner. fresh: play what is kept once more.
        manner: how clips are drawn.
    """

    def __init__(self, model: MusicGen, folder: Path, fresh: bool = False, manner: Manner = DEFAULT) -> None:
        self.model = model
        self.manner = manner
        mark = weights_digest([model.compression_model, model.lm])
        if manner != DEFAULT:
            mark += f"-{hashlib.sha256(repr(manner).encode()).hexdigest()[:8]}"
        self.folder = folder / mark
        self.folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            for path in self.folder.glob("*.flac"):
                path.unlink()

    def play(self, asked: Asked) -> Samples:
        """A clip, mono at the model's rate."""
        self.play_all([asked])
        return np.asarray(soundfile.read(str(self._path(asked)), dtype="float32")[0], np.float32)

    def play_all(
        self, asked: Sequence[Asked], report: Callable[[float], None] = lambda seconds: None
    ) -> None:
        """Play and keep the clips that are not there yet, several in one batch, the longest first.

        Args:
            asked: clips. report: called with the seconds of music that were played since the last call.
        """
        missing = [each for each in dict.fromkeys(asked) if not self._path(each).exists()]
        missing.sort(key=lambda each: each.seconds, reverse=True)
        for each, sound in played(self.model, missing, self.manner, report):
            path = self._path(each)
            partial = path.with_suffix(".part")
            soundfile.write(str(partial), np.clip(sound, -1.0, 1.0), self.model.sample_rate, format="FLAC")
            os.replace(partial, path)

    def missing_s(self, asked: Sequence[Asked]) -> float:
        """Seconds of music that have not been played yet."""
        return sum(each.seconds for each in dict.fromkeys(asked) if not self._path(each).exists())

    def speed(self, seconds: float = 3.0) -> float:
        """Seconds of music a second of several clips together, from a short stretch."""
        trial = [Asked(((0.0, Wish("a house track", seed=seed)),), seconds) for seed in range(TOGETHER)]
        for _ in played(self.model, trial[:1], self.manner):
            pass
        start = time.perf_counter()
        for _ in played(self.model, trial, self.manner):
            pass
        return TOGETHER * seconds / (time.perf_counter() - start)

    def _path(self, asked: Asked) -> Path:
        return self.folder / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:20]}.flac"


class _Voice:
    """A clip that is being played."""

    def __init__(self, model: MusicGen, asked: Asked, manner: Manner) -> None:
        self.asked = asked
        (_, first), *later = asked.wishes
        self.stream = Continuation(model, manner.of(first.conditions()), first.seed)
        for begin, wish in later:
            self.stream.set_conditions(manner.of(wish.conditions()), round(begin * model.frame_rate))
        self._last_frame = math.ceil(asked.seconds * model.frame_rate) + self.stream.lookahead_frames
        self._due = round(asked.seconds * model.sample_rate)
        self._kept = round((asked.kept_s or asked.seconds) * model.sample_rate)
        self._sound: list[Samples] = []

    @property
    def to_frame(self) -> int:
        """What to reach next."""
        return min(self._last_frame, self.stream.frame + CHUNK_FRAMES)

    @property
    def finished(self) -> bool:
        """Whether the clip is complete."""
        return self._due == 0

    @property
    def sound(self) -> Samples:
        """What is wanted of it."""
        return np.concatenate(self._sound)[-self._kept :]

    def take(self, advanced: Advanced) -> int:
        """Take what came of it; how many samples that is."""
        if advanced.error is not None:
            raise advanced.error
        assert advanced.pcm is not None
        sound = np.asarray(advanced.pcm, np.float32).reshape(-1)[: self._due]
        self._due -= len(sound)
        self._sound.append(sound)
        return len(sound)


def played(
    model: MusicGen,
    asked: Sequence[Asked],
    manner: Manner,
    report: Callable[[float], None] = lambda seconds: None,
) -> Iterator[tuple[Asked, Samples]]:
    """Clips as the instrument plays them, `TOGETHER` at a time, each when it is complete; see
    `Player.play_all`."""
    group, waiting = ContinuationGroup(), list(reversed(asked))
    voices: list[_Voice] = []
    while waiting or voices:
        while waiting and len(voices) < TOGETHER:
            voices.append(_Voice(model, waiting.pop(), manner))
        advanced = group.advance({voice.stream: voice.to_frame for voice in voices})
        samples = sum(voice.take(advanced[voice.stream]) for voice in voices)
        report(samples / model.sample_rate)
        yield from ((voice.asked, voice.sound) for voice in voices if voice.finished)
        voices = [voice for voice in voices if not voice.finished]
