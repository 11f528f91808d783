"""Offline generation of one window."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.conditioning.base import ConditionTensor, spread_condition, stack_conditions
from genmodels.errors import GenerationError
from genmodels.lm.decoder import Decoder
from genmodels.lm.rows import (
    NULL_KEY,
    TEXTLESS_KEY,
    RowConditions,
    TensorFrames,
    prompt_key,
    simple_voices,
)
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
    cfg_coef_beta: float | None = None,
) -> RowConditions:
    """Rows of a batch: the conditioned ones, then (if anything is conditioned) under double guidance as many
    without text, and as many unconditional ones."""
    count = len(conditions)
    null = [item.null() for item in conditions]
    guided = any(item != empty for item, empty in zip(conditions, null, strict=True))
    textless = [item.without([*item.text]) for item in conditions] if cfg_coef_beta is not None else []
    every = [*conditions, *textless, *null] if guided else null
    with torch.inference_mode():
        tensors = encode_each(lm, every, num_frames)
        seen = len(every) if _null_is_heard(lm) else len(every) - count
        cross = lm.fuser.cross(tensors) if seen else None
        context = None if cross is None else lm.cross_context(cross[0][:seen], cross[1][:seen])
        added = lm.fuser.added(tensors, 0, num_frames)
        prefix = lm.fuser.prefix(tensors)
    texts = [next((text for text in item.text.values() if text), None) for item in conditions]
    voices, row_voice = simple_voices(count, guided, cfg_coef, sampling, seeds, cfg_coef_beta)
    prompts = tuple(prompt_key(0, text) for text in texts) if guided else ()
    return RowConditions(
        keys=prompts + (TEXTLESS_KEY,) * (len(textless) if guided else 0) + (NULL_KEY,) * count,
        voices=voices,
        row_voice=row_voice,
        context=context,
        frames=None if added is None else TensorFrames(added),
        prefix=None if prefix is None else lambda _offset: prefix,
    )


def encode_each(
    lm: LMModel, items: Sequence[ConditioningAttributes], num_frames: int
) -> dict[str, ConditionTensor]:
    """Condition tensors of items that were encoded one by one, so that none depends on those beside it.

    Texts and recordings that are added to the input are laid over the frames.
    """
    encoded = [lm.encode_conditions([item], num_frames) for item in items]
    tensors = {name: stack_conditions([item[name] for item in encoded]) for name in encoded[0]}
    by_frame = lm.condition_provider.frame_names
    for name in (*lm.fuser.fuse2cond["sum"], *lm.fuser.fuse2cond["input_interpolate"]):
        if name not in by_frame:
            values = spread_condition(tensors[name].values, num_frames)
            tensors[name] = ConditionTensor(values, torch.ones_like(values[..., 0], dtype=torch.bool))
    return tensors


def equal_prefixes(lm: LMModel, items: Sequence[ConditioningAttributes], num_frames: int) -> list[list[int]]:
    """Numbers of the items that can run together without one changing another's result: those with equally
    long conditions in front; all, if the model has `attend_padding`."""
    if not lm.fuser.fuse2cond["prepend"] or lm.attend_padding or len(items) == 1:
        return [list(range(len(items)))]
    groups: dict[int, list[int]] = {}
    with torch.inference_mode():
        for number, item in enumerate(items):
            prefix = lm.fuser.prefix(encode_each(lm, [item], num_frames))
            groups.setdefault(0 if prefix is None else prefix.shape[1], []).append(number)
    return list(groups.values())


def _null_is_heard(lm: LMModel) -> bool:
    """Whether unconditional rows have something to attend to: an absent recording may be encoded."""
    return any(name in lm.condition_provider.wav_names for name in lm.fuser.fuse2cond["cross"])


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
    cfg_coef_beta: float | None = None,
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
    check_counts(count, max_gen_len)
    check_guidance(cfg_coef, cfg_coef_beta)
    if prompt is not None:
        check_codes(lm, prompt, max_gen_len)
    items = list(conditions) or [ConditioningAttributes() for _ in range(count)]
    seeds = voice_seeds(seed, count)
    codes = torch.zeros(count, lm.n_q, max_gen_len, dtype=torch.int64)
    batches = equal_prefixes(lm, items, max_gen_len)
    for number, batch in enumerate(batches):
        rows = rows_from_attributes(
            lm, [items[i] for i in batch], max_gen_len, cfg_coef, sampling, [seeds[i] for i in batch],
            cfg_coef_beta,
        )  # fmt: skip
        segment = Segment(decoder, lm.pattern_provider.get_pattern(max_gen_len), len(batch))
        report = _part(callback, number, len(batches))
        codes[batch] = run_segment(segment, rows, None if prompt is None else prompt[batch], report)
    return codes


def _part(callback: ProgressCallback | None, number: int, parts: int) -> ProgressCallback | None:
    """Reports the frames of one of several parts as those of all."""
    if callback is None or parts == 1:
        return callback
    return lambda done, total: callback(number * total + done, parts * total)


def check_counts(num_samples: int, max_gen_len: int) -> None:
    """Raise GenerationError unless there is something to generate."""
    for name, value in (("num_samples", num_samples), ("max_gen_len", max_gen_len)):
        if value < 1:
            raise GenerationError(f"{name} is {value}, must be at least 1")


def check_guidance(cfg_coef: float, cfg_coef_beta: float | None) -> None:
    """Raise GenerationError unless strengths of guidance are finite and >= 0 (or there is no beta)."""
    beta = 0.0 if cfg_coef_beta is None else cfg_coef_beta
    for name, value in (("cfg_coef", cfg_coef), ("cfg_coef_beta", beta)):
        if value is None or not (math.isfinite(value) and value >= 0):
            raise GenerationError(f"{name} is {value}, must be a finite number >= 0")


def check_codes(lm: LMModel, prompt: Tensor, limit: int | None = None) -> None:
    """Raise GenerationError unless a prompt [B, K, P] fits a model, and a window of `limit` frames if
    given."""
    if prompt.ndim != 3 or prompt.shape[1] != lm.n_q:
        raise GenerationError(f"prompt codes have shape {tuple(prompt.shape)}, must be [B, {lm.n_q}, P]")
    if prompt.is_floating_point():
        raise GenerationError(f"prompt codes are {prompt.dtype}, must be integers")
    if limit is not None and prompt.shape[2] >= limit:
        raise GenerationError(
            f"prompt of {prompt.shape[2]} frames leaves nothing to generate in a window of {limit} frames: "
            f"give a shorter prompt (at most {limit - 1} frames)"
        )
    if prompt.numel() and not 0 <= int(prompt.min()) <= int(prompt.max()) < lm.card:
        raise GenerationError(f"prompt codes must be in [0, {lm.card - 1}]")
