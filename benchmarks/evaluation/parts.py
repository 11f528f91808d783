"""The parts of an evaluation: what each plays, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.progress import Progress

from benchmarks.evaluation.beats import beat_ceilings, beat_figures, clip_drummed, late_beat, late_clips
from benchmarks.evaluation.changes import change_ceilings, change_figures
from benchmarks.evaluation.clips import Asked
from benchmarks.evaluation.codec import PIECE_S as CODEC_PIECE_S
from benchmarks.evaluation.codec import codec_figures
from benchmarks.evaluation.continuations import (
    collapse_ceilings,
    collapse_clips,
    collapse_figures,
    seam_ceilings,
    seam_clips,
    seam_figures,
)
from benchmarks.evaluation.evaluation import Evaluation
from benchmarks.evaluation.judge import AS_IT_IS, AT_ANY_TEMPO, TAUGHT_BRIEFLY
from benchmarks.evaluation.material import cut_sounds
from benchmarks.evaluation.melodies import comparison_s, melody_figures
from benchmarks.evaluation.probe import Probe
from benchmarks.evaluation.text import QUESTIONS, answer_figures, ceiling_figures
from benchmarks.results import Figure

COLUMNS = Progress.get_default_columns()


def _prompt_clips(evaluation: Evaluation) -> list[Asked]:
    return [clip.asked for clip in evaluation.clips]


def _text(evaluation: Evaluation) -> list[Figure]:
    player, judge, clips = evaluation.player, evaluation.judge, evaluation.clips
    return [
        figure
        for question in QUESTIONS
        for figure in answer_figures(question, judge.probe(question.name), player, clips)
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
    return late_clips(*((1.0, 1) if evaluation.quick else (5.0, 4)), evaluation.first_seed)


def _beat(evaluation: Evaluation) -> list[Figure]:
    drummed = [clip_drummed(evaluation.player.play(clip.asked), clip.bpm) for clip in evaluation.drummed]
    return beat_figures(drummed) + late_beat(evaluation.player, _late(evaluation))


def _change_probe(evaluation: Evaluation) -> Probe:
    return evaluation.judge.probe("style", TAUGHT_BRIEFLY)


def _change(evaluation: Evaluation) -> list[Figure]:
    return change_figures(evaluation.player, _change_probe(evaluation), evaluation.changes)


def _long(evaluation: Evaluation) -> list[Asked]:
    return collapse_clips(*((2.0, 2) if evaluation.quick else (10.0, 4)), evaluation.first_seed + 100)


def _seam_clips(evaluation: Evaluation) -> list[Asked]:
    short = seam_clips(evaluation.player.model, 3 if evaluation.quick else 12, evaluation.first_seed)
    return short + _long(evaluation) + _late(evaluation)


def _melody(evaluation: Evaluation) -> list[Figure]:
    return melody_figures(evaluation.player, evaluation.melodies, evaluation.workers)


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
        lambda evaluation: beat_ceilings(evaluation.judge.held_out),
        lambda evaluation: [clip.asked for clip in evaluation.drummed] + _late(evaluation),
    ),
    "melody": Part(
        "Melodies that the corpus has not, asked for as chroma.",
        _melody,
        clips=lambda evaluation: [melody.asked for melody in evaluation.melodies],
    ),
    "change": Part(
        "The prompt changes while it plays.",
        _change,
        lambda evaluation: change_ceilings(
            evaluation.judge.probe("style", TAUGHT_BRIEFLY), evaluation.judge.held_out
        ),
        lambda evaluation: [change.asked for change in evaluation.changes],
    ),
    "collapse": Part(
        "Long continuations stay within what is usual.",
        lambda evaluation: collapse_figures(evaluation.player, _long(evaluation), evaluation.judge.held_out),
        lambda evaluation: collapse_ceilings(evaluation.judge.held_out),
        _long,
    ),
    "seams": Part(
        "The places where windows meet.",
        lambda evaluation: seam_figures(evaluation.player, _seam_clips(evaluation)),
        lambda evaluation: seam_ceilings(evaluation.judge.held_out),
        _seam_clips,
    ),
    "codec": Part(
        "What the codec loses, of held-out renders and of sounds that it was not made for.", _codec
    ),
}


def estimate(evaluation: Evaluation, names: Sequence[str], ceilings: bool) -> str:
    """How long the parts will take, from a few seconds of play and what is not kept yet."""
    music = 0.0 if ceilings else evaluation.player.missing_s(_clips(evaluation, names))
    judged = set(names) - {"melody"}
    work = evaluation.judge.missing_s(probes=bool({"text", "change"} & judged)) if judged else 0.0
    if "melody" in names and not ceilings:
        work += comparison_s(evaluation.melodies)
    work /= evaluation.workers
    said = f"{work / 60:.0f} minutes of renders and listening"
    if not music:
        return f"about {said}"
    speed = evaluation.player.speed()
    return (
        f"about {(music / speed + work) / 60:.0f} minutes: {music / 60:.0f} minutes of music to play at "
        f"{speed:.0f} times real time, {said}"
    )


def play(evaluation: Evaluation, names: Sequence[str]) -> None:
    """Play all clips that the parts need, in one go."""
    clips = _clips(evaluation, names)
    with Progress(*COLUMNS, transient=True) as progress:
        task = progress.add_task("playing clips", total=evaluation.player.missing_s(clips))
        evaluation.player.play_all(clips, lambda seconds: progress.advance(task, seconds))


def _clips(evaluation: Evaluation, names: Sequence[str]) -> list[Asked]:
    return [asked for name in names for asked in PARTS[name].clips(evaluation)]
