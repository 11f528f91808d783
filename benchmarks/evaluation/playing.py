"""What the model makes of beats, of a prompt that changes while it plays, and of ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.clips import Wish, play, stream
from benchmarks.evaluation.features import RATE, Samples, describe
from benchmarks.evaluation.material import beaten, pieces
from benchmarks.evaluation.normality import measured, ranges
from benchmarks.evaluation.probe import Probe
from benchmarks.evaluation.seams import detectability
from benchmarks.results import Figure
from daw_bridge.audio.analysis import grid_agreement
from genmodels.generate.musicgen import MusicGen

PIECE_S = 10.0
CHANGE_AT_S = 8.0
CHANGE_BPM = 120.0
TWO_BARS_S = 4.0
LONG_PROMPTS = ("deep house with drums and bass", "rock with drums and electric guitar")
CALM_PROMPTS = ("solo piano, calm", "jazz trio with drums")


def beats_of(bpm: float, seconds: float, first: float = 0.0) -> npt.NDArray[np.float64]:
    """Seconds of the beats of a constant tempo that are within so many seconds, the first at ``first``."""
    return np.arange(first, seconds, 60.0 / bpm)


def beat_figures(clips: Sequence[tuple[float, Samples]], valid: Path, items: int) -> list[Figure]:
    """Clips with drums against the asked grid, beside held-out renders (ceiling) and the grid of another clip
    (floor)."""
    own = [grid_agreement(sound, RATE, beats_of(bpm, len(sound) / RATE)) for bpm, sound in clips]
    tempos = [bpm for bpm, _ in clips]
    others = [
        grid_agreement(sound, RATE, beats_of(other, len(sound) / RATE)).f_measure
        for (bpm, sound), other in zip(clips, np.roll(tempos, len(tempos) // 2), strict=True)
        if not 0.97 < other / bpm < 1.03
    ]
    real = [grid_agreement(b.sound, RATE, b.beats).f_measure for b in beaten(valid, PIECE_S, items)]
    errors = [1000.0 * abs(each.median_error) for each in own if np.isfinite(each.median_error)]
    note = f"{len(clips)} clips, {min(tempos):.0f} to {max(tempos):.0f} BPM"
    return [
        Figure("beat F-measure, +-50 ms", _mean([each.f_measure for each in own]), "", 0.9, note=note),
        Figure("beat, median error", float(np.median(errors)), "ms", at_most=20.0),
        Figure("beat F-measure, held-out renders", _mean(real), "", note=f"ceiling, {len(real)} pieces"),
        Figure("beat F-measure, another clip's grid", _mean(others), "", note="floor"),
    ]


def late_beat(model: MusicGen, minutes: float, seeds: int) -> list[Figure]:
    """The last ten seconds of a long continuation against the asked grid."""
    found = []
    for prompt in LONG_PROMPTS:
        for seed in range(seeds):
            bpm = (96.0, 124.0, 140.0)[seed % 3]
            sound = last_of(model, Wish(prompt, bpm, seed), minutes * 60.0, PIECE_S)
            first = (-(minutes * 60.0 - PIECE_S)) % (60.0 / bpm)
            found.append(grid_agreement(sound, RATE, beats_of(bpm, PIECE_S, first)).f_measure)
    note = f"{len(found)} continuations, their last {PIECE_S:g} s"
    return [Figure(f"beat F-measure after {minutes:g} minutes", _mean(found), "", 0.9, note=note)]


def last_of(model: MusicGen, wish: Wish, seconds: float, kept_s: float) -> Samples:
    """The last seconds of a continuation; the others are not kept."""
    tail = np.zeros(0, np.float32)
    kept = round(kept_s * RATE)
    for sound in stream(model, [(0.0, wish)], seconds):
        tail = np.concatenate([tail, sound])[-kept:]
    return tail


def change_figures(
    model: MusicGen, probe: Probe, pairs: Sequence[tuple[tuple[str, str], tuple[str, str]]]
) -> list[Figure]:
    """After a change of the prompt while playing, whether the probe hears the new one rather than the old one
    in the two bars that follow; and the same where nothing was changed (floor).

    Args:
        pairs: of (prompt, class) before and after.
    """
    changed: list[bool] = []
    unchanged: list[bool] = []
    for seed, ((text, old), (new_text, new)) in enumerate(pairs):
        before, after = Wish(text, CHANGE_BPM, seed), Wish(new_text, CHANGE_BPM, seed)
        for wishes, found in (
            ([(0.0, before), (CHANGE_AT_S, after)], changed),
            ([(0.0, before)], unchanged),
        ):
            sound = np.concatenate(list(stream(model, wishes, CHANGE_AT_S + TWO_BARS_S)))
            window = sound[round(CHANGE_AT_S * RATE) : round((CHANGE_AT_S + TWO_BARS_S) * RATE)]
            heard = probe.probabilities(describe(window)[None])[0]
            found.append(bool(heard[probe.names.index(new)] > heard[probe.names.index(old)]))
    note = f"{len(pairs)} pairs of styles, {CHANGE_BPM:g} BPM"
    return [
        Figure("new prompt heard within 2 bars", 100 * _mean(changed), "%", at_least=80.0, note=note),
        Figure("the same without a change", 100 * _mean(unchanged), "%", note="floor"),
    ]


def collapse_figures(model: MusicGen, minutes: float, valid: Path, items: int) -> list[Figure]:
    """Level, spectrum and onsets of every ten seconds of long continuations, against the 5th to 95th
    percentile of held-out renders."""
    usual = ranges(pieces(valid, PIECE_S, items))
    long = []
    for seed, prompt in enumerate((LONG_PROMPTS[0], CALM_PROMPTS[0])):
        sound = play(model, Wish(prompt, 112.0, seed), minutes * 60.0)
        length = round(PIECE_S * RATE)
        long += [sound[at : at + length] for at in range(0, len(sound) - length + 1, length)]
    values = measured(long)
    return [
        Figure(
            f"{each.name}: pieces in the usual range", 100 * each.share_inside(values[each.name]), "%",
            at_least=90.0,
            note=f"{each.low:.3g} to {each.high:.3g}; {len(long)} pieces of {minutes:g} minutes each",
        )
        for each in usual
    ]  # fmt: skip


def seam_figures(model: MusicGen, clips: int) -> list[Figure]:
    """Whether the places where windows of the model meet can be told from others."""
    window, stride = model.max_frames / model.frame_rate, model.stride_frames / model.frame_rate
    boundaries = [window + n * stride for n in range(5)]
    prompts = (*LONG_PROMPTS, *CALM_PROMPTS)
    sounds = [
        play(model, Wish(prompts[seed % len(prompts)], 100.0 + 7 * (seed % 5), seed), boundaries[-1] + 2.0)
        for seed in range(clips)
    ]
    note = f"{clips} clips, {len(boundaries)} boundaries each"
    return [
        Figure(
            "seams told from elsewhere, AUC", detectability(sounds, boundaries), "", at_most=0.55, note=note
        )
    ]


def _mean(values: Sequence[float] | Sequence[bool]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
