"""What is told of a tour: whether it did what was asked, from bar to bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from daw_bridge.audio import analysis
from daw_bridge.takes.obedience import Obedience, mono, obedience
from daw_bridge.takes.take import Take
from daw_bridge.tour.script import Cue
from daw_bridge.tour.story import Story

LEGEND = """
what was asked, and what sounds in this very take:
  beat    F-measure of onsets against the clock's beats, +-50 ms (against a grid a tenth faster); median error
  melody  cosine of the pitch classes asked for and sounding (of the same notes in other orders)
  above   share of the energy; drums have more of it there than most else
"""
_MEASURABLE_S = 4.0


@dataclass(frozen=True)
class Section:
    """What a cue led to.

    Attributes:
        bars: its first bar and the one after its last. samples: the output samples of these.
        figures: None where it was too short to measure.
    """

    cue: Cue
    bars: tuple[int, int]
    samples: tuple[int, int]
    figures: Obedience | None


def sections(take: Take, story: Story) -> list[Section]:
    """The stretches of a take between a tour's cues, measured."""
    made = []
    ends = [heard.bar for heard in story.heard[1:]] + [story.stop_bar]
    for heard, end in zip(story.heard, ends, strict=True):
        first, stop = (_sample(take, bar) for bar in (heard.bar, end))
        long_enough = stop - first >= _MEASURABLE_S * take.sample_rate
        figures = obedience(take, 1, first, stop) if long_enough else None
        made.append(Section(heard.cue, (heard.bar, end), (first, stop), figures))
    return made


def report(take: Take, story: Story, parts: list[Section], out: Console) -> None:
    """Print the figures of every section, and those of the whole."""
    out.print(LEGEND, markup=False)
    for part in parts:
        out.print(f"bars {part.bars[0]:>2} to {part.bars[1] - 1:>2}  {part.cue.name}")
        for line in lines(part.figures):
            out.print(f"               {line}", markup=False)
    whole = mono(take, parts[0].samples[0], parts[-1].samples[1])
    out.print(
        f"\ngeneration {story.factor:.1f}x real time, {story.underruns} underruns, "
        f"{story.held[0]} holds ({story.held[1]:.1f} s), "
        f"level {20 * np.log10(max(analysis.rms(whole), 1e-9)):.1f} dBFS, "
        f"longest gap {1000 * analysis.longest_silence(whole, take.sample_rate):.0f} ms"
    )


def lines(figures: Obedience | None) -> list[str]:
    """The figures of a section, for people."""
    if figures is None:
        return ["too short to measure"]
    said = []
    if figures.beat is not None:
        beat = figures.beat
        late = f", {1000 * beat.median_error:+.0f} ms" if math.isfinite(beat.median_error) else ""
        said.append(f"beat {beat.f_measure:.2f} ({figures.faster:.2f}){late}")
    if figures.melody is not None:
        said.append(f"melody {figures.melody.asked:.2f} ({figures.melody.reordered:.2f})")
    return [*said, f"{100 * figures.brightness:.1f} % above 5 kHz"]


def _sample(take: Take, bar: int) -> int:
    """The output sample of a bar line, within the take's sound."""
    place = take.clock.sample_at(take.clock.beat_of_bar(bar))
    return min(max(place, take.first_sample), take.first_sample + take.samples)
