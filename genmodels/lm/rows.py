"""The rows that a decoder runs for one or more voices, and how their logits become one.

A voice has a row for each of its prompts and, if it has any condition at all, a row without conditions for
guidance; under double guidance also a row with all conditions but text. Unconditional rows come last, so that
what concerns only the others touches the first rows of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.lm.sampling import SamplingParams, sample, step_noise
from genmodels.lm.transformer import CrossContext


class FrameInputs(Protocol):
    """What conditions add to the input."""

    def at(self, frames: npt.NDArray[np.int64], offset: int) -> Tensor | None:
        """[R', n, dim] for the first R' rows at the absolute frames [n] of the window that starts at frame
        `offset`; None if nothing is added."""
        ...


@dataclass(frozen=True)
class VoiceRows:
    """The rows of one voice.

    Args:
        prompts: row numbers of its prompts, at least one.
        weights: weight of each, with a sum of 1.
        null: row number of its unconditional branch; None where the only row is already unconditional.
        cfg_coef: guidance.
        sampling: how its tokens are drawn.
        seed: its randomness.
        textless: row number of the branch with all conditions but text; None without double guidance.
        cfg_coef_beta: strength of the text over the textless branch.
        glide: weights with a sum of 1 from which `weights` are reached, and the steps between which that
            happens; None at rest.
    """

    prompts: tuple[int, ...]
    weights: tuple[float, ...]
    null: int | None
    cfg_coef: float
    sampling: SamplingParams
    seed: int
    textless: int | None = None
    cfg_coef_beta: float = 1.0
    glide: tuple[tuple[float, ...], float, float] | None = None

    def weights_at(self, step: int) -> tuple[float, ...]:
        """The prompts' weights at an absolute stream step."""
        if self.glide is None:
            return self.weights
        before, first, last = self.glide
        share = min(1.0, max(0.0, (step - first) / (last - first)))
        return tuple((1.0 - share) * b + share * w for b, w in zip(before, self.weights, strict=True))

    def guided(self, logits: Tensor, step: int = 0) -> Tensor:
        """Logits [R, K, card] of all rows at a stream step to this voice's [K, card]: u + c * (l - u), where
        l is the prompts' mean by weight, under double guidance w + beta * (that mean - w)."""
        mixed = logits[self.prompts[0]]
        if len(self.prompts) > 1:
            weights = self.weights_at(step)
            mixed = mixed * weights[0]
            for row, weight in zip(self.prompts[1:], weights[1:], strict=True):
                mixed = mixed + logits[row] * weight
        if self.textless is not None:
            mixed = torch.lerp(logits[self.textless], mixed, self.cfg_coef_beta)
        if self.null is None:
            return mixed
        return torch.lerp(logits[self.null], mixed, self.cfg_coef)

    def draw(self, logits: Tensor, step: int) -> npt.NDArray[np.int64]:
        """Tokens [K] of an absolute stream step from the logits [R, K, card] of all rows."""
        guided = self.guided(logits, step)
        noise = None
        if not self.sampling.greedy:
            noise = torch.from_numpy(step_noise(self.seed, step, *guided.shape))
        tokens: npt.NDArray[np.int64] = sample(guided, self.sampling, noise).numpy()
        return tokens


ContextAt = Callable[[int], CrossContext | None]
PrefixAt = Callable[[int], Tensor]


@dataclass(frozen=True, eq=False)
class RowConditions:
    """Everything a decoder needs to extend the rows of some voices.

    Args:
        keys: identity of each row ('null', or 'prompt' and its text), to carry its past over when conditions
            change.
        voices: the voices; they draw tokens of their own.
        row_voice: [R] number of the voice that each row belongs to.
        context: cross attention of the first rows, or what gives it for the window that starts at a frame.
        frames: what is added to the input, or None.
        prefix: gives the conditions to prepend [R, P, dim] for the window that starts at a frame, with the
            same P for all; None if there are none.
    """

    keys: tuple[tuple[str, ...], ...]
    voices: tuple[VoiceRows, ...]
    row_voice: npt.NDArray[np.int64]
    context: CrossContext | ContextAt | None = None
    frames: FrameInputs | None = None
    prefix: PrefixAt | None = None

    @property
    def rows(self) -> int:
        """Number of rows R."""
        return len(self.keys)

    def context_at(self, offset_frames: int) -> CrossContext | None:
        """Cross attention of the first rows in the window that starts at a frame."""
        context = self.context
        return context if context is None or isinstance(context, CrossContext) else context(offset_frames)

    def prefix_at(self, offset_frames: int) -> Tensor | None:
        """Conditions to prepend [R, P, dim] in the window that starts at a frame."""
        return None if self.prefix is None else self.prefix(offset_frames)

    def draw(self, logits: Tensor, step: int) -> npt.NDArray[np.int64]:
        """Tokens [voices, K] of an absolute stream step."""
        return np.stack([voice.draw(logits, step) for voice in self.voices])

    def sources_from(self, old: RowConditions) -> list[int]:
        """For each row, the row of `old` whose past it continues.

        A row that was there goes on; a new prompt takes over from the heaviest prompt of its voice, because
        that is closest to what has been heard; without one, from the unconditional row.
        """
        known = {
            (key, int(voice)): row
            for row, (key, voice) in enumerate(zip(old.keys, old.row_voice, strict=True))
        }
        sources = []
        for key, voice_number in zip(self.keys, self.row_voice, strict=True):
            voice = old.voices[int(voice_number)]
            heaviest = voice.prompts[int(np.argmax(voice.weights))]
            sources.append(known.get((key, int(voice_number)), heaviest))
        return sources


NULL_KEY = ("null",)
TEXTLESS_KEY = ("textless",)


def prompt_key(index: int, text: str | None) -> tuple[str, ...]:
    """Identity of a prompt's row; without text, its place in the mix."""
    return ("prompt", text) if text else ("prompt", "", str(index))


@dataclass(frozen=True)
class TensorFrames:
    """Inputs laid out beforehand.

    Args:
        values: [R', T, dim], for the frames 0 to T - 1; later ones get the last.
    """

    values: Tensor

    def at(self, frames: npt.NDArray[np.int64], offset: int) -> Tensor | None:
        last = self.values.shape[1] - 1
        return self.values[:, torch.from_numpy(frames).clamp(max=last).to(self.values.device)]


def simple_voices(
    count: int,
    guided: bool,
    cfg_coef: float,
    sampling: SamplingParams,
    seeds: Sequence[int],
    cfg_coef_beta: float | None = None,
) -> tuple[tuple[VoiceRows, ...], npt.NDArray[np.int64]]:
    """Voices of one prompt each in the layout [conditioned rows; textless rows; unconditional rows], and each
    row's voice. Textless rows are there under double guidance only, unconditional ones under guidance."""
    double = guided and cfg_coef_beta is not None
    null = (2 if double else 1) * count if guided else None
    voices = tuple(
        VoiceRows(
            (i,),
            (1.0,),
            None if null is None else null + i,
            cfg_coef,
            sampling,
            seeds[i],
            count + i if double else None,
            1.0 if cfg_coef_beta is None else cfg_coef_beta,
        )
        for i in range(count)
    )
    return voices, np.tile(np.arange(count), 1 if null is None else null // count + 1)
