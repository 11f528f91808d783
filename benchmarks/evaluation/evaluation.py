"""What the parts of an evaluation share: the model, what it is asked for, and what judges it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.evaluation.changes import Change
from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.judge import PIECE_S, Judge
from benchmarks.evaluation.melodies import Melody, melodies
from benchmarks.evaluation.text import QUESTIONS, Clip
from benchmarks.manner import DEFAULT, Manner
from genmodels.generate.musicgen import MusicGen
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS, HeldOutPrompt

BUILD = Path("build") / "evaluation"
LOWEST_BPM, HIGHEST_BPM = 70, 170
BEAT_SEEDS = 9
CHANGE_ROUNDS = 6
TUNING_SEED = 1000


@dataclass
class Evaluation:
    """What the parts share: the model, what it plays, and what judges it.

    Args:
        model_name: name or folder. quick: a short form. workers: processes that render and play.
        again: play clips again that are kept. manner: how clips are drawn.
        tuning: other seeds, for comparing manners, so that what is reported is not what was chosen by.
    """

    model_name: str
    quick: bool
    workers: int = 2
    again: bool = False
    manner: Manner = DEFAULT
    tuning: bool = False

    @cached_property
    def player(self) -> Player:
        """Plays the model's clips."""
        model = MusicGen.get_pretrained(self.model_name)
        return Player(model, BUILD / "clips", self.again, self.manner, self.model_name, self.workers)

    @cached_property
    def judge(self) -> Judge:
        """Held-out renders and probes."""
        return Judge(self.player.model.compression_model, BUILD, self.quick, self.workers)

    @property
    def first_seed(self) -> int:
        """Of what is played."""
        return TUNING_SEED if self.tuning else 0

    @property
    def clips(self) -> list[Clip]:
        """For each held-out prompt some clips, of several tempos and seeds."""
        found = []
        for index, prompt in enumerate(HELD_OUT_PROMPTS):
            for number in range(self._clips_of(prompt)):
                seed = self.first_seed + number
                bpm = float(np.random.default_rng([index, seed]).integers(LOWEST_BPM, HIGHEST_BPM + 1))
                asked = Asked(((0.0, Wish(prompt.text, bpm, seed)),), PIECE_S)
                found.append(Clip(prompt, number, asked))
        return found

    @property
    def drummed(self) -> list[Clip]:
        """Those of them that are to have drums and whose beat is looked at."""
        return [clip for clip in self.clips if clip.prompt.drums and clip.number < BEAT_SEEDS]

    def _clips_of(self, prompt: HeldOutPrompt) -> int:
        """With how many seeds a prompt is played, so that every question has enough clips."""
        if self.quick:
            return 1
        drummed = BEAT_SEEDS if prompt.drums else 0
        return max(drummed, *(question.clips_of(prompt) for question in QUESTIONS))

    @property
    def changes(self) -> list[Change]:
        """Prompts of two styles that follow each other, at several tempos."""
        known = [(prompt.text, prompt.style) for prompt in HELD_OUT_PROMPTS if prompt.style is not None]
        found = []
        for seed in range(1 if self.quick else CHANGE_ROUNDS):
            rng = np.random.default_rng([5, self.first_seed + seed])
            order = rng.permutation(len(known))
            for i, j in zip(order, np.roll(order, 1), strict=True):
                bpm = float(rng.integers(LOWEST_BPM, HIGHEST_BPM + 1))
                found.append(Change(known[i], known[j], bpm, self.first_seed + seed))
        found = [change for change in found if change.old[1] != change.new[1]]
        return found[:8] if self.quick else found

    @property
    def melodies(self) -> list[Melody]:
        """What is asked for as chroma."""
        return melodies(15 if self.quick else 200, self.first_seed)
