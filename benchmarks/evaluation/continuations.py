"""Whether minutes of music stay usual, and whether the places where windows meet can be told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.evaluation.beats import LONG_BPM, LONG_PROMPTS, MINUTE_S
from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.features import RATE, Samples, pieces
from benchmarks.evaluation.material import Corpus, cut_sounds
from benchmarks.evaluation.normality import measured, ranges
from benchmarks.evaluation.seams import detectability
from benchmarks.results import Figure
from genmodels.generate.musicgen import MusicGen

PIECE_S = 10.0
CALM_PROMPTS = ("tender piano piece, nothing else", "a jazz trio in a small club")
SEAM_COUNT = 5
SEAM_BPM = (97.0, 103.0, 109.0, 113.0, 127.0)
RENDER_SEAMS = (5.0, 10.0, 15.0, 20.0)


def collapse_clips(minutes: float, prompts: int, first_seed: int) -> list[Asked]:
    """Long continuations, with drums and calm ones by turns."""
    texts = [text for pair in zip(LONG_PROMPTS, CALM_PROMPTS, strict=True) for text in pair]
    tempos = LONG_BPM[1], LONG_BPM[0], LONG_BPM[2], LONG_BPM[3]
    return [
        Asked(((0.0, Wish(text, bpm, first_seed + n)),), minutes * MINUTE_S)
        for n, (text, bpm) in enumerate(zip(texts[:prompts], tempos, strict=False))
    ]


def collapse_figures(player: Player, asked: Sequence[Asked], held_out: Corpus) -> list[Figure]:
    """Level, spectrum and onsets of every ten seconds of long continuations, against the 5th to 95th
    percentile of half of the held-out renders."""
    long = [piece for each in asked for piece in pieces(player.play(each), PIECE_S)]
    length = f"{len(long)} pieces of {len(asked)} continuations of {asked[0].seconds / 60:g} minutes"
    usual, values = ranges(_halves(held_out)[0]), measured(long)
    return [
        Figure(
            f"{each.name}: pieces in the usual range", 100 * each.share_inside(values[each.name]), "%",
            at_least=90.0,
            note=f"{each.low:.3g} to {each.high:.3g}; {length}",
        )
        for each in usual
    ]  # fmt: skip


def collapse_ceilings(held_out: Corpus) -> list[Figure]:
    """How much of other renders is in the usual range."""
    known, others = _halves(held_out)
    values = measured(others)
    return [
        Figure(f"{each.name}: other renders", 100 * each.share_inside(values[each.name]), "%",
               note=f"ceiling, {len(others)} pieces after the codec")
        for each in ranges(known)
    ]  # fmt: skip


def _halves(held_out: Corpus) -> tuple[list[Samples], list[Samples]]:
    found = list(cut_sounds(held_out, PIECE_S))
    return found[: len(found) // 2], found[len(found) // 2 :]


def seam_moments(model: MusicGen, seconds: float) -> list[float]:
    """Seconds at which windows of the model meet in a continuation of so many seconds."""
    window, stride = _window_and_stride_s(model)
    return [float(second) for second in np.arange(window, seconds, stride)]


def _window_and_stride_s(model: MusicGen) -> tuple[float, float]:
    return model.max_frames / model.frame_rate, model.stride_frames / model.frame_rate


def seam_clips(model: MusicGen, clips: int, first_seed: int) -> list[Asked]:
    """Continuations over some seams."""
    prompts = (*LONG_PROMPTS, *CALM_PROMPTS)
    window, stride = _window_and_stride_s(model)
    seconds = window + (SEAM_COUNT - 1) * stride + 2.0
    return [
        Asked(((0.0, Wish(prompts[n % len(prompts)], SEAM_BPM[n % len(SEAM_BPM)], first_seed + n)),), seconds)
        for n in range(clips)
    ]


def seam_figures(player: Player, asked: Sequence[Asked]) -> list[Figure]:
    """Whether the places where windows of the model meet can be told from others."""
    boundaries = [seam_moments(player.model, each.seconds) for each in asked]
    periods = [60.0 / each.wishes[0][1].bpm for each in asked]
    found = detectability([player.play(each) for each in asked], boundaries, periods)
    note = f"{len(asked)} clips, {sum(map(len, boundaries))} boundaries"
    return [Figure("seams told from elsewhere, AUC", max(found, 1.0 - found), "", at_most=0.55, note=note)]


def seam_ceilings(held_out: Corpus) -> list[Figure]:
    """What the detector says where there is no seam, and where there is one."""
    steady = [item for item in held_out if len(item.facts["parts"]) == 1]
    sounds = [item.audio() for item in steady]
    periods = [60.0 / item.scenes[0].bpm for item in steady]
    joined = [_joined(one, other) for one, other in zip(sounds, sounds[1:] + sounds[:1], strict=True)]
    note = f"{len(sounds)} renders, {len(RENDER_SEAMS)} moments each"
    return [
        Figure("the same in renders without seams", _told(sounds, periods), "",
               note=f"ceiling, {note}"),
        Figure("the same in renders joined with others", _told(joined, periods), "",
               note=f"what a cut would have, {note}"),
    ]  # fmt: skip


def _told(sounds: Sequence[Samples], periods: Sequence[float]) -> float:
    found = detectability(sounds, [RENDER_SEAMS] * len(sounds), periods)
    return max(found, 1.0 - found)


def _joined(one: Samples, other: Samples) -> Samples:
    """Two sounds in turn from boundary to boundary, as long as the shorter."""
    length = min(len(one), len(other))
    parts = np.searchsorted(np.array(RENDER_SEAMS) * RATE, np.arange(length), side="right")
    return np.where(parts % 2 == 0, one[:length], other[:length])
