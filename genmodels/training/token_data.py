"""Random crops of encoded corpus items with their captions and frame labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.errors import ConfigError
from genmodels.training.corpus.dataset import read_corpus


@dataclass(frozen=True)
class TokenItem:
    """One encoded piece.

    Attributes:
        codes: [K, T] uint16.
        transport: [T, 4] float32, as `transport_features` makes it.
        chroma: [T, 12] float32, 0..1.
        captions: phrasings of the caption.
    """

    codes: npt.NDArray[np.uint16]
    transport: npt.NDArray[np.float32]
    chroma: npt.NDArray[np.float32]
    captions: list[str]


@dataclass(frozen=True)
class TokenBatch:
    """Codes [B, K, T] int64 and the conditions of each item, none of them dropped."""

    codes: Tensor
    attributes: list[ConditioningAttributes]


def bar_chroma(chroma: npt.NDArray[np.float32], beat: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Chroma averaged over each bar and scaled to a largest value of 1: what a chord symbol would say.

    Args:
        chroma: [T, 12].
        beat: [T], beat within the bar; a bar begins where it falls back.
    """
    bars = np.concatenate([[0], np.cumsum(np.diff(beat) < 0)])
    sums = np.zeros((int(bars[-1]) + 1, 12), np.float32)
    np.add.at(sums, bars, chroma)
    peak = sums.max(1, keepdims=True)
    # weak passing notes are no part of the chord
    scaled = np.where(sums > 0.2 * peak, sums / np.maximum(peak, 1e-6), 0)
    spread: npt.NDArray[np.float32] = scaled[bars].astype(np.float32)
    return spread


class TokenCrops:
    """All encoded items of a corpus folder, in memory; draws crops that depend on a key alone.

    Args:
        folder: a corpus folder after `genmodels.training.encode`.
        frames: frames per crop; shorter pieces are left out.
        start_share: share of crops that begin where the piece begins, on its first beat.
        bar_chroma_share: share of crops whose chroma is averaged over each bar.

    Raises:
        ConfigError: no item is encoded, or none is long enough.
    """

    def __init__(
        self, folder: Path, frames: int, start_share: float = 0.15, bar_chroma_share: float = 0.5
    ) -> None:
        self.frames, self.start_share, self.bar_chroma_share = frames, start_share, bar_chroma_share
        self.items = [item for item in map(_load, _encoded(folder)) if item.codes.shape[1] >= frames]
        if not self.items:
            raise ConfigError(
                f"{folder}: no encoded item of at least {frames} frames; "
                f"encode it with `python -m genmodels.training.encode {folder} CODEC`"
            )

    def batch(self, size: int, key: str, frames: int | None = None) -> TokenBatch:
        """`size` crops, of `frames` frames if that is given (at most the usual length)."""
        rng = Random(key)
        crops = [self._crop(rng, frames or self.frames) for _ in range(size)]
        codes = np.stack([codes for codes, _ in crops]).astype(np.int64)
        return TokenBatch(torch.from_numpy(codes), [attributes for _, attributes in crops])

    def _crop(self, rng: Random, frames: int) -> tuple[npt.NDArray[np.uint16], ConditioningAttributes]:
        item = rng.choice(self.items)
        spare = item.codes.shape[1] - frames
        start = 0 if rng.random() < self.start_share else rng.randint(0, spare)
        window = slice(start, start + frames)
        transport, chroma = item.transport[window], item.chroma[window]
        if rng.random() < self.bar_chroma_share:
            chroma = bar_chroma(chroma, transport[:, 0])
        presence = np.ones((frames, 1), np.float32)
        return item.codes[:, window], ConditioningAttributes(
            {"description": rng.choice(item.captions)},
            {
                "chroma": torch.from_numpy(np.concatenate([chroma, presence], 1)),
                "transport": torch.from_numpy(transport),
            },
        )


def _encoded(folder: Path) -> list[tuple[Path, list[str], float, int]]:
    found = []
    for item in read_corpus(folder):
        path = item.audio_path.with_suffix(".tokens.npz")
        if path.exists():
            found.append((path, item.captions, float(item.facts["bpm"]), int(item.facts["beats_per_bar"])))
    return found


def _load(entry: tuple[Path, list[str], float, int]) -> TokenItem:
    path, captions, bpm, per_bar = entry
    codes = np.load(path)["codes"]
    labels = np.load(path.with_suffix("").with_suffix(".npz"))
    length = min(codes.shape[1], len(labels["beat"]))
    transport = np.ones((length, 4), np.float32)
    transport[:, 0] = labels["beat"][:length]
    transport[:, 1:3] = per_bar, bpm
    return TokenItem(
        codes[:, :length], transport, labels["chroma"][:length].astype(np.float32) / 255, captions
    )
