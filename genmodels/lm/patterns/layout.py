"""A pattern: which cells (frame, codebook) each step of a sequence holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
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
        layout: for each step, its cells; step 0 must be empty. Each cell is held by one step.
        timesteps: number of frames T.
        n_q: number of codebooks K.
        max_delay: so many steps at the end only drain delayed codebooks.
    Raises:
        ConfigError: step 0 holds something, or a cell is held twice, by no step, or lies outside [0, T).
    """

    layout: tuple[tuple[Cell, ...], ...]
    timesteps: int
    n_q: int
    max_delay: int = 0
    steps: Tensor = field(init=False, repr=False, compare=False)
    """[K, T] int64: the sequence step that holds each cell."""

    def __post_init__(self) -> None:
        if not self.layout or self.layout[0]:
            raise ConfigError(
                "pattern layout: step 0 must exist and be empty, because the model starts from it"
            )
        steps = np.full((self.n_q, self.timesteps), -1, dtype=np.int64)
        for s, cells in enumerate(self.layout):
            for t, q in cells:
                if not (0 <= t < self.timesteps and 0 <= q < self.n_q):
                    raise ConfigError(
                        f"pattern: step {s} holds (t={t}, q={q}), must be in {self.timesteps} frames of "
                        f"{self.n_q} codebooks"
                    )
                if steps[q, t] >= 0:
                    raise ConfigError(
                        f"pattern: cell (t={t}, q={q}) is held twice, by steps {steps[q, t]} and {s}"
                    )
                steps[q, t] = s
        if (steps < 0).any():
            q, t = np.argwhere(steps < 0)[0]
            raise ConfigError(f"pattern layout: cell (t={t}, q={q}) is held by no step")
        object.__setattr__(self, "steps", torch.from_numpy(steps))

    @classmethod
    def clipped(cls, layout: Iterable[Sequence[Cell]], timesteps: int, n_q: int) -> Pattern:
        """The pattern of a layout that runs on past the last frame.

        Cells of later frames are left out, their steps are not; `max_delay` is how many frames too far the
        layout runs. The published models were trained with this reckoning.
        """
        steps = [tuple(cells) for cells in layout]
        end = max((cell.t + 1 for cells in steps for cell in cells), default=timesteps)
        kept = tuple(tuple(cell for cell in cells if cell.t < timesteps) for cells in steps)
        return cls(kept, timesteps, n_q, max(0, end - timesteps))

    @property
    def num_sequence_steps(self) -> int:
        """Number of steps without step 0: what the model has to predict."""
        return len(self.layout) - 1

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
