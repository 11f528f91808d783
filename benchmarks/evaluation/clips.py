"""What the model is asked for, and what it plays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.evaluation.features import RATE, Samples
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
        chroma: harmony by frame, or None. label: what a probe should say of it.
    """

    text: str
    bpm: float = 110.0
    seed: int = 0
    beats_per_bar: int = 4
    chroma: ChromaTrack | None = None
    label: str = ""

    def conditions(self) -> Conditions:
        """As the model takes it."""
        return Conditions(
            (WeightedPrompt(self.text, 1.0),),
            chroma=self.chroma,
            transport=Transport(self.bpm, self.beats_per_bar),
        )


def play(model: MusicGen, wish: Wish, seconds: float) -> Samples:
    """A clip from silence, mono at 32 kHz."""
    return np.concatenate(list(stream(model, [(0.0, wish)], seconds)))[: round(seconds * RATE)]


def stream(model: MusicGen, wishes: Sequence[tuple[float, Wish]], seconds: float) -> Iterator[Samples]:
    """A continuation of so many seconds, piece by piece, as the instrument plays it: each wish holds from its
    second on; the first must begin at 0. The seed is the first one's."""
    rate = model.frame_rate
    voice = Continuation(model, wishes[0][1].conditions(), wishes[0][1].seed)
    for begin, wish in wishes[1:]:
        voice.set_conditions(wish.conditions(), round(begin * rate))
    target = round(seconds * rate) + voice.lookahead_frames
    while voice.frame < target:
        pcm = voice.advance(min(target, voice.frame + CHUNK_FRAMES))
        yield np.asarray(torch.as_tensor(pcm).reshape(-1), np.float32)
