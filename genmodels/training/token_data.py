"""Random crops of encoded corpus items with their captions and frame labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.errors import ConfigError
from genmodels.training.corpus.dataset import CorpusItem, read_corpus
from genmodels.training.corpus.facts import SceneFacts


@dataclass(frozen=True)
class TokenItem:
    """One encoded piece.

    Attributes:
        codes: [K, T] uint16.
        transport: [T, 4] float32, as `transport_features` makes it.
        chroma: [T, 12] float32, 0..1.
        scenes: stretches of frames in which one caption is true, in order.
    """

    codes: npt.NDArray[np.uint16]
    transport: npt.NDArray[np.float32]
    chroma: npt.NDArray[np.float32]
    scenes: list[SceneFacts]

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self.codes.shape[1])


@dataclass(frozen=True)
class TokenBatch:
    """Codes [B, K, T] int64, the conditions of each item, none of them dropped, and `learned` [B, T] bool:
    the frames of which the item's text is true. The others are there to be heard, not to be learned."""

    codes: Tensor
    attributes: list[ConditioningAttributes]
    learned: Tensor


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

    A crop has one text, that of the scene that fills most of it. Over a change of scene the crop takes the
    new scene's text and only what follows the change is learned: as when a new prompt comes while another
    music plays.

    Args:
        folder: a corpus folder after `genmodels.training.encode`.
        frames: frames per crop; shorter items are left out.
        start_share: share of crops that begin where the item begins, on its first beat.
        bar_chroma_share: share of crops whose chroma is averaged over each bar.
        change_share: share of crops that are laid over a change of scene, in their first 60 %.
        texts: names of the conditions that take the caption.

    Raises:
        ConfigError: no item is encoded, or none is long enough.
    """

    def __init__(
        self,
        folder: Path,
        frames: int,
        start_share: float = 0.15,
        bar_chroma_share: float = 0.5,
        change_share: float = 0.0,
        texts: Sequence[str] = ("description",),
    ) -> None:
        self.frames, self.texts = frames, tuple(texts)
        self.start_share, self.bar_chroma_share, self.change_share = (
            start_share,
            bar_chroma_share,
            change_share,
        )
        self.items = [item for item in map(_load, _encoded(folder)) if item.frames >= frames]
        if not self.items:
            raise ConfigError(
                f"{folder}: no encoded item of at least {frames} frames; "
                f"encode it with `python -m genmodels.training.encode {folder} CODEC`"
            )
        self.changes = [(item, scene) for item in self.items for scene in item.scenes[1:]]

    def batch(
        self, size: int, key: str, frames: int | None = None, change_share: float | None = None
    ) -> TokenBatch:
        """`size` crops, of `frames` frames and with `change_share` if these are given (at most the usual
        length)."""
        rng = Random(key)
        share = self.change_share if change_share is None else change_share
        crops = [self._crop(rng, frames or self.frames, share) for _ in range(size)]
        codes = np.stack([codes for codes, _, _ in crops]).astype(np.int64)
        learned = np.stack([learned for _, _, learned in crops])
        return TokenBatch(
            torch.from_numpy(codes), [attributes for _, attributes, _ in crops], torch.from_numpy(learned)
        )

    def _crop(
        self, rng: Random, frames: int, change_share: float
    ) -> tuple[npt.NDArray[np.uint16], ConditioningAttributes, npt.NDArray[np.bool_]]:
        item, start, scene = self._place(rng, frames, change_share)
        window = slice(start, start + frames)
        transport, chroma = item.transport[window], item.chroma[window]
        if rng.random() < self.bar_chroma_share:
            chroma = bar_chroma(chroma, transport[:, 0])
        presence = np.ones((frames, 1), np.float32)
        place = np.arange(start, start + frames)
        attributes = ConditioningAttributes(
            dict.fromkeys(self.texts, rng.choice(scene.captions)),
            {
                "chroma": torch.from_numpy(np.concatenate([chroma, presence], 1)),
                "transport": torch.from_numpy(transport),
            },
        )
        return item.codes[:, window], attributes, (place >= scene.start_frame) & (place < scene.end_frame)

    def _place(self, rng: Random, frames: int, change_share: float) -> tuple[TokenItem, int, SceneFacts]:
        """An item, where the crop begins in it, and the scene whose text it has."""
        if self.changes and rng.random() < change_share:
            item, scene = rng.choice(self.changes)
            start = scene.start_frame - round(rng.uniform(0.05, 0.6) * frames)
            return item, max(0, min(item.frames - frames, start)), scene
        item = rng.choice(self.items)
        start = 0 if rng.random() < self.start_share else rng.randint(0, item.frames - frames)

        def heard(scene: SceneFacts) -> int:
            return min(scene.end_frame, start + frames) - max(scene.start_frame, start)

        return item, start, max(item.scenes, key=heard)


def _encoded(folder: Path) -> list[CorpusItem]:
    return [item for item in read_corpus(folder) if _tokens_path(item).exists()]


def _tokens_path(item: CorpusItem) -> Path:
    return item.audio_path.with_suffix(".tokens.npz")


def _load(item: CorpusItem) -> TokenItem:
    codes = np.load(_tokens_path(item))["codes"]
    labels = item.labels()
    length = min(codes.shape[1], len(labels.beat))
    presence = np.ones(length, np.float32)
    columns = (labels.beat[:length], labels.beats_per_bar[:length], labels.bpm[:length], presence)
    scenes = [scene for scene in item.scenes if scene.start_frame < length]
    return TokenItem(
        codes[:, :length],
        np.stack(columns, axis=1).astype(np.float32),
        np.asarray(labels.chroma[:length] / np.float32(255), np.float32),
        scenes,
    )
