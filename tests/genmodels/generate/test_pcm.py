"""The stream of sound that goes back again and again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genmodels.generate.pcm import PcmStream
from tests.genmodels.tiny import CARD, tiny_musicgen

KEPT = 200
FRAMES = 900


@pytest.mark.parametrize(("ahead", "back"), [(6, 2), (30, 27), (5, 4)])
def test_going_back_costs_no_more_the_longer_it_plays_and_changes_nothing(ahead: int, back: int) -> None:
    codec = tiny_musicgen("fp32").compression_model
    music = np.random.default_rng(1).integers(0, CARD, (4, FRAMES + ahead))
    stream = PcmStream(codec)
    pushed: list[int] = []
    inner = stream._decoder.push

    def counted(codes: torch.Tensor) -> torch.Tensor:
        pushed.append(codes.shape[-1])
        return inner(codes)

    stream._decoder.push = counted  # type: ignore[method-assign]
    heard: dict[int, np.ndarray] = {}
    while stream.frame < FRAMES:
        first = stream.frame
        pcm = stream.push(music[:, first : first + ahead])
        start = max(0, first - stream.lookahead_frames) * codec.hop_length
        heard.update({start + n: sample for n, sample in enumerate(pcm)})
        frame = stream.frame - back
        pushed.clear()
        oldest = max(0, frame - KEPT)
        stream.forget(oldest)
        stream.roll_back(frame, music[:, oldest:], oldest)
        # no more than from the place before the one that was lost
        assert sum(pushed) <= 8 + ahead
    whole = PcmStream(codec).push(music[:, :FRAMES])
    got = np.array([heard[n] for n in range(len(whole))])
    assert np.abs(got - whole).max() < 1e-4
