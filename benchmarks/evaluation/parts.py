"""The parts of an evaluation: what each plays, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from rich.progress import Progress

from benchmarks.evaluation import playing
from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.codec import PIECE_S as CODEC_PIECE_S
from benchmarks.evaluation.codec import codec_figures
from benchmarks.evaluation.features import Samples
from benchmarks.evaluation.judge import AS_IT_IS, AT_ANY_TEMPO, PIECE_S, Judge
from benchmarks.evaluation.material import cut_sounds
from benchmarks.evaluation.playing import Pair
from benchmarks.evaluation.text import QUESTIONS, answer_figures, ceiling_figures
from benchmarks.manner import DEFAULT, Manner
from benchmarks.melody import melody
from benchmarks.results import Figure
from genmodels.generate.musicgen import MusicGen
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS, HeldOutPrompt

BUILD = Path("build") / "evaluation"
LOWEST_BPM, HIGHEST_BPM = 70, 170
MELODY_S = 10.0
COLUMNS = Progress.get_default_columns()


@dataclass
class Evaluation:
    """What the parts share: the model, what it plays, and what judges it.

    Args:
        model_name: name or folder. quick: a short form. workers: processes that render.
        again: play clips again that are kept. manner: how clips are drawn.
    """

    model_name: str
    quick: bool
    workers: int = 2
    again: bool = False
    manner: Manner = DEFAULT

    @cached_property
    def player(self) -> Player:
        """Plays the model's clips."""
        model = MusicGen.get_pretrained(self.model_name)
        return Player(model, BUILD / "clips", self.again, self.manner)

    @cached_property
    def judge(self) -> Judge:
        """Held-out renders and probes."""
        return Judge(self.player.model.compression_model, BUILD, self.quick, self.workers)

    @property
    def prompts(self) -> list[tuple[HeldOutPrompt, Wish]]:
        """For each held-out prompt some wishes, of several tempos and seeds."""
        return [
            (prompt, Wish(prompt.text, float(rng.integers(LOWEST_BPM, HIGHEST_BPM + 1)), seed))
            for number, prompt in enumerate(HELD_OUT_PROMPTS)
            for seed in range(1 if self.quick else 5)
            for rng in [np.random.default_rng([number, seed])]
        ]

    @property
    def pairs(self) -> list[Pair]:
        """Prompts of two styles that follow each other."""
        known = [(prompt.text, prompt.style) for prompt in HELD_OUT_PROMPTS if prompt.style is not None]
        order = np.random.default_rng(5).permutation(len(known))
        pairs = [(known[i], known[j]) for i, j in zip(order, np.roll(order, 1), strict=True)]
        pairs = [(one, other) for one, other in pairs if one[1] != other[1]]
        return pairs[:8] if self.quick else pairs

    @property
    def melodies(self) -> int:
        """How many melodies are asked for."""
        return 16 if self.quick else 104

    def estimate(self, names: Sequence[str], ceilings: bool) -> str:
        """How long the parts will take, from a few seconds of play and what is not kept yet."""
        speed = self.player.speed()
        music = self.player.missing_s(self._clips(names)) + (
            self.melodies * MELODY_S if "melody" in names else 0.0
        )
        music = 0.0 if ceilings else music
        judged = set(names) - {"melody"}
        work = self.judge.missing_s(probes=bool(judged & {"text", "change"})) if judged else 0.0
        return (
            f"about {(music / speed + work) / 60:.0f} minutes: {music / 60:.0f} minutes of music to play at "
            f"{speed:.1f} times real time, {work / 60:.0f} minutes of renders and listening on one core"
        )

    def play(self, names: Sequence[str]) -> None:
        """Play all clips that the parts need, in one go."""
        clips = self._clips(names)
        with Progress(*COLUMNS, transient=True) as progress:
            task = progress.add_task("playing clips", total=self.player.missing_s(clips))
            self.player.play_all(clips, lambda seconds: progress.advance(task, seconds))

    def _clips(self, names: Sequence[str]) -> list[Asked]:
        return [asked for name in names for asked in PARTS[name].clips(self)]


def _prompt_clips(evaluation: Evaluation) -> list[Asked]:
    return [Asked(((0.0, wish),), PIECE_S) for _, wish in evaluation.prompts]


def _played(evaluation: Evaluation) -> list[tuple[HeldOutPrompt, float, Samples]]:
    asked = zip(evaluation.prompts, _prompt_clips(evaluation), strict=True)
    return [(prompt, wish.bpm, evaluation.player.play(clip)) for (prompt, wish), clip in asked]


def _text(evaluation: Evaluation) -> list[Figure]:
    clips = [(prompt, sound) for prompt, _, sound in _played(evaluation)]
    return [
        figure
        for question in QUESTIONS
        for figure in answer_figures(question, evaluation.judge.probe(question.name), clips)
    ]


def _text_ceilings(evaluation: Evaluation) -> list[Figure]:
    judge = evaluation.judge
    held_out, any_tempo = judge.stretches(AS_IT_IS), judge.stretches(AT_ANY_TEMPO)
    return [
        figure
        for question in QUESTIONS
        for figure in ceiling_figures(question, judge.probe(question.name), held_out, any_tempo)
    ]


def _late(evaluation: Evaluation) -> list[Asked]:
    return playing.late_clips(1.0 if evaluation.quick else 5.0, 1 if evaluation.quick else 3)


def _beat(evaluation: Evaluation) -> list[Figure]:
    drummed = [(bpm, sound) for prompt, bpm, sound in _played(evaluation) if prompt.drums]
    return playing.beat_figures(drummed) + playing.late_beat(evaluation.player, _late(evaluation))


def _change(evaluation: Evaluation) -> list[Figure]:
    return playing.change_figures(evaluation.player, evaluation.judge.probe("style"), evaluation.pairs)


def _long(evaluation: Evaluation) -> list[Asked]:
    return playing.collapse_clips(2.0 if evaluation.quick else 10.0)


def _seam_clips(evaluation: Evaluation) -> list[Asked]:
    return playing.seam_clips(evaluation.player.model, 3 if evaluation.quick else 12)


def _melody(evaluation: Evaluation) -> list[Figure]:
    return melody(evaluation.melodies, MELODY_S, evaluation.model_name, evaluation.manner).figures


def _codec(evaluation: Evaluation) -> list[Figure]:
    renders = evaluation.judge.renders[: 12 if evaluation.quick else 60]
    sounds = list(cut_sounds(renders, CODEC_PIECE_S))
    return codec_figures(evaluation.player.model.compression_model, sounds)


Finds = Callable[[Evaluation], list[Figure]]


@dataclass(frozen=True)
class Part:
    """A part of an evaluation.

    Attributes:
        about: what it is, for people. own: figures of the model's clips, floors among them.
        ceilings: the same of held-out renders after the codec. clips: what the model has to play.
    """

    about: str
    own: Finds
    ceilings: Finds = lambda evaluation: []
    clips: Callable[[Evaluation], list[Asked]] = lambda evaluation: []


PARTS = {
    "text": Part("Drums, lead family and style of the clips.", _text, _text_ceilings, _prompt_clips),
    "beat": Part(
        "Clips that were to have drums, and long continuations, against the asked grid.",
        _beat,
        lambda evaluation: playing.beat_ceilings(evaluation.judge.held_out),
        lambda evaluation: _prompt_clips(evaluation) + _late(evaluation),
    ),
    "melody": Part("Melodies that the corpus has not, asked for as chroma.", _melody),
    "change": Part(
        "The prompt changes while playing.",
        _change,
        lambda evaluation: playing.change_ceilings(
            evaluation.judge.probe("style"), evaluation.judge.held_out
        ),
        lambda evaluation: playing.change_clips(evaluation.pairs),
    ),
    "collapse": Part(
        "Long continuations stay within what is usual.",
        lambda evaluation: playing.collapse_figures(
            evaluation.player, _long(evaluation), evaluation.judge.held_out
        ),
        lambda evaluation: playing.collapse_ceilings(evaluation.judge.held_out),
        _long,
    ),
    "seams": Part(
        "The places where windows meet.",
        lambda evaluation: playing.seam_figures(evaluation.player, _seam_clips(evaluation)),
        lambda evaluation: playing.seam_ceilings(evaluation.judge.held_out),
        _seam_clips,
    ),
    "codec": Part(
        "What the codec loses, of held-out renders and of sounds that it was not made for.", _codec
    ),
}
