"""Trains a codec on a corpus: `python -m genmodels.training.train_codec [CONFIG] [key=value …]`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genmodels.codec.factory import build_codec
from genmodels.codec.spectral import SpectralCodec
from genmodels.errors import ConfigError, GenModelsError
from genmodels.training.audio_data import AudioCrops
from genmodels.training.config import load_config
from genmodels.training.loop import LoopConfig, Trainer
from genmodels.training.losses import MultiResolutionMel, si_sdr, waveform_loss

DEFAULT_CONFIG = Path(__file__).parent / "configs" / "mini_codec.yaml"


@dataclass
class CodecTraining:
    """Configuration of a codec training; `codec` goes to `build_codec`.

    The first `free_steps` steps train without quantization; then the codebooks start by k-means, and a share
    `bypass` of the items goes on unquantized.
    """

    corpus: str = "build/corpus"
    valid_corpus: str = "build/corpus-valid"
    folder: str = "build/codec"
    batch: int = 8
    seconds: float = 1.0
    valid_items: int = 32
    bf16: bool = True
    mel_weight: float = 1.0
    wave_weight: float = 0.02
    commit_weight: float = 0.05
    free_steps: int = 300
    bypass: float = 0.4
    device: str = "auto"
    codec: dict[str, Any] = field(default_factory=dict)
    loop: LoopConfig = field(default_factory=LoopConfig)


class CodecTask:
    """One training step and one validation of a codec."""

    def __init__(self, config: CodecTraining) -> None:
        torch.manual_seed(config.loop.seed)
        self.config = config
        self.device = pick_device(config.device)
        codec = build_codec(config.codec)
        if not isinstance(codec, SpectralCodec):
            kind = config.codec.get("kind")
            raise ConfigError(f"codec.kind: {kind!r} cannot be trained here; use 'spectral'")
        self.codec = codec.to(self.device)
        length = round(config.seconds * codec.frame_rate) * codec.hop_length
        self.data = AudioCrops(Path(config.corpus), codec.sample_rate, length)
        valid = AudioCrops(Path(config.valid_corpus), codec.sample_rate, 2 * length)
        self.valid = valid.batch(config.valid_items, (0,)).to(self.device)
        self.mel = MultiResolutionMel(codec.sample_rate).to(self.device)

    def step(self, n: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of step n and its parts."""
        config = self.config
        torch.manual_seed(config.loop.seed + n)
        x = self.data.batch(config.batch, (config.loop.seed, n)).to(self.device)
        free = n < config.free_steps
        if n == config.free_steps:
            self._start_codebooks()
        bypass = torch.rand(len(x), device=self.device) < (1.0 if free else config.bypass)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.bf16):
            y, quantized = self.codec(x, bypass)
        mel = self.mel(y[:, 0].float(), x[:, 0])
        wave = waveform_loss(y[:, 0].float(), x[:, 0])
        commit = 0.0 if free else config.commit_weight
        loss = config.mel_weight * mel + config.wave_weight * wave + commit * quantized.penalty
        return loss, {"mel": mel.item(), "wave": wave.item(), "commit": quantized.penalty.item()}

    @torch.no_grad()
    def _start_codebooks(self) -> None:
        """K-means on the latents of many batches, so that every codebook starts on more rows than entries."""
        seed = self.config.loop.seed
        latents = [
            self.codec.encoder(self.data.batch(8, (seed, 10**9, i)).to(self.device)) for i in range(32)
        ]
        self.codec.quantizer.start(torch.cat(latents).transpose(1, 2).flatten(0, 1))

    def validate(self) -> dict[str, float]:
        """Mel error, SI-SDR in dB and codebook use (share of entries) on held-out crops."""
        mels, sdrs, codes = [], [], []
        for x in torch.split(self.valid, 8):
            tokens, _ = self.codec.encode(x)
            y = self.codec.decode(tokens)
            mels.append(self.mel(y[:, 0], x[:, 0]).item())
            sdrs.append(si_sdr(y[:, 0], x[:, 0]).mean().item())
            codes.append(tokens.cpu())
        tokens = torch.cat(codes)
        use = [torch.unique(tokens[:, k]).numel() / self.codec.cardinality for k in range(tokens.shape[1])]
        return {
            "mel": sum(mels) / len(mels),
            "si_sdr": sum(sdrs) / len(sdrs),
            "use": sum(use) / len(use),
        }


def pick_device(name: str) -> torch.device:
    """'auto' takes CUDA if there is one, else the CPU; any other name goes to torch."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def split_arguments(arguments: list[str], default: Path) -> tuple[Path, list[str]]:
    """Command line `[CONFIG] [key=value …]` to (path, overrides)."""
    if arguments and "=" not in arguments[0]:
        return Path(arguments[0]), arguments[1:]
    return default, arguments


def main(arguments: list[str]) -> int:
    """Trains, resuming where an earlier sitting stopped; returns the exit code."""
    try:
        config = load_config(CodecTraining, *split_arguments(arguments, DEFAULT_CONFIG))
        task = CodecTask(config)
        optimizer = torch.optim.AdamW(task.codec.parameters(), betas=(0.8, 0.95), weight_decay=1e-3)
        trainer = Trainer(task.codec, optimizer, task.step, task.validate, config.loop, Path(config.folder))
        if trainer.resume():
            print(f"resumed at step {trainer.state.step}, {trainer.state.seconds / 60:.1f} minutes in")
        trainer.run()
    except GenModelsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
