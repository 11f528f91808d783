"""Runs the variants of a comparison one after the other, and keeps what came out of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from genmodels.codec.base import CompressionModel
from genmodels.training.loop import Trainer
from genmodels.training.speed import codec_speed
from genmodels.training.train_codec import CodecTask, CodecTraining, trainer_for


@dataclass(frozen=True)
class Variant:
    """One training of a comparison."""

    name: str
    config: CodecTraining


@dataclass(frozen=True)
class Outcome:
    """What came out of a variant.

    Attributes:
        name: the variant's.
        steps, seconds: how long it trained; seconds by the clock of its configuration.
        figures: the last validation's (see `CodecTask.validate`), `parameters` of the codec and
            `adversary_parameters` in millions, `speed`: seconds of audio encoded and decoded a second.
        history: all entries, see `Trainer`.
    """

    name: str
    steps: int
    seconds: float
    figures: dict[str, float]
    history: list[dict[str, float]]


def run_study(variants: Sequence[Variant]) -> list[Outcome]:
    """Trains every variant, on one thread; a variant whose training is complete is only measured again."""
    torch.set_num_threads(1)
    outcomes = []
    for index, variant in enumerate(variants, 1):
        print(f"[{index} of {len(variants)}] {variant.name}, in {variant.config.folder}", flush=True)
        outcomes.append(_run(variant))
    return outcomes


def untrained(name: str, config: CodecTraining) -> Outcome:
    """The codec that the variants start from, measured as they are."""
    task = CodecTask(config)
    task.codec.eval()
    with torch.no_grad():
        figures = task.validate()
    return Outcome(name, 0, 0.0, {**figures, "parameters": _millions(task.codec)}, [])


def _run(variant: Variant) -> Outcome:
    config = variant.config
    _forget_another(config)
    trainer = trainer_for(config)
    trainer.resume()
    figures = trainer.run()
    codec = trainer.model
    assert isinstance(codec, CompressionModel)
    with trainer.averaged():
        figures["speed"] = codec_speed(codec.eval()).both
    figures["parameters"] = _millions(codec)
    figures["adversary_parameters"] = _adversaries(trainer)
    return Outcome(variant.name, trainer.state.step, trainer.state.seconds, figures, trainer.state.history)


def _forget_another(config: CodecTraining) -> None:
    """Removes a training of another configuration from the folder, and notes this one's."""
    folder = Path(config.folder)
    note, text = folder / "config.json", json.dumps(asdict(config), indent=1)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists() and (not note.exists() or note.read_text() != text):
        print(f"{folder}: was trained with other settings, begins anew", flush=True)
        checkpoint.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(text)


def _millions(module: nn.Module) -> float:
    return sum(p.numel() for p in module.parameters()) / 1e6


def _adversaries(trainer: Trainer) -> float:
    adversaries = getattr(trainer.extra, "adversaries", {})
    return sum(_millions(adversary.discriminator) for adversary in adversaries.values())
