"""Trains a language model on tokens: `python -m genmodels.training.train_lm [CONFIG] [key=value …]`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.checkpoints.builders import build_lm
from genmodels.conditioning.attributes import ConditioningAttributes, drop_conditions
from genmodels.device import pick_device
from genmodels.errors import CheckpointError, ConfigError
from genmodels.lm.model import LMModel
from genmodels.training.codec_start import start_weights
from genmodels.training.command import run_training
from genmodels.training.lm_start import start_from_codebooks, start_from_reader
from genmodels.training.loop import Trainer, averaged_weights
from genmodels.training.schedule import LoopConfig
from genmodels.training.token_data import TokenBatch, TokenCrops

DEFAULT_CONFIG = Path(__file__).parent / "configs" / "mini_lm.yaml"


@dataclass
class LmTraining:
    """Configuration of a language-model training; `lm` goes to `build_lm`, its max_duration (s) is the length
    of the crops. `drop_all` and `drop_each` are probabilities, see `drop_conditions`. `codec` is the training
    checkpoint of the codec to start from, see `start_from_codebooks`; empty starts at random. `text` is the
    one of a word encoder (`genmodels.training.train_text`), see `start_from_reader`; empty trains the words
    along. `codebook_weights` weighs the codebooks' losses (empty: all alike). A share `short_share` of the
    steps takes the same number of frames in crops of only `short_frames`: with little to go on from, the
    model has to learn what the text says. A share `change_share` of the crops lies over a change of the
    music, with the text of what follows: there the model learns to leave what has just sounded, see
    `TokenCrops`."""

    corpus: str = "build/corpus"
    valid_corpus: str = "build/corpus-valid"
    folder: str = "build/lm"
    codec: str = ""
    text: str = ""
    codebook_weights: list[float] = field(default_factory=list)
    batch: int = 8
    short_share: float = 0.0
    short_frames: int = 100
    change_share: float = 0.0
    bf16: bool = True
    valid_items: int = 32
    drop_all: float = 0.1
    drop_each: dict[str, float] = field(default_factory=dict)
    weight_decay: float = 0.05
    frame_rate: float = 50.0
    device: str = "auto"
    lm: dict[str, Any] = field(default_factory=dict)
    loop: LoopConfig = field(default_factory=LoopConfig)


def sequence_loss(
    lm: LMModel, codes: Tensor, attributes: list[ConditioningAttributes], learned: Tensor | None = None
) -> Tensor:
    """Cross entropy in nats of every real token of codes [B, K, T], per codebook [K].

    Taken on the pattern's sequence itself, which spares the copy of the logits back into frames. With
    `learned` [B, T] bool only tokens of those frames count; the others are context.
    """
    pattern = lm.pattern_provider.get_pattern(codes.shape[2])
    special = lm.special_token_id
    sequence, _ = pattern.build_pattern_sequence(codes, special, keep_only_valid_steps=True)
    wanted = sequence
    if learned is not None:
        counted = torch.where(learned[:, None], codes, special)
        wanted, _ = pattern.build_pattern_sequence(counted, special, keep_only_valid_steps=True)
    tensors = lm.encode_conditions(attributes, codes.shape[2])
    logits = lm(sequence[..., :-1], condition_tensors=tensors)
    targets = wanted[..., 1:]
    losses = [
        F.cross_entropy(logits[:, k].reshape(-1, lm.card), targets[:, k].reshape(-1), ignore_index=special)
        for k in range(lm.n_q)
    ]
    return torch.stack(losses).float()


def trained_codebooks(checkpoint: Path) -> list[Tensor]:
    """The entries [card, D] of each codebook of a codec training; CheckpointError if there is none."""
    weights = start_weights(str(checkpoint))
    return [weights[name] for name in sorted(weights) if name.endswith("_codebook.embed")]


def taught_encoder(checkpoint: Path) -> dict[str, Tensor]:
    """The state dict of the word encoder of a text training; CheckpointError if there is none."""
    prefix = "encoder."
    weights = averaged_weights(checkpoint)
    taught = {name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)}
    if "embed.weight" not in taught:
        raise CheckpointError(f"{checkpoint}: no training of words; run genmodels.training.train_text first")
    return taught


class LmTask:
    """One training step and one validation of a language model."""

    def __init__(self, config: LmTraining) -> None:
        torch.manual_seed(config.loop.seed)
        self.config = config
        self.device = pick_device(config.device)
        lm = build_lm(config.lm)
        if config.codec:
            start_from_codebooks(lm, trained_codebooks(Path(config.codec)), config.loop.seed)
        if config.text:
            start_from_reader(lm, taught_encoder(Path(config.text)))
        self.lm = lm.to(self.device)
        weights = torch.tensor(config.codebook_weights or [1.0] * lm.n_q)
        if len(weights) != lm.n_q:
            raise ConfigError(f"codebook_weights: {len(weights)} values for {lm.n_q} codebooks")
        self.weights = (weights / weights.sum()).to(self.device)
        frames = round(float(config.lm["max_duration"]) * config.frame_rate)
        texts = lm.condition_provider.text_names
        self.data = TokenCrops(Path(config.corpus), frames, change_share=config.change_share, texts=texts)
        valid = TokenCrops(Path(config.valid_corpus), frames, texts=texts)
        count = max(1, config.valid_items // 8)
        short = min(config.short_frames, frames)
        self.short = [valid.batch(40, f"short {i}", short) for i in range(count)]
        self.valid = [valid.batch(8, f"valid {i}") for i in range(count)]
        self.change = [valid.batch(8, f"change {i}", change_share=1.0) for i in range(count)]

    def _loss(self, batch: TokenBatch, attributes: list[ConditioningAttributes]) -> Tensor:
        codes, learned = batch.codes.to(self.device), batch.learned.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bf16):
            return sequence_loss(self.lm, codes, attributes, learned)

    def step(self, n: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of step n, and that of the first and last codebook."""
        config = self.config
        key = f"{config.loop.seed} {n}"
        torch.manual_seed(config.loop.seed + n)
        batch = self._batch(key)
        attributes = drop_conditions(
            batch.attributes, Random("drop " + key), config.drop_all, config.drop_each
        )
        losses = self._loss(batch, attributes)
        loss = (losses * self.weights).sum()
        return loss, {"loss": losses.mean().item(), "first": losses[0].item(), "last": losses[-1].item()}

    def _batch(self, key: str) -> TokenBatch:
        config, size = self.config, self.config.batch
        if Random("length " + key).random() < config.short_share:
            return self.data.batch(size * self.data.frames // config.short_frames, key, config.short_frames)
        return self.data.batch(size, key)

    def validate(self) -> dict[str, float]:
        """Cross entropy on held-out crops with all conditions, without any, and with one exchanged between
        the items: what a wrong condition costs is what the model has learned to take from it. `short` is the
        same on short crops, where text says more; `change` is that of what follows a change of the music,
        where the text is what tells the model to leave what has just sounded."""
        texts = self.lm.condition_provider.text_names
        return {
            "loss": self._mean(lambda batch: batch.attributes),
            "null": self._mean(lambda batch: [item.null() for item in batch.attributes]),
            "short": self._mean(lambda batch: batch.attributes, self.short),
            "short_wrong_text": self._mean(lambda batch: exchanged(batch, texts), self.short),
            "change": self._mean(lambda batch: batch.attributes, self.change),
            "change_wrong_text": self._mean(lambda batch: exchanged(batch, texts), self.change),
            "wrong_text": self._mean(lambda batch: exchanged(batch, texts)),
            "wrong_beat": self._mean(lambda batch: exchanged(batch, ["transport"])),
            "wrong_chroma": self._mean(lambda batch: exchanged(batch, ["chroma"])),
        }

    def _mean(self, choose: Any, batches: list[TokenBatch] | None = None) -> float:
        losses = [self._loss(b, choose(b)).mean().item() for b in batches or self.valid]
        return sum(losses) / len(losses)


def exchanged(batch: TokenBatch, names: Collection[str]) -> list[ConditioningAttributes]:
    """The batch's conditions, each item carrying its neighbour's conditions of these names."""
    items = batch.attributes
    return [
        ConditioningAttributes(
            {name: (other if name in names else item).text[name] for name in item.text},
            {name: (other if name in names else item).frames[name] for name in item.frames},
        )
        for item, other in zip(items, items[1:] + items[:1], strict=True)
    ]


def optimizer_for(lm: LMModel, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (0.9, 0.95); matrices decay, vectors and embeddings do not."""
    decayed: list[Tensor] = []
    free: list[Tensor] = []
    for name, parameter in lm.named_parameters():
        exempt = parameter.ndim < 2 or ".embed" in name or name.startswith("emb.")
        (free if exempt else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), fused=True)


def trainer_for(config: LmTraining) -> Trainer:
    """The trainer of a language model."""
    task = LmTask(config)
    optimizer = optimizer_for(task.lm, config.weight_decay)
    return Trainer(task.lm, optimizer, task.step, task.validate, config.loop, Path(config.folder))


def main(arguments: list[str]) -> int:
    """Command line, see `run_training`; returns the exit code."""
    return run_training(LmTraining, DEFAULT_CONFIG, trainer_for, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
