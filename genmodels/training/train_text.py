"""Teaches a word encoder to read captions: `python -m genmodels.training.train_text [CONFIG] [key=value …]`.

The loss of a language model hardly depends on its text, which so learns slowly what words mean. Here they are
read against what is known of each scene, as the T5 of a published model has read long before; the language
model begins with what was learned (`genmodels.training.lm_start`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.conditioning.text import WordTextEncoder
from genmodels.device import pick_device
from genmodels.errors import ConfigError
from genmodels.training.command import run_training
from genmodels.training.corpus.dataset import read_corpus
from genmodels.training.corpus.facts import SceneFacts
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS
from genmodels.training.corpus.instruments import INSTRUMENTS, KITS, Family
from genmodels.training.corpus.piece import METERS, Texture
from genmodels.training.corpus.styles import STYLE_NAMES
from genmodels.training.loop import Trainer
from genmodels.training.schedule import LoopConfig

DEFAULT_CONFIG = Path(__file__).parent / "configs" / "mini_text.yaml"
TEMPO_EDGES = (70, 85, 100, 115, 130, 150, 170)
"""BPM that part the tempi into classes."""
QUESTIONS: dict[str, tuple[Any, ...]] = {
    "style": STYLE_NAMES,
    "texture": get_args(Texture),
    "drums": (False, True),
    "lead_family": get_args(Family),
    "meter": tuple(METERS),
    "mode": ("major", "minor"),
    "tempo": tuple(range(len(TEMPO_EDGES) + 1)),
}
"""What is asked of a caption, with the possible answers."""
PLAYERS = (*INSTRUMENTS, *KITS)


@dataclass
class TextTraining:
    """Configuration of a word encoder's training; `encoder` goes to `WordTextEncoder`. To each text come
    words that mean nothing, `noise_words` (0..1) of them for each of its own on average, so that a word which
    no caption has says little instead of anything."""

    corpus: str = "build/corpus"
    valid_corpus: str = "build/corpus-valid"
    folder: str = "build/text"
    batch: int = 256
    noise_words: float = 0.0
    device: str = "auto"
    encoder: dict[str, Any] = field(default_factory=dict)
    loop: LoopConfig = field(default_factory=LoopConfig)


def answers(scene: SceneFacts) -> list[int]:
    """Index of the right answer to each of QUESTIONS."""
    told = {
        **vars(scene),
        "mode": scene.key.split()[-1],
        "tempo": sum(scene.bpm >= edge for edge in TEMPO_EDGES),
    }
    return [choices.index(told[name]) for name, choices in QUESTIONS.items()]


class TextReader(nn.Module):
    """A pooled word encoder and a linear answer to each question, and to which instruments play."""

    def __init__(self, encoder: WordTextEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.out_norm.normalized_shape[0]
        self.heads = nn.ModuleList(nn.Linear(width, len(choices)) for choices in QUESTIONS.values())
        self.players = nn.Linear(width, len(PLAYERS))

    def forward(self, prepared: dict[str, Tensor]) -> tuple[list[Tensor], Tensor]:
        """Logits [B, answers] of each question, and [B, PLAYERS]."""
        pooled = self.encoder.read(prepared).values[:, 0]
        return [head(pooled) for head in self.heads], self.players(pooled)


class TextTask:
    """One training step and one validation of a reader.

    Raises:
        ConfigError: the encoder has an unknown key or lacks one, or noise_words is out of range.
    """

    def __init__(self, config: TextTraining) -> None:
        torch.manual_seed(config.loop.seed)
        self.config = config
        self.device = pick_device(config.device)
        if not 0 <= config.noise_words <= 1:
            raise ConfigError(f"noise_words: {config.noise_words} is outside 0..1")
        try:
            encoder = WordTextEncoder(**{**config.encoder, "pooled": True})
        except TypeError as error:
            raise ConfigError(f"encoder: {error}") from error
        self.reader = TextReader(encoder).to(self.device)
        self.scenes = _scenes(Path(config.corpus))
        self.valid = _scenes(Path(config.valid_corpus))

    def step(self, n: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of step n."""
        config = self.config
        torch.manual_seed(config.loop.seed + n)
        rng = Random(f"{config.loop.seed} {n}")
        scenes = rng.choices(self.scenes, k=config.batch)
        texts = [with_noise(rng.choice(scene.captions), config.noise_words, rng) for scene in scenes]
        loss = self._loss(scenes, texts)
        return loss, {"loss": loss.item()}

    def _loss(self, scenes: Sequence[SceneFacts], texts: Sequence[str]) -> Tensor:
        said, players = self._read(texts)
        right = torch.tensor([answers(scene) for scene in scenes], device=self.device).unbind(1)
        play = torch.zeros_like(players)
        for row, scene in enumerate(scenes):
            play[row, [PLAYERS.index(name) for name in scene.instruments]] = 1
        losses = [F.cross_entropy(logits, index) for logits, index in zip(said, right, strict=True)]
        losses.append(F.binary_cross_entropy_with_logits(players, play) * len(PLAYERS) ** 0.5)
        return torch.stack(losses).sum()

    def _read(self, texts: Sequence[str]) -> tuple[list[Tensor], Tensor]:
        prepared = {k: v.to(self.device) for k, v in self.reader.encoder.prepare(list(texts)).items()}
        answer: tuple[list[Tensor], Tensor] = self.reader(prepared)
        return answer

    def validate(self) -> dict[str, float]:
        """Loss and share of right answers on captions of held-out items, where not every caption tells; and
        on the prompts that are held out for evaluation (`prompt_…`), which were never learned from."""
        scenes = [scene for scene in self.valid for _ in scene.captions]
        texts = [text for scene in self.valid for text in scene.captions]
        figures = {"loss": self._loss(scenes, texts).item()}
        said, _ = self._read(texts)
        for i, name in enumerate(QUESTIONS):
            right = torch.tensor([answers(scene)[i] for scene in scenes], device=self.device)
            figures[name] = (said[i].argmax(1) == right).float().mean().item()
        said, _ = self._read([prompt.text for prompt in HELD_OUT_PROMPTS])
        for name, logits in zip(QUESTIONS, said, strict=True):
            if name not in ("style", "drums", "lead_family"):
                continue
            wanted = [getattr(prompt, name) for prompt in HELD_OUT_PROMPTS]
            hits = [
                QUESTIONS[name][row.argmax()] == want
                for row, want in zip(logits, wanted, strict=True)
                if want is not None
            ]
            figures[f"prompt_{name}"] = sum(hits) / len(hits)
        return figures


def with_noise(text: str, share: float, rng: Random) -> str:
    """`text` with words of random letters between its own, `share` of their number on average."""
    words = text.split(" ")
    for _ in range(sum(rng.random() < share for _ in range(len(words)))):
        letters = rng.choices("aabcdeeefghiiklmnoooprsttuvwy", k=rng.randint(2, 9))
        words.insert(rng.randint(0, len(words)), "".join(letters))
    return " ".join(words)


def _scenes(folder: Path) -> list[SceneFacts]:
    return [scene for item in read_corpus(folder) for scene in item.scenes]


def trainer_for(config: TextTraining) -> Trainer:
    """The trainer of a reader."""
    task = TextTask(config)
    optimizer = torch.optim.AdamW(task.reader.parameters(), weight_decay=0.01)
    return Trainer(task.reader, optimizer, task.step, task.validate, config.loop, Path(config.folder))


def main(arguments: list[str]) -> int:
    """Command line, see `run_training`; returns the exit code."""
    return run_training(TextTraining, DEFAULT_CONFIG, trainer_for, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
