"""What the model makes of beats, of a prompt that changes while it plays, and of ten minutes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.description import describe
from benchmarks.evaluation.features import RATE, Samples, log_mel, pieces
from benchmarks.evaluation.material import Corpus, beaten, cut_sounds, turns
from benchmarks.evaluation.normality import measured, ranges
from benchmarks.evaluation.probe import Probe
from benchmarks.evaluation.seams import detectability
from benchmarks.evaluation.text import shows_style
from benchmarks.results import Figure
from daw_bridge.audio.analysis import BeatAgreement, grid_agreement
from genmodels.generate.musicgen import MusicGen

PIECE_S = 10.0
CHANGE_AT_S = 8.0
CHANGE_BPM = 120.0
TWO_BARS_S = 4.0
LONG_PROMPTS = ("deep house with drums and bass", "rock with drums and electric guitar")
CALM_PROMPTS = ("solo piano, calm", "jazz trio with drums")
LONG_BPM = (96.0, 124.0, 140.0)
SEAM_COUNT = 5
SEAM_BPM = (97.0, 103.0, 109.0, 113.0, 127.0)
RENDER_SEAMS = (5.0, 10.0, 15.0, 20.0)


def beats_of(bpm: float, seconds: float, first: float = 0.0) -> npt.NDArray[np.float64]:
    """Seconds of the beats of a constant tempo that are within so many seconds, the first at ``first``."""
    return np.arange(first, seconds, 60.0 / bpm)


def beat_figures(clips: Sequence[tuple[float, Samples]]) -> list[Figure]:
    """Clips with drums against the asked grid, and against the grid of another clip (floor)."""
    own = [grid_agreement(sound, RATE, beats_of(bpm, len(sound) / RATE)) for bpm, sound in clips]
    tempos = [bpm for bpm, _ in clips]
    others = [
        grid_agreement(sound, RATE, beats_of(other, len(sound) / RATE)).f_measure
        for (bpm, sound), other in zip(clips, np.roll(tempos, len(tempos) // 2), strict=True)
        if not 0.97 < other / bpm < 1.03
    ]
    note = f"{len(clips)} clips, {min(tempos):.0f} to {max(tempos):.0f} BPM"
    return [
        Figure("beat F-measure, +-50 ms", _mean([each.f_measure for each in own]), "", 0.9, note=note),
        Figure("beat, median error", _median_error_ms(own), "ms", at_most=20.0),
        Figure("beat F-measure, another clip's grid", _mean(others), "", note="floor"),
    ]


def beat_ceilings(held_out: Corpus) -> list[Figure]:
    """Held-out renders with drums against the grid of their labels."""
    real = [grid_agreement(each.sound, RATE, each.beats) for each in beaten(held_out, PIECE_S)]
    return [
        Figure("beat F-measure, held-out renders", _mean([each.f_measure for each in real]), "",
               note=f"ceiling, {len(real)} pieces after the codec"),
        Figure("beat, median error, held-out renders", _median_error_ms(real), "ms", note="ceiling"),
    ]  # fmt: skip


def _median_error_ms(found: Sequence[BeatAgreement]) -> float:
    errors = [1000.0 * abs(each.median_error) for each in found if np.isfinite(each.median_error)]
    return float(np.median(errors)) if errors else float("nan")


def late_clips(minutes: float, seeds: int) -> list[Asked]:
    """Long continuations, of which the last ten seconds are wanted."""
    return [
        Asked(((0.0, Wish(prompt, LONG_BPM[seed % 3], seed)),), minutes * 60.0, PIECE_S)
        for prompt in LONG_PROMPTS
        for seed in range(seeds)
    ]


def late_beat(player: Player, asked: Sequence[Asked]) -> list[Figure]:
    """The last ten seconds of a long continuation against the asked grid."""
    found = []
    for each in asked:
        bpm = each.wishes[0][1].bpm
        first = (-(each.seconds - each.kept_s)) % (60.0 / bpm)
        found.append(grid_agreement(player.play(each), RATE, beats_of(bpm, each.kept_s, first)).f_measure)
    minutes = asked[0].seconds / 60.0
    note = f"{len(found)} continuations, their last {PIECE_S:g} s"
    return [Figure(f"beat F-measure after {minutes:g} minutes", _mean(found), "", 0.9, note=note)]


Pair = tuple[tuple[str, str], tuple[str, str]]
"""(prompt, style) before and after."""


def change_clips(pairs: Sequence[Pair]) -> list[Asked]:
    """For each pair a clip in which the prompt changes, then one in which it does not."""
    clips = []
    for seed, ((text, _), (new_text, _)) in enumerate(pairs):
        before, after = Wish(text, CHANGE_BPM, seed), Wish(new_text, CHANGE_BPM, seed)
        clips += [
            Asked(wishes, CHANGE_AT_S + TWO_BARS_S, TWO_BARS_S)
            for wishes in (((0.0, before), (CHANGE_AT_S, after)), ((0.0, before),))
        ]
    return clips


def change_figures(player: Player, probe: Probe, pairs: Sequence[Pair]) -> list[Figure]:
    """After a change of the prompt while playing, whether the probe hears the new style rather than the old
    one in the two bars that follow; and the same where nothing was changed (floor)."""
    sounds = [player.play(each) for each in change_clips(pairs)]
    changed, unchanged = (
        [_turned(probe, sound, old, new) for sound, ((_, old), (_, new)) in zip(some, pairs, strict=True)]
        for some in (sounds[0::2], sounds[1::2])
    )
    note = f"{len(pairs)} pairs of styles, {CHANGE_BPM:g} BPM"
    return [
        Figure("new prompt heard within 2 bars", 100 * _mean(changed), "%", at_least=80.0, note=note),
        Figure("the same without a change", 100 * _mean(unchanged), "%", note="floor"),
    ]


def change_ceilings(probe: Probe, held_out: Corpus) -> list[Figure]:
    """Where held-out renders go on in another style."""
    found = [
        _turned(probe, each.sound, each.before, each.after)
        for each in turns(held_out, TWO_BARS_S, shows_style)
    ]
    note = f"ceiling, {len(found)} changes of style after the codec"
    return [Figure("the same in held-out renders", 100 * _mean(found), "%", note=note)]


def _turned(probe: Probe, sound: Samples, old: str, new: str) -> bool:
    heard = probe.probabilities(describe(log_mel(sound))[None])[0]
    return bool(heard[probe.names.index(new)] > heard[probe.names.index(old)])


def collapse_clips(minutes: float) -> list[Asked]:
    """Long continuations, one with drums and one calm."""
    prompts = enumerate((LONG_PROMPTS[0], CALM_PROMPTS[0]))
    return [Asked(((0.0, Wish(prompt, 112.0, seed)),), minutes * 60.0) for seed, prompt in prompts]


def collapse_figures(player: Player, asked: Sequence[Asked], held_out: Corpus) -> list[Figure]:
    """Level, spectrum and onsets of every ten seconds of long continuations, against the 5th to 95th
    percentile of half of the held-out renders."""
    long = [piece for each in asked for piece in pieces(player.play(each), PIECE_S)]
    length = f"{len(long)} pieces of {asked[0].seconds / 60:g} minutes each"
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


def seam_moments(model: MusicGen) -> list[float]:
    """Seconds at which the first windows of the model meet."""
    window, stride = model.max_frames / model.frame_rate, model.stride_frames / model.frame_rate
    return [window + n * stride for n in range(SEAM_COUNT)]


def seam_clips(model: MusicGen, clips: int) -> list[Asked]:
    """Continuations over some seams."""
    prompts = (*LONG_PROMPTS, *CALM_PROMPTS)
    seconds = seam_moments(model)[-1] + 2.0
    return [
        Asked(((0.0, Wish(prompts[seed % len(prompts)], SEAM_BPM[seed % len(SEAM_BPM)], seed)),), seconds)
        for seed in range(clips)
    ]


def seam_figures(player: Player, asked: Sequence[Asked]) -> list[Figure]:
    """Whether the places where windows of the model meet can be told from others."""
    moments = seam_moments(player.model)
    periods = [60.0 / each.wishes[0][1].bpm for each in asked]
    found = detectability([player.play(each) for each in asked], moments, periods)
    note = f"{len(asked)} clips, {len(moments)} boundaries each"
    return [Figure("seams told from elsewhere, AUC", found, "", at_most=0.55, note=note)]


def seam_ceilings(held_out: Corpus) -> list[Figure]:
    """What the detector says where there is no seam, and where there is one."""
    steady = [item for item in held_out if len(item.facts["parts"]) == 1]
    sounds = [item.audio() for item in steady]
    periods = [60.0 / item.scenes[0].bpm for item in steady]
    joined = [_joined(one, other) for one, other in zip(sounds, sounds[1:] + sounds[:1], strict=True)]
    note = f"{len(sounds)} renders, {len(RENDER_SEAMS)} moments each"
    return [
        Figure("the same in renders without seams", detectability(sounds, RENDER_SEAMS, periods), "",
               note=f"ceiling, {note}"),
        Figure("the same in renders joined with others", detectability(joined, RENDER_SEAMS, periods), "",
               note=f"what a cut would have, {note}"),
    ]  # fmt: skip


def _joined(one: Samples, other: Samples) -> Samples:
    """Two sounds in turn from boundary to boundary, as long as the shorter."""
    length = min(len(one), len(other))
    parts = np.searchsorted(np.array(RENDER_SEAMS) * RATE, np.arange(length), side="right")
    return np.where(parts % 2 == 0, one[:length], other[:length])


def _mean(values: Sequence[float] | Sequence[bool]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
