"""What the model is asked for, and what it plays; what it has once played is kept."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Queue

import numpy as np
import soundfile
import torch

from benchmarks.evaluation.features import Samples
from benchmarks.manner import DEFAULT, Manner
from daw_bridge.engine.identity import weights_digest
from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt
from genmodels.conditioning.harmony import ChromaTrack
from genmodels.generate.continuation import Continuation
from genmodels.generate.group import Advanced, ContinuationGroup
from genmodels.generate.musicgen import MusicGen

CHUNK_FRAMES = 25
"""What the codec still takes in one batch."""
TOGETHER = 8
PLAYING = 1
"""To be raised where the code plays other clips than before."""

Report = Callable[[float], None]


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
    """Plays clips on a model and keeps them as FLAC: a clip of the same model, manner and wishes is read
    again.

    Args:
        model: what plays. folder: below it there is one for every model and manner.
        fresh: play what is kept once more. manner: how clips are drawn.
        name: of the model, by which other processes find it. workers: processes that play at a time, each
            with the model on one thread; more than one need a name.
    """

    def __init__(
        self,
        model: MusicGen,
        folder: Path,
        fresh: bool = False,
        manner: Manner = DEFAULT,
        name: str = "",
        workers: int = 1,
    ) -> None:
        self.model, self.manner = model, manner
        self._name, self._workers = name, workers
        self.folder = folder / _mark(model, manner)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._fresh = fresh
        self._played_anew: set[Asked] = set()

    def play(self, asked: Asked) -> Samples:
        """A clip, mono at the model's rate."""
        self.play_all([asked])
        return np.asarray(soundfile.read(str(self._path(asked)), dtype="float32")[0], np.float32)

    def play_all(self, asked: Sequence[Asked], report: Report = lambda seconds: None) -> None:
        """Play and keep the clips that are not there yet, several in one batch, the longest first.

        Args:
            asked: clips. report: called with the seconds of music that were played since the last call.
        """
        missing = sorted(self._missing(asked), key=lambda each: each.seconds, reverse=True)
        if self._workers > 1 and len(missing) > TOGETHER:
            self._play_apart(missing, report)
        else:
            for each, sound in played(self.model, missing, self.manner, report):
                _keep(self._path(each), sound, self.model.sample_rate)
        self._played_anew.update(missing)

    def _play_apart(self, missing: Sequence[Asked], report: Report) -> None:
        """The same in several processes, each with its share."""
        shares = [[(each, self._path(each)) for each in missing[n :: self._workers]]
                  for n in range(self._workers)]  # fmt: skip
        context = get_context("spawn")
        with context.Manager() as manager, ProcessPoolExecutor(self._workers, mp_context=context) as pool:
            told: Queue[float | None] = manager.Queue()
            jobs = [pool.submit(_play_share, self._name, share, self.manner, told) for share in shares]
            for job in jobs:
                job.add_done_callback(lambda _: told.put(None))
            at_work = len(jobs)
            while at_work:
                seconds = told.get()
                if seconds is None:
                    at_work -= 1
                else:
                    report(seconds)
            for job in jobs:
                job.result()

    def _missing(self, asked: Sequence[Asked]) -> list[Asked]:
        return [
            each
            for each in dict.fromkeys(asked)
            if (self._fresh and each not in self._played_anew) or not self._path(each).exists()
        ]

    def missing_s(self, asked: Sequence[Asked]) -> float:
        """Seconds of music that have not been played yet."""
        return sum(each.seconds for each in self._missing(asked))

    def speed(self, seconds: float = 3.0) -> float:
        """Seconds of music a second of all processes, from a short stretch of several clips."""
        trial = [Asked(((0.0, Wish("a house track", seed=seed)),), seconds) for seed in range(TOGETHER)]
        threads = torch.get_num_threads()
        torch.set_num_threads(1 if self._workers > 1 else threads)
        try:
            for _ in played(self.model, trial[:1], self.manner):
                pass
            start = time.perf_counter()
            for _ in played(self.model, trial, self.manner):
                pass
            return self._workers * TOGETHER * seconds / (time.perf_counter() - start)
        finally:
            torch.set_num_threads(threads)

    def _path(self, asked: Asked) -> Path:
        return self.folder / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:20]}.flac"


def _mark(model: MusicGen, manner: Manner) -> str:
    """What a clip depends on beside its wishes: weights, windows, decoder and manner."""
    facts = f"{manner} {model.max_frames} {model.stride_frames} {model.decoder.precision} {PLAYING}"
    weights = weights_digest([model.compression_model, model.lm])
    return f"{weights}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"


def _keep(path: Path, sound: Samples, rate: int) -> None:
    """Write a clip, so that it is there whole or not at all."""
    partial = path.with_suffix(".part")
    soundfile.write(str(partial), np.clip(sound, -1.0, 1.0), rate, format="FLAC")
    os.replace(partial, path)


def _play_share(
    name: str, share: Sequence[tuple[Asked, Path]], manner: Manner, told: Queue[float | None]
) -> None:
    """What one of several processes plays."""
    torch.set_num_threads(1)
    model, paths = MusicGen.get_pretrained(name), dict(share)
    for each, sound in played(model, list(paths), manner, told.put):
        _keep(paths[each], sound, model.sample_rate)


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
        if self._due and self.stream.frame >= self._last_frame:
            raise RuntimeError(f"{self.asked}: {self._due} samples never came")
        return len(sound)


def played(
    model: MusicGen, asked: Sequence[Asked], manner: Manner, report: Report = lambda seconds: None
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
