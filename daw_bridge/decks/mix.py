"""Mixes of prompts on their way from one to the next.

A glide is one value of a deck's timeline: the beat at which it begins, its length in beats, and the mix from
which it comes, as texts and weights. So it keeps its beats when the tempo changes, and is one change of
conditions for the model, in which the weights are a function of the frame.
"""

from __future__ import annotations

from collections.abc import Mapping

from daw_bridge.parameter import Values
from genmodels.conditioning.attributes import WeightedPrompt, WeightGlide

MAX_PROMPTS = 4
FAINT = 1e-6
NEAR_BEATS = 1e-4

Mix = Mapping[str, float]


def mix_of(prompts: Values) -> dict[str, float]:
    """Weights with a sum of 1 by text, of a value of ``prompts``."""
    weights: dict[str, float] = {}
    for text, weight in zip(prompts[::2], prompts[1::2], strict=True):
        if float(weight) > 0:
            weights[str(text)] = weights.get(str(text), 0.0) + float(weight)
    total = sum(weights.values())
    return {text: weight / total for text, weight in weights.items()}


def mix_at(prompts: Values, glide: Values, beat: float) -> dict[str, float]:
    """The weights in force at a beat."""
    target = mix_of(prompts)
    if not glides(glide, beat):
        return target
    share = min(1.0, max(0.0, (beat - float(glide[0])) / float(glide[1])))
    come_from = mix_of(glide[2:])
    texts = {**target, **come_from}
    return {t: share * target.get(t, 0.0) + (1.0 - share) * come_from.get(t, 0.0) for t in texts}


def glides(glide: Values, beat: float) -> bool:
    """Whether a glide is not over at a beat."""
    return bool(glide) and beat < float(glide[0]) + float(glide[1]) - NEAR_BEATS


def glide_from(mix: Mix, prompts: Values, beat: float, beats: float) -> Values:
    """The value of a glide from a mix to that of ``prompts`` that begins at a beat and takes some beats;
    empty where there is none."""
    if beats <= 0 or mix == mix_of(prompts):
        return ()
    return (beat, beats, *(atom for pair in mix.items() for atom in pair))


def gliding(
    prompts: Values, glide: Values, beat: float, frame: int, frames_per_beat: float
) -> tuple[tuple[WeightedPrompt, ...], WeightGlide]:
    """Prompts and glide for the model, told at a frame that begins at a beat.

    Of what is left behind, the heaviest go along: at most `MAX_PROMPTS` sound together.
    """
    target, come_from = mix_of(prompts), mix_of(glide[2:])
    leaving = sorted((text for text in come_from if text not in target), key=lambda t: -come_from[t])
    texts = [*target, *leaving[: MAX_PROMPTS - len(target)]]
    first = frame + (float(glide[0]) - beat) * frames_per_beat
    weights = tuple(come_from.get(text, 0.0) for text in texts)
    # a mix whose every text had to make room begins as it will be
    weights = weights if any(weights) else tuple(target.get(text, 0.0) for text in texts)
    return (
        tuple(WeightedPrompt(text, max(FAINT, target.get(text, 0.0))) for text in texts),
        WeightGlide(weights, first, first + float(glide[1]) * frames_per_beat),
    )
