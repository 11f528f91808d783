"""Whether a prompt is heard in what is played, by probes that were trained on renders of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.features import RATE, Samples, describe
from benchmarks.evaluation.material import WINDOW_S, Described
from benchmarks.evaluation.probe import Probe
from benchmarks.results import Figure
from genmodels.training.corpus.facts import SceneFacts
from genmodels.training.corpus.held_out import HeldOutPrompt

SKIPPED_S = 1.0


@dataclass(frozen=True)
class Question:
    """What a probe is asked: the answer that a scene gives, the one that a prompt asks for (None: it does not
    say), and the share of right answers to reach."""

    name: str
    of_scene: Callable[[SceneFacts], str]
    of_prompt: Callable[[HeldOutPrompt], str | None]
    to_reach: float


QUESTIONS = (
    Question(
        "drums or none",
        lambda scene: "drums" if scene.drums else "none",
        lambda prompt: None if prompt.drums is None else "drums" if prompt.drums else "none",
        90.0,
    ),
    Question("lead family", lambda scene: scene.lead_family, lambda prompt: prompt.lead_family, 75.0),
    Question("style", lambda scene: scene.style, lambda prompt: prompt.style, 60.0),
)


def trained(question: Question, material: Described) -> Probe:
    """A probe that has learned to answer a question."""
    answers = [question.of_scene(scene) for scene in material.scenes]
    probe = Probe(sorted(set(answers)))
    probe.train(material.values, answers)
    return probe


def heard(probe: Probe, clip: Samples) -> npt.NDArray[np.float64]:
    """Probabilities of a probe's classes over a clip, after its first second."""
    length = round(WINDOW_S * RATE)
    starts = range(round(SKIPPED_S * RATE), len(clip) - length + 1, length)
    values = probe.probabilities(np.array([describe(clip[start : start + length]) for start in starts]))
    mean: npt.NDArray[np.float64] = values.mean(0)
    return mean


def answers(
    question: Question,
    probe: Probe,
    clips: Sequence[tuple[HeldOutPrompt, Samples]],
    held_out: Described,
) -> list[Figure]:
    """The share of clips that are heard as asked, beside that of held-out renders (ceiling), and of clips
    with the wishes exchanged among them (floor)."""
    asked = [(question.of_prompt(prompt), clip) for prompt, clip in clips]
    wanted = [wish for wish, _ in asked if wish is not None]
    said = [probe.names[heard(probe, clip).argmax()] for wish, clip in asked if wish is not None]
    exchanged = np.random.default_rng(0).permutation(wanted)
    truth = [question.of_scene(scene) for scene in held_out.scenes]
    right, chance = _agreement(said, wanted), _agreement(said, list(exchanged))
    note = f"{len(wanted)} clips, {len(probe.names)} classes"
    return [
        Figure(question.name, right, "%", at_least=question.to_reach, note=note),
        Figure(f"{question.name}, held-out renders", 100 * probe.recognised(held_out.values, truth), "%",
               note=f"ceiling, {len(truth)} windows, mean over the classes"),
        Figure(f"{question.name}, wishes exchanged", chance, "%", note="floor"),
    ]  # fmt: skip


def _agreement(said: Sequence[str], wanted: Sequence[str]) -> float:
    return 100.0 * float(np.mean([a == b for a, b in zip(said, wanted, strict=True)]))
