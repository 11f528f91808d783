"""Offline generation of one window."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.errors import GenerationError
from genmodels.lm.decoder import Decoder
from genmodels.lm.rows import NULL_KEY, RowConditions, TensorFrames, prompt_key, simple_voices
from genmodels.lm.sampling import SamplingParams
from genmodels.lm.segment import Segment

if TYPE_CHECKING:
    from genmodels.lm.model import LMModel

ProgressCallback = Callable[[int, int], None]
"""Called with (frames generated so far, frames in total)."""


def voice_seeds(seed: int | None, count: int) -> list[int]:
    """Seeds of a batch: item i has `seed` + i, so item 0 is what a batch of one would be. None draws a fresh
    one."""
    first = secrets.randbits(48) if seed is None else seed
    return [first + i for i in range(count)]


def rows_from_attributes(
    lm: LMModel,
    conditions: Sequence[ConditioningAttributes],
    num_frames: int,
    cfg_coef: float,
    sampling: SamplingParams,
    seeds: Sequence[int],
) -> RowConditions:
    """Rows of a batch: the conditioned ones, then (if anything is conditioned) as many unconditional ones."""
    count = len(conditions)
    null = [item.null() for item in conditions]
    guided = any(item != empty for item, empty in zip(conditions, null, strict=True))
    with torch.inference_mode():
        tensors = lm.encode_conditions([*conditions, *null] if guided else null, num_frames)
        cross = lm.fuser.cross(tensors)
        context = (
            None if cross is None or not guided else lm.cross_context(cross[0][:count], cross[1][:count])
        )
        added = lm.fuser.added(tensors, 0, num_frames)
        prefix = lm.fuser.prefix(tensors)
    texts = [next((text for text in item.text.values() if text), None) for item in conditions]
    voices, row_voice = simple_voices(count, guided, cfg_coef, sampling, seeds)
    prompts = tuple(prompt_key(0, text) for text in texts) if guided else ()
    return RowConditions(
        keys=prompts + (NULL_KEY,) * count,
        voices=voices,
        row_voice=row_voice,
        context=context,
        frames=None if added is None else TensorFrames(added),
        prefix=None if prefix is None else lambda _offset: prefix,
    )


def run_segment(
    segment: Segment, rows: RowConditions, prompt: Tensor | None, callback: ProgressCallback | None = None
) -> Tensor:
    """Take in a prompt [B, K, P] and generate the rest of the window.

    Returns:
        codes [B, K, T], the prompt included.
    """
    length = 0 if prompt is None else prompt.shape[2]
    segment.use(rows)
    if prompt is not None and length:
        segment.write(prompt.cpu().numpy())
    # the position that predicts the first unknown step is taken in by a single step, as after a rollback
    first = (segment.pattern.get_first_step_with_timestep(length) or 1) - 1
    segment.prefill_chunks(first)
    while segment.position <= segment.last_position:
        segment.step()
        if callback is not None:
            callback(max(segment.frames_done, length), segment.frames)
    return torch.from_numpy(np.ascontiguousarray(segment.codes(0, segment.frames)))


def generate(
    decoder: Decoder,
    prompt: Tensor | None,
    conditions: Sequence[ConditioningAttributes],
    num_samples: int | None,
    max_gen_len: int,
    sampling: SamplingParams,
    cfg_coef: float,
    seed: int | None,
    callback: ProgressCallback | None,
) -> Tensor:
    """See `LMModel.generate`."""
    lm = decoder.lm
    counts = {len(conditions) or None, num_samples, None if prompt is None else len(prompt)} - {None}
    if len(counts) > 1:
        raise GenerationError(
            f"prompt, conditions and num_samples ask for different batches: {sorted(c for c in counts if c)}"
        )
    count = counts.pop() if counts else 1
    assert count is not None
    if prompt is not None:
        check_codes(lm, prompt, max_gen_len)
    items = list(conditions) or [ConditioningAttributes() for _ in range(count)]
    rows = rows_from_attributes(lm, items, max_gen_len, cfg_coef, sampling, voice_seeds(seed, count))
    segment = Segment(decoder, lm.pattern_provider.get_pattern(max_gen_len), count)
    return run_segment(segment, rows, prompt, callback)


def check_codes(lm: LMModel, prompt: Tensor, limit: int | None = None) -> None:
    """Raise GenerationError unless a prompt [B, K, P] fits a model, and a window of `limit` frames if
    given."""
    if prompt.ndim != 3 or prompt.shape[1] != lm.n_q:
        raise GenerationError(f"prompt codes have shape {tuple(prompt.shape)}, must be [B, {lm.n_q}, P]")
    if limit is not None and prompt.shape[2] >= limit:
        raise GenerationError(
            f"prompt of {prompt.shape[2]} frames leaves nothing to generate in a window of {limit} frames: "
            f"give a shorter prompt (at most {limit - 1} frames)"
        )
    if prompt.numel() and not 0 <= int(prompt.min()) <= int(prompt.max()) < lm.card:
        raise GenerationError(f"prompt codes must be in [0, {lm.card - 1}]")
