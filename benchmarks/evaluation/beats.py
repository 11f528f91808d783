"""Whether clips with drums, and long continuations, keep the beat that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.features import RATE, Samples
from benchmarks.evaluation.material import Corpus, beaten
from benchmarks.results import Figure, mean
from daw_bridge.audio.analysis import grid_agreement, grid_division, grid_errors

PIECE_S = 10.0
MINUTE_S = 60.0
LONG_PROMPTS = ("a house track for a rooftop party", "loud rock with crunchy guitars")
LONG_BPM = (73.0, 98.0, 124.0, 167.0)
SLOW_BPM = 110.0


def beats_of(bpm: float, seconds: float, first: float = 0.0) -> npt.NDArray[np.float64]:
    """Seconds of the beats of a constant tempo that are within so many seconds, the first at ``first``."""
    return np.arange(first, seconds, 60.0 / bpm)


@dataclass(frozen=True)
class Drummed:
    """Sound that was to have drums, the seconds of its beats, and its tempo."""

    sound: Samples
    beats: npt.NDArray[np.float64]
    bpm: float

    @property
    def shifted(self) -> npt.NDArray[np.float64]:
        """The beats half a step of the grid late: as far from right as a grid of this tempo can be."""
        return self.beats + 60.0 / self.bpm / grid_division(self.beats) / 2

    def f_measure(self) -> float:
        """Of its onsets on its beats."""
        return grid_agreement(self.sound, RATE, self.beats).f_measure


def clip_drummed(sound: Samples, bpm: float, begins_s: float = 0.0) -> Drummed:
    """A piece of a clip that keeps its tempo, and began so many seconds before."""
    first = -begins_s % (60.0 / bpm)
    return Drummed(sound, beats_of(bpm, len(sound) / RATE, first), bpm)


def beat_figures(clips: Sequence[Drummed]) -> list[Figure]:
    """Clips with drums against the asked grid, against the same half a step late, and against the grid of
    another clip (floors)."""
    others = [
        grid_agreement(one.sound, RATE, beats_of(other, len(one.sound) / RATE)).f_measure
        for one, other in zip(clips, _exchanged_tempos(clips), strict=True)
        if not 0.97 < other / one.bpm < 1.03
    ]
    tempos = [clip.bpm for clip in clips]
    note = f"{len(clips)} clips, {min(tempos):.0f} to {max(tempos):.0f} BPM"
    shifted = [grid_agreement(clip.sound, RATE, clip.shifted).f_measure for clip in clips]
    figures = [
        Figure("beat F-measure, +-50 ms", mean([clip.f_measure() for clip in clips]), "", 0.9, note=note),
        *_by_tempo(clips),
        Figure("beat F-measure, another clip's grid", mean(others), "", note="floor"),
        Figure("beat F-measure, grid half a step late", mean(shifted), "", note="floor"),
        Figure("beat, median error of the onsets", _error_ms(clips), "ms", at_most=20.0),
    ]
    late = [replace(clip, beats=clip.shifted) for clip in clips]
    return [
        *figures,
        Figure("beat, median error, grid half a step late", _error_ms(late), "ms", note="floor"),
    ]


def _exchanged_tempos(clips: Sequence[Drummed]) -> list[float]:
    """For each clip the tempo of another whose beats are split as its own."""
    tempos = np.array([clip.bpm for clip in clips])
    given = tempos.copy()
    for side in (tempos < SLOW_BPM, tempos >= SLOW_BPM):
        given[side] = np.roll(tempos[side], int(side.sum()) // 2)
    return [float(tempo) for tempo in given]


def _by_tempo(clips: Sequence[Drummed]) -> list[Figure]:
    """Slow and fast clips by themselves: the grid is split more finely below 110 BPM."""
    slow = [clip.f_measure() for clip in clips if clip.bpm < SLOW_BPM]
    fast = [clip.f_measure() for clip in clips if clip.bpm >= SLOW_BPM]
    return [
        Figure(f"beat F-measure, {name} {SLOW_BPM:g} BPM", mean(some), "", note=f"{len(some)} clips")
        for name, some in (("below", slow), ("from", fast))
    ]


def beat_ceilings(held_out: Corpus) -> list[Figure]:
    """Held-out renders with drums against the grid of their labels."""
    real = [Drummed(each.sound, each.beats, each.bpm) for each in beaten(held_out, PIECE_S)]
    return [
        Figure("beat F-measure, held-out renders", mean([each.f_measure() for each in real]), "",
               note=f"ceiling, {len(real)} pieces after the codec"),
        Figure("beat, median error, held-out renders", _error_ms(real), "ms", note="ceiling"),
    ]  # fmt: skip


def _error_ms(clips: Sequence[Drummed]) -> float:
    """Median distance of all onsets from the nearest point of their clip's grid."""
    errors = [np.abs(grid_errors(clip.sound, RATE, clip.beats)) for clip in clips]
    together = np.concatenate(errors) if errors else np.zeros(0)
    return 1000.0 * float(np.median(together)) if len(together) else float("nan")


def late_clips(minutes: float, count: int, first_seed: int) -> list[Asked]:
    """Long continuations with drums, each at another tempo."""
    return [
        Asked(((0.0, Wish(prompt, LONG_BPM[n % len(LONG_BPM)], first_seed + n)),), minutes * MINUTE_S)
        for prompt in LONG_PROMPTS
        for n in range(count)
    ]


def late_beat(player: Player, asked: Sequence[Asked]) -> list[Figure]:
    """The last minute of long continuations (of short ones their second half) against the asked grid, beside
    their first."""
    first, last = [], []
    piece_s = min(MINUTE_S, asked[0].seconds / 2)
    piece = round(piece_s * RATE)
    for each in asked:
        sound, bpm = player.play(each), each.wishes[0][1].bpm
        first.append(clip_drummed(sound[:piece], bpm))
        last.append(clip_drummed(sound[-piece:], bpm, (len(sound) - piece) / RATE))
    of = f"{piece_s:g} s of {asked[0].seconds / MINUTE_S:g} minutes"
    tempos = [each.bpm for each in last]
    note = f"{len(asked)} continuations, {min(tempos):g} to {max(tempos):g} BPM"
    f_first, f_last = (mean([each.f_measure() for each in some]) for some in (first, last))
    shifted = mean([grid_agreement(each.sound, RATE, each.shifted).f_measure for each in last])
    return [
        Figure(f"beat F-measure, last {of}", f_last, "", 0.9, note=note),
        Figure(f"beat F-measure, first {of}", f_first, ""),
        Figure(f"beat F-measure, last {of}, grid half a step late", shifted, "",
               note="floor"),
        Figure(f"beat, median error, last {of}", _error_ms(last), "ms", at_most=20.0),
    ]  # fmt: skip
