"""Whether a prompt is heard in what is played, by probes that were trained on renders of the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.evaluation.clips import Asked, Player
from benchmarks.evaluation.description import Matrix, describe
from benchmarks.evaluation.features import RATE, Samples, log_mel
from benchmarks.evaluation.material import Described
from benchmarks.evaluation.probe import Probe
from benchmarks.results import Figure
from genmodels.training.corpus.facts import SceneFacts
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS, HeldOutPrompt

SKIPPED_S = 1.0
SEEDS = 5
DRAWS = 1000
BARE_STYLES = ("ambient", "solo piano")


def shows_style(scene: SceneFacts) -> bool:
    """Whether a listener could name the style: a band plays, or the style has none."""
    return scene.texture in ("full", "no drums") or scene.style in BARE_STYLES


def shows_lead(scene: SceneFacts) -> bool:
    """Whether there is no doubt about who leads: at most two instruments, or one before drums."""
    return scene.texture in ("solo", "duo", "drums only", "bass and drums")


@dataclass(frozen=True)
class Question:
    """What a probe is asked.

    Attributes:
        of_scene: the answer that a scene gives. of_prompt: the one that a prompt asks for; None: it does not
            say.
        to_reach: share of right answers in percent. audible: of which scenes the answer can be heard.
        seeds: for each answer that is rarely asked for, how many clips a prompt gets; others get `SEEDS`.
    """

    name: str
    of_scene: Callable[[SceneFacts], str]
    of_prompt: Callable[[HeldOutPrompt], str | None]
    to_reach: float
    audible: Callable[[SceneFacts], bool] = lambda scene: True
    seeds: Callable[[str], int] = lambda answer: SEEDS

    def clips_of(self, prompt: HeldOutPrompt) -> int:
        """With how many seeds a prompt is asked for it."""
        answer = self.of_prompt(prompt)
        return 0 if answer is None else self.seeds(answer)


QUESTIONS = (
    Question(
        "drums or none",
        lambda scene: "drums" if scene.drums else "none",
        lambda prompt: None if prompt.drums is None else "drums" if prompt.drums else "none",
        90.0,
        # as many clips without drums as with them, so that neither answer alone gets far
        seeds=lambda answer: SEEDS if answer == "drums" else 3 * SEEDS,
    ),
    Question(
        "lead family",
        lambda scene: scene.lead_family,
        lambda prompt: prompt.lead_family,
        75.0,
        shows_lead,
        lambda answer: 4 * SEEDS,
    ),
    Question("style", lambda scene: scene.style, lambda prompt: prompt.style, 60.0, shows_style),
)


def trained(question: Question, material: Described) -> Probe:
    """A probe that has learned to answer a question, from all scenes."""
    answers = [question.of_scene(scene) for scene in material.scenes]
    probe = Probe(sorted(set(answers)))
    probe.train(material.values, answers)
    return probe


def description_of(clip: Samples) -> Matrix:
    """A clip after its first second, described [1, D]."""
    return describe(log_mel(clip[round(SKIPPED_S * RATE) :]))[None]


@dataclass(frozen=True)
class Ceiling:
    """What a probe says of held-out renders whose answer can be heard, and what is true."""

    said: list[str]
    truth: list[str]

    @property
    def right(self) -> float:
        """Share of right answers in percent."""
        return agreement(self.said, self.truth)

    def confused(self, count: int = 3) -> str:
        """The most frequent mistakes, in words."""
        mistakes = Counter(
            (truth, said) for truth, said in zip(self.truth, self.said, strict=True) if truth != said
        )
        return ", ".join(f"{truth} as {said} {times}" for (truth, said), times in mistakes.most_common(count))


def ceiling(question: Question, probe: Probe, held_out: Described, among: Collection[str]) -> Ceiling:
    """A probe's answers to held-out renders of which one of some answers can be heard."""
    audible = [
        number
        for number, scene in enumerate(held_out.scenes)
        if question.audible(scene) and question.of_scene(scene) in among
    ]
    truth = [question.of_scene(held_out.scenes[number]) for number in audible]
    return Ceiling(probe.heard(held_out.values[audible]), truth)


def ceiling_figures(
    question: Question, probe: Probe, held_out: Described, other_tempo: Described
) -> list[Figure]:
    """What the probe would say of a model that is as good as the corpus after the codec, of the answers that
    prompts ask for; and of all others too, where there are others."""
    asked = {answer for prompt in HELD_OUT_PROMPTS if (answer := question.of_prompt(prompt)) is not None}
    own, other = (ceiling(question, probe, each, asked) for each in (held_out, other_tempo))
    every = ceiling(question, probe, held_out, probe.names)
    note = f"ceiling, {len(own.truth)} stretches after the codec"
    if own.confused():
        note += f"; {own.confused()}"
    figures = [
        Figure(f"{question.name}, held-out renders", own.right, "%", note=note),
        Figure(f"{question.name}, the same at 70 to 170 BPM", other.right, "%",
               note=f"ceiling, {len(other.truth)} stretches"),
    ]  # fmt: skip
    if len(every.truth) > len(own.truth):
        note = f"{len(every.truth)} stretches, {len(probe.names)} classes, {len(asked)} of them asked for"
        figures.append(Figure(f"{question.name}, what is not asked for too", every.right, "%", note=note))
    return figures


@dataclass(frozen=True)
class Clip:
    """What is played for a prompt with one of its seeds, counted from 0."""

    prompt: HeldOutPrompt
    number: int
    asked: Asked

    @property
    def bpm(self) -> float:
        """Its tempo."""
        return self.asked.wishes[0][1].bpm


def answer_figures(question: Question, probe: Probe, player: Player, clips: Sequence[Clip]) -> list[Figure]:
    """The share of clips that are heard as asked, of all and of each answer where there are two, and the same
    with the wishes exchanged (floor)."""
    asked = [clip for clip in clips if clip.number < question.clips_of(clip.prompt)]
    wanted = [str(question.of_prompt(clip.prompt)) for clip in asked]
    said = probe.heard(np.concatenate([description_of(player.play(clip.asked)) for clip in asked]))
    exchanged = [str(wish) for wish in np.random.default_rng(0).permutation(wanted)]
    low, high = _interval([clip.prompt for clip in asked], said, wanted)
    note = f"{len(wanted)} clips, {len(probe.names)} classes; {low:.0f} to {high:.0f} % over other prompts"
    answers = sorted(set(wanted)) if len(probe.names) == 2 else []
    return [
        Figure(question.name, agreement(said, wanted), "%", at_least=question.to_reach, note=note),
        *(_share(question, answer, said, wanted) for answer in answers),
        Figure(f"{question.name}, wishes exchanged", agreement(said, exchanged), "%", note="floor"),
    ]


def _share(question: Question, answer: str, said: Sequence[str], wanted: Sequence[str]) -> Figure:
    """Of one answer alone."""
    own = [(one, other) for one, other in zip(said, wanted, strict=True) if other == answer]
    right = agreement(*zip(*own, strict=True))
    return Figure(f"{question.name}: {answer}, where asked for", right, "%", note=f"{len(own)} clips")


def _interval(
    prompts: Sequence[HeldOutPrompt], said: Sequence[str], wanted: Sequence[str]
) -> tuple[float, float]:
    """Percent between which 95 of 100 draws of as many prompts lie: clips of one prompt are much alike."""
    rights: dict[str, list[bool]] = {}
    for prompt, one, other in zip(prompts, said, wanted, strict=True):
        rights.setdefault(prompt.text, []).append(one == other)
    sums = np.array([(sum(right), len(right)) for right in rights.values()], np.float64)
    drawn = np.random.default_rng(0).integers(len(sums), size=(DRAWS, len(sums)))
    totals = sums[drawn].sum(1)
    low, high = np.percentile(100.0 * totals[:, 0] / totals[:, 1], (2.5, 97.5))
    return float(low), float(high)


def agreement(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Share of equal answers in percent."""
    return 100.0 * float(np.mean([a == b for a, b in zip(said, wanted, strict=True)]))
