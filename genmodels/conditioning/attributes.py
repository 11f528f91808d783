"""What a player asks of the music, and the form in which conditioners take it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genmodels.conditioning.harmony import ChordProgression, ChromaTrack, ConstantChroma, RecordedChroma
from genmodels.conditioning.recording import Recording
from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError
from genmodels.lm.sampling_params import SamplingParams

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "ChordProgression",
    "ChromaTrack",
    "ConditioningAttributes",
    "Conditions",
    "ConstantChroma",
    "RecordedChroma",
    "Recording",
    "SamplingParams",
    "Transport",
    "WeightGlide",
    "WeightedPrompt",
    "drop_conditions",
]


@dataclass(frozen=True)
class WeightedPrompt:
    """One prompt of a mix.

    Args:
        text: free text; empty means no text.
        weight: > 0; the weights of a mix are normalised to a sum of 1.
    Raises:
        ConditionError: the text is not a string or the weight is not finite and > 0.
    """

    text: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise ConditionError(f"prompt is {self.text!r} ({type(self.text).__name__}), must be a string")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise ConditionError(
                f"weight of prompt {self.text!r} is {self.weight}, must be a finite number > 0"
            )


@dataclass(frozen=True)
class WeightGlide:
    """The weights of a mix on a straight line from other ones to the prompts' own. Picklable.

    Args:
        weights: those before frame `first`, one a prompt, >= 0 and not all 0; normalised to a sum of 1.
        first, last: absolute frames between which they move; from `last` on they are the prompts' own.
    Raises:
        ConditionError: a weight is negative or not finite, all are 0, or `last` is not after `first`.
    """

    weights: tuple[float, ...]
    first: float
    last: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(w) and w >= 0 for w in self.weights) or not any(self.weights):
            raise ConditionError(f"a glide from weights {self.weights}: they must be >= 0 and not all 0")
        if not (math.isfinite(self.first) and math.isfinite(self.last) and self.first < self.last):
            raise ConditionError(f"a glide over frames {self.first} to {self.last} must end after it begins")


@dataclass(frozen=True)
class Conditions:
    """Everything that steers one voice from some frame on. Picklable; compares by value.

    Args:
        prompts: mixed by weight on top of guidance; none means unprompted.
        chroma: sounding pitch classes, or None to leave the harmony to the model.
        transport: tempo, metre and beat position, or None for a free pulse.
        sampling: how tokens are drawn.
        cfg_coef: strength of guidance, >= 0; 1 follows the conditions without emphasis, 0 ignores them.
        recording: the melody to follow (melody models) or the sound whose style to meet (style models).
        cfg_coef_beta: >= 0, strength of the text over the other conditions (double guidance, MusicGen-Style,
            arXiv 2407.12563): the logits are u + c * (w + beta * (tw - w) - u), of no condition, all but
            text, and all. None weighs all conditions as one (beta 1).
        glide: how the prompts' weights come to be what they are, or None where they are so from the
            beginning. The rows stay the same meanwhile, so it costs no more than a mix at rest.
    Raises:
        ConditionError: cfg_coef or cfg_coef_beta is out of range, or the glide has not one weight a prompt.
    """

    prompts: tuple[WeightedPrompt, ...] = ()
    chroma: ChromaTrack | None = None
    transport: Transport | None = None
    sampling: SamplingParams = field(default_factory=SamplingParams)
    cfg_coef: float = 3.0
    recording: Recording | None = None
    cfg_coef_beta: float | None = None
    glide: WeightGlide | None = None

    def __post_init__(self) -> None:
        if self.glide is not None and len(self.glide.weights) != len(self.prompts):
            raise ConditionError(
                f"a glide of {len(self.glide.weights)} weights for {len(self.prompts)} prompts: one each"
            )
        for name, value in (("cfg_coef", self.cfg_coef), ("cfg_coef_beta", self.cfg_coef_beta)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ConditionError(f"{name} is {value}, must be a finite number >= 0")

    def texts(self) -> tuple[str | None, ...]:
        """One text a conditioned row; a single None when there is no prompt."""
        return tuple(prompt.text or None for prompt in self.prompts) or (None,)

    def weights(self) -> npt.NDArray[np.float32]:
        """One weight a conditioned row, with a sum of 1."""
        weights = np.array([prompt.weight for prompt in self.prompts] or [1.0], dtype=np.float64)
        normalised: npt.NDArray[np.float32] = (weights / weights.sum()).astype(np.float32)
        return normalised


@dataclass
class ConditioningAttributes:
    """The conditions of one sequence, by conditioner name, as the provider takes them.

    Args:
        text: name -> text or None.
        frames: name -> raw features [T, C] float32, one row a frame, or None where absent.
        wav: name -> recording, or None where absent.
    """

    text: dict[str, str | None] = field(default_factory=dict)
    frames: dict[str, Tensor | None] = field(default_factory=dict)
    wav: dict[str, Recording | None] = field(default_factory=dict)

    def without(self, names: Sequence[str]) -> ConditioningAttributes:
        """A copy in which the conditions `names` are absent."""
        return replace(
            self,
            text={name: None if name in names else text for name, text in self.text.items()},
            frames={name: None if name in names else value for name, value in self.frames.items()},
            wav={name: None if name in names else value for name, value in self.wav.items()},
        )

    def null(self) -> ConditioningAttributes:
        """A copy without any condition: the unconditional branch of guidance."""
        return self.without([*self.text, *self.frames, *self.wav])


def check_names(attributes: ConditioningAttributes, known: Mapping[str, Any]) -> None:
    """Raise ConditionError for a condition that is given but that the model does not have."""
    given = [name for name, text in attributes.text.items() if text is not None]
    given += [name for name, value in attributes.frames.items() if value is not None]
    given += [name for name, recording in attributes.wav.items() if recording is not None]
    for name in given:
        if name not in known:
            raise ConditionError(
                f"this model has no condition {name!r}; it has: {', '.join(sorted(known)) or 'none'}"
            )


def drop_conditions(
    attributes: Sequence[ConditioningAttributes],
    rng: Random,
    drop_all_p: float = 0.0,
    drop_each_p: Mapping[str, float] | None = None,
) -> list[ConditioningAttributes]:
    """Dropout of conditions for training, so that each may be absent and guidance has an unconditional
    branch.

    Drawn for each item by itself. (AudioCraft draws once a batch; with the small batches of a CPU that makes
    whole updates unconditional, and no batch would ever hold a conditioned and an unconditioned item
    together.)

    Args:
        attributes: one a batch item.
        rng: source of randomness.
        drop_all_p: probability that an item loses everything, in [0, 1].
        drop_each_p: condition name -> probability that an item loses just that one.
    """
    kept = []
    for item in attributes:
        if rng.random() < drop_all_p:
            kept.append(item.null())
        else:
            kept.append(item.without([name for name, p in (drop_each_p or {}).items() if rng.random() < p]))
    return kept
