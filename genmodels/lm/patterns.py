"""How the codebooks of each frame are laid out over the steps of a language model's sequence.

A `Pattern` lists, for each sequence step, the cells (frame, codebook) that it holds. Step 0 is empty (all
special tokens); the model reads step s and predicts step s + 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from genmodels.errors import ConfigError


class Cell(NamedTuple):
    """One token: codebook `q` of frame `t`."""

    t: int
    q: int


@dataclass(frozen=True)
class Pattern:
    """Layout of `timesteps` frames of `n_q` codebooks over sequence steps.

    Args:
        layout: for each step, its cells; step 0 must be empty. Cells with t outside [0, timesteps) are left
            out.
        timesteps: number of frames T.
        n_q: number of codebooks K.
    """

    layout: tuple[tuple[Cell, ...], ...]
    timesteps: int
    n_q: int
    steps: Tensor = field(init=False, repr=False, compare=False)
    """[K, T] int64: the sequence step that holds each cell."""

    def __post_init__(self) -> None:
        if not self.layout or self.layout[0]:
            raise ConfigError(
                "pattern layout: step 0 must exist and be empty, because the model starts from it"
            )
        steps = torch.full((self.n_q, self.timesteps), -1, dtype=torch.int64)
        for s, cells in enumerate(self.layout):
            for t, q in cells:
                if steps[q, t] >= 0:
                    raise ConfigError(
                        f"pattern: cell (t={t}, q={q}) is held twice, by steps {int(steps[q, t])} and {s}"
                    )
                steps[q, t] = s
        if bool((steps < 0).any()):
            q, t = (int(v) for v in (steps < 0).nonzero()[0])
            raise ConfigError(f"pattern layout: cell (t={t}, q={q}) is held by no step")
        object.__setattr__(self, "steps", steps)

    @property
    def num_sequence_steps(self) -> int:
        """Number of steps without step 0: what the model has to predict."""
        return len(self.layout) - 1

    @property
    def max_delay(self) -> int:
        """Steps after the last frame's first cell until its last cell."""
        if self.timesteps == 0:
            return 0
        last = self.steps[:, -1]
        return int(last.max() - last.min())

    @property
    def valid_steps(self) -> int:
        """Number of steps, step 0 included, before the tail that only drains delayed codebooks."""
        return len(self.layout) - self.max_delay

    def get_first_step_with_timestep(self, t: int, q: int | None = None) -> int | None:
        """The first step that holds frame `t` (of codebook `q`, if given); None if `t` is outside the
        pattern."""
        if not 0 <= t < self.timesteps:
            return None
        return int(self.steps[:, t].min() if q is None else self.steps[q, t])

    def build_pattern_sequence(
        self, z: Tensor, special_token: int, keep_only_valid_steps: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Frames to sequence.

        Args:
            z: codes [B, K, T].
            special_token: value for cells that the pattern leaves empty.
            keep_only_valid_steps: leave out the draining tail.
        Returns:
            sequence [B, K, S], and mask [K, S], true where a step holds a cell.
        """
        batch, n_q, timesteps = z.shape
        self._check(n_q, timesteps)
        length = self.valid_steps if keep_only_valid_steps else len(self.layout)
        full = z.new_full((batch, n_q, len(self.layout)), special_token)
        steps = self.steps.to(z.device)
        full.scatter_(2, steps.expand(batch, -1, -1), z)
        mask = torch.zeros(n_q, len(self.layout), dtype=torch.bool, device=z.device)
        mask.scatter_(1, steps, torch.ones_like(steps, dtype=torch.bool))
        return full[..., :length], mask[..., :length]

    def revert_pattern_sequence(self, s: Tensor, special_token: int) -> tuple[Tensor, Tensor]:
        """Sequence [B, K, S] back to frames.

        Returns:
            codes [B, K, T] with `special_token` where S is too short, and mask [K, T], true where a token
            was found.
        """
        batch, n_q, length = s.shape
        self._check(n_q, self.timesteps)
        steps = self.steps.to(s.device)
        mask = steps < length
        values = s.gather(2, steps.clamp(max=length - 1).expand(batch, -1, -1))
        return torch.where(mask, values, special_token), mask

    def revert_pattern_logits(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Model outputs back to frames: output s predicts step s + 1.

        Args:
            logits: [B, K, S, card].
        Returns:
            logits [B, K, T, card] (zeros where S is too short), and mask [K, T], true where predicted.
        """
        batch, n_q, length, card = logits.shape
        self._check(n_q, self.timesteps)
        outputs = self.steps - 1
        mask = (outputs < length).to(logits.device)
        first = outputs[:, :1]
        if torch.equal(outputs, first + torch.arange(self.timesteps)):
            parts = []
            for k, start in enumerate(first[:, 0].tolist()):
                part = logits[:, k, start : start + self.timesteps]
                parts.append(torch.nn.functional.pad(part, (0, 0, 0, self.timesteps - part.shape[1])))
            return torch.stack(parts, dim=1), mask
        flat = (
            (outputs.clamp(max=length - 1) + length * torch.arange(n_q)[:, None])
            .reshape(-1)
            .to(logits.device)
        )
        values = (
            logits.reshape(batch, n_q * length, card)
            .index_select(1, flat)
            .view(batch, n_q, self.timesteps, card)
        )
        return values * mask[..., None], mask

    def _check(self, n_q: int, timesteps: int) -> None:
        if (n_q, timesteps) != (self.n_q, self.timesteps):
            raise ConfigError(
                f"codes have {n_q} codebooks and {timesteps} frames, "
                f"but the pattern is for {self.n_q} and {self.timesteps}"
            )


class CodebooksPatternProvider(ABC):
    """Makes the pattern for any number of frames."""

    def __init__(self, n_q: int) -> None:
        if n_q < 1:
            raise ConfigError(f"number of codebooks is {n_q}, must be at least 1")
        self.n_q = n_q

    @abstractmethod
    def get_pattern(self, timesteps: int) -> Pattern:
        """The pattern of `timesteps` frames (>= 0)."""


class DelayedPatternProvider(CodebooksPatternProvider):
    """Codebook q lags `delays[q]` steps: step t + 1 holds the cells (t - delays[q], q).

    Args:
        n_q: number of codebooks.
        delays: one delay (>= 0, in frames) a codebook, by default 0, 1, 2, ...; all zero is parallel.
    """

    def __init__(self, n_q: int, delays: Sequence[int] | None = None) -> None:
        super().__init__(n_q)
        self.delays = tuple(range(n_q)) if delays is None else tuple(int(d) for d in delays)
        if len(self.delays) != n_q:
            raise ConfigError(
                f"{len(self.delays)} delays {self.delays} given for {n_q} codebooks: give one each"
            )
        if min(self.delays) < 0 or list(self.delays) != sorted(self.delays):
            raise ConfigError(
                f"delays {self.delays} must be >= 0 and must not fall from one codebook to the next"
            )

    @property
    def max_delay(self) -> int:
        """The longest delay, in frames."""
        return max(self.delays)

    def get_pattern(self, timesteps: int) -> Pattern:
        return _delayed(timesteps, self.delays)


@lru_cache(maxsize=64)
def _delayed(timesteps: int, delays: tuple[int, ...]) -> Pattern:
    layout: list[tuple[Cell, ...]] = [()]
    layout.extend(
        tuple(Cell(s - d, q) for q, d in enumerate(delays) if 0 <= s - d < timesteps)
        for s in range(timesteps + max(delays))
    )
    return Pattern(tuple(layout), timesteps, len(delays))
