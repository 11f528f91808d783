"""Whether a prompt that changes while it plays is heard in what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.description import describe
from benchmarks.evaluation.features import Samples, log_mel
from benchmarks.evaluation.material import Corpus, turns
from benchmarks.evaluation.probe import Probe
from benchmarks.evaluation.text import shows_style
from benchmarks.results import Figure, mean

FIRST_CHANGE_S = 8.0
CHANGE_BARS = 2
TWO_BARS_S = 4.0
BEATS_A_BAR = 4


@dataclass(frozen=True)
class Change:
    """A prompt that follows another while a clip plays.

    Attributes:
        old, new: prompts and their styles. bpm, seed: of the clip.
    """

    old: tuple[str, str]
    new: tuple[str, str]
    bpm: float
    seed: int

    @property
    def two_bars_s(self) -> float:
        """Seconds of two bars."""
        return CHANGE_BARS * BEATS_A_BAR * 60.0 / self.bpm

    @property
    def asked(self) -> Asked:
        """The clip: a change on a bar line after about eight seconds, of which two bars on either side are
        wanted."""
        bar_s = self.two_bars_s / CHANGE_BARS
        at = bar_s * max(CHANGE_BARS, round(FIRST_CHANGE_S / bar_s))
        before, after = (Wish(text, self.bpm, self.seed) for text, _ in (self.old, self.new))
        return Asked(((0.0, before), (at, after)), at + self.two_bars_s, 2 * self.two_bars_s)


def change_figures(player: Player, probe: Probe, changes: Sequence[Change]) -> list[Figure]:
    """After a change of the prompt while playing, whether the probe hears the new style rather than the old
    one in the two bars that follow; the same in the two bars before, and of a style that nobody asked for
    (floors)."""
    after, before, other, first = [], [], [], []
    others = np.roll([change.new[1] for change in changes], 1)
    for change, unasked in zip(changes, others, strict=True):
        sound = player.play(change.asked)
        earlier, later = (_style(probe, half) for half in np.array_split(sound, 2))
        old, new = (probe.names.index(style) for _, style in (change.old, change.new))
        after.append(bool(later[new] > later[old]))
        before.append(bool(earlier[new] > earlier[old]))
        first.append(int(later.argmax()) == new)
        if unasked not in (change.old[1], change.new[1]):
            index = probe.names.index(str(unasked))
            other.append(bool(later[index] > later[old]))
    tempos = [change.bpm for change in changes]
    note = f"{len(changes)} changes, {min(tempos):.0f} to {max(tempos):.0f} BPM"
    return [
        Figure("new prompt heard within 2 bars", 100 * mean(after), "%", at_least=80.0, note=note),
        Figure("the same in the 2 bars before", 100 * mean(before), "%", note="floor"),
        Figure("a style that was not asked for", 100 * mean(other), "%", note="floor"),
        Figure("new style the likeliest of all", 100 * mean(first), "%", note=f"{len(probe.names)} classes"),
    ]


def change_ceilings(probe: Probe, held_out: Corpus) -> list[Figure]:
    """Where held-out renders go on in another style."""
    heard = [
        (_style(probe, each.sound), probe.names.index(each.before), probe.names.index(each.after))
        for each in turns(held_out, TWO_BARS_S, shows_style)
    ]
    turned = [bool(style[after] > style[before]) for style, before, after in heard]
    first = [int(style.argmax()) == after for style, _, after in heard]
    note = f"ceiling, {len(heard)} changes of style after the codec"
    return [
        Figure("the same in held-out renders", 100 * mean(turned), "%", note=note),
        Figure("the likeliest of all in held-out renders", 100 * mean(first), "%", note=note),
    ]


def _style(probe: Probe, sound: Samples) -> npt.NDArray[np.float64]:
    likely: npt.NDArray[np.float64] = probe.probabilities(describe(log_mel(sound))[None])[0]
    return likely
