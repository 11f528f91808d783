"""`python -m benchmarks.evaluation [--quick] [NAME ...]`: does the bundled model do what it is asked?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.evaluation.clips import Wish, play
from benchmarks.evaluation.codec import codec_figures
from benchmarks.evaluation.features import Samples
from benchmarks.evaluation.material import Described, described
from benchmarks.evaluation.playing import (
    PIECE_S,
    beat_figures,
    change_figures,
    collapse_figures,
    late_beat,
    seam_figures,
)
from benchmarks.evaluation.text import QUESTIONS, answers, trained
from benchmarks.results import Figure, Outcome, machine, publish, save, show
from genmodels.generate.musicgen import MusicGen
from genmodels.training.corpus.dataset import write_corpus
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS, VALIDATION_SEEDS, HeldOutPrompt

PAGE = Path(__file__).parents[2] / "docs" / "mini.md"
BUILD = Path("build") / "evaluation"
PROBE_SEED = 700_001
LOWEST_BPM, HIGHEST_BPM = 70, 170


@dataclass
class Evaluation:
    """What the parts share: the model, renders of the corpus, and the clips that are judged.

    Args:
        model: name or folder. quick: a short form.
    """

    model_name: str
    quick: bool

    @cached_property
    def model(self) -> MusicGen:
        """The model to judge."""
        return MusicGen.get_pretrained(self.model_name)

    @cached_property
    def valid(self) -> Path:
        """A folder of held-out renders, which no training has heard."""
        folder = BUILD / "valid"
        write_corpus(folder, 12 if self.quick else 60, VALIDATION_SEEDS.start + 50_000, 2)
        return folder

    @cached_property
    def held_out(self) -> Described:
        """Windows of held-out renders."""
        return described(self.valid)

    @cached_property
    def taught(self) -> Described:
        """Windows that the probes learn from."""
        folder = BUILD / "taught"
        write_corpus(folder, 60 if self.quick else 400, PROBE_SEED, 2)
        return described(folder)

    @cached_property
    def clips(self) -> list[tuple[HeldOutPrompt, float, Samples]]:
        """For each held-out prompt some clips, of several tempos and seeds."""
        wishes = [
            (prompt, Wish(prompt.text, float(rng.integers(LOWEST_BPM, HIGHEST_BPM + 1)), seed))
            for number, prompt in enumerate(HELD_OUT_PROMPTS)
            for seed in range(1 if self.quick else 5)
            for rng in [np.random.default_rng([number, seed])]
        ]
        return [
            (prompt, wish.bpm, play(self.model, wish, PIECE_S))
            for prompt, wish in track(wishes, "playing clips", transient=True)
        ]

    def text(self) -> list[Figure]:
        """Drums, lead family and style of the clips."""
        clips = [(prompt, sound) for prompt, _, sound in self.clips]
        return [
            figure
            for question in QUESTIONS
            for figure in answers(question, trained(question, self.taught), clips, self.held_out)
        ]

    def beat(self) -> list[Figure]:
        """Clips that were to have drums, and long continuations, against the asked grid."""
        drummed = [(bpm, sound) for prompt, bpm, sound in self.clips if prompt.drums]
        figures = beat_figures(drummed, self.valid, 12 if self.quick else 60)
        return figures + late_beat(self.model, 1.0 if self.quick else 5.0, 1 if self.quick else 3)

    def change(self) -> list[Figure]:
        """The prompt changes while playing."""
        style = QUESTIONS[-1]
        probe = trained(style, self.taught)
        by_style = [(p.text, p.style) for p in HELD_OUT_PROMPTS if p.style in probe.names]
        known = [(text, style) for text, style in by_style if style is not None]
        order = np.random.default_rng(5).permutation(len(known))
        pairs = [(known[i], known[j]) for i, j in zip(order, np.roll(order, 1), strict=True)]
        pairs = [(one, other) for one, other in pairs if one[1] != other[1]]
        return change_figures(self.model, probe, pairs[:8] if self.quick else pairs)

    def collapse(self) -> list[Figure]:
        """Long continuations stay within what is usual."""
        return collapse_figures(self.model, 2.0 if self.quick else 10.0, self.valid, 12 if self.quick else 60)

    def seams(self) -> list[Figure]:
        """The places where windows meet."""
        return seam_figures(self.model, 3 if self.quick else 12)

    def codec(self) -> list[Figure]:
        """What the codec loses, of held-out renders and of sounds that it was not made for."""
        return codec_figures(self.model.compression_model, self.valid, 12 if self.quick else 60)

    def melody(self) -> list[Figure]:
        """Melodies that the corpus has not, asked for as chroma."""
        from benchmarks.melody import melody

        return melody(melodies=16 if self.quick else 104, seconds=10.0).figures


PARTS: dict[str, Callable[[Evaluation], list[Figure]]] = {
    "text": Evaluation.text,
    "beat": Evaluation.beat,
    "melody": Evaluation.melody,
    "change": Evaluation.change,
    "collapse": Evaluation.collapse,
    "seams": Evaluation.seams,
    "codec": Evaluation.codec,
}


def main() -> int:
    """Judge the parts named, or all."""
    listing = "\n".join(f"  {name:9} {part.__doc__}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks.evaluation",
        description=f"Parts:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--quick", action="store_true", help="few clips, for a first look")
    parser.add_argument("--model", default="mini", help="name or folder of the model")
    parser.add_argument("--docs", action="store_true", help="write the figures into docs/mini.md, too")
    options = parser.parse_args()
    unknown = set(options.names) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print("  ".join(f"{key} {value}" for key, value in machine().items() if value != ""))
    evaluation = Evaluation(options.model, options.quick)
    outcomes = []
    for name in options.names or PARTS:
        console.print(f"{name}: {PARTS[name].__doc__}")
        outcomes.append(Outcome(name, PARTS[name](evaluation)))
        show(outcomes[-1:], console)
    if options.docs:
        publish(outcomes, options.quick, PAGE)
    console.print(f"kept in {save(outcomes, options.quick)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
