"""Patterns by their definitions, cell by cell, to compare with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Layout = list[set[tuple[int, int]]]
"""For each step, the (frame, codebook) that it holds; frames past the last one included."""


def delay(n_q: int, frames: int, delays: Sequence[int], flatten_first: int, empty_initial: int) -> Layout:
    layout: Layout = [set() for _ in range(1 + empty_initial)]
    for t in range(flatten_first):
        if t < frames:
            layout += [{(t, q)} for q in range(n_q)]
    # frame t is at its turn at time t; its codebook q waits delays[q] longer
    for time in range(flatten_first, frames + max(delays)):
        step = set()
        for q in range(n_q):
            for t in range(flatten_first, time + 1):
                if t + delays[q] == time:
                    step.add((t, q))
        layout.append(step)
    return layout


def unroll(n_q: int, frames: int, flattening: Sequence[int], delays: Sequence[int]) -> Layout:
    end = frames + max(delays)
    layout: Layout = [set()]
    for time in range(end):
        slots = []
        for inner in range(max(flattening) + 1):
            members = [q for q in range(n_q) if flattening[q] == inner]
            lag = delays[members[0]] if members else 0
            if time >= lag:
                # older frames first, nothing before everything
                slots.append((bool(members), time - lag, members))
        for _, t, members in sorted(slots):
            layout.append({(t, q) for q in members})
    return layout


def coarse_first(n_q: int, frames: int, delays: Sequence[int]) -> Layout:
    layout: Layout = [set()] + [{(t, 0)} for t in range(frames)]
    for time in range(frames + max(delays)):
        layout.append({(time - delays[q - 1], q) for q in range(1, n_q) if time >= delays[q - 1]})
    return layout


def musiclm(n_q: int, frames: int, group_by: int) -> Layout:
    layout: Layout = [set()]
    for group in range(n_q // group_by):
        for t in range(frames):
            for member in range(group_by):
                layout.append({(t, group * group_by + member)})
    return layout


def tail(layout: Layout, frames: int) -> int:
    """Steps that training leaves out: as many as the layout has frames too many."""
    last = [t for step in layout for t, _ in step]
    return max(0, max(last, default=-1) + 1 - frames)


def build(layout: Layout, codes: Tensor, special: int) -> tuple[Tensor, Tensor]:
    batch, n_q, frames = codes.shape
    sequence = torch.full((batch, n_q, len(layout)), special)
    mask = torch.zeros(n_q, len(layout), dtype=torch.bool)
    for s, step in enumerate(layout):
        for t, q in step:
            if t < frames:
                sequence[:, q, s] = codes[:, q, t]
                mask[q, s] = True
    return sequence, mask


def revert(layout: Layout, sequence: Tensor, frames: int, special: int) -> tuple[Tensor, Tensor]:
    batch, n_q, length = sequence.shape
    codes = torch.full((batch, n_q, frames), special)
    mask = torch.zeros(n_q, frames, dtype=torch.bool)
    for s, step in enumerate(layout[:length]):
        for t, q in step:
            if t < frames:
                codes[:, q, t] = sequence[:, q, s]
                mask[q, t] = True
    return codes, mask


def revert_logits(layout: Layout, logits: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    batch, n_q, length, card = logits.shape
    out = torch.zeros(batch, n_q, frames, card)
    mask = torch.zeros(n_q, frames, dtype=torch.bool)
    for s, step in enumerate(layout[1 : length + 1]):
        for t, q in step:
            if t < frames:
                out[:, q, t] = logits[:, q, s]
                mask[q, t] = True
    return out, mask
