"""Trains a codec on a corpus: `python -m genmodels.training.train_codec [CONFIG] [key=value …]`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.codec.encodec import EncodecModel
from genmodels.codec.factory import build_codec
from genmodels.codec.spectral import SpectralCodec
from genmodels.device import pick_device
from genmodels.errors import ConfigError
from genmodels.training.adversarial import AdversarialObjective, Adversary, adversarial_loss
from genmodels.training.audio_data import AudioCrops
from genmodels.training.codec_start import carry_signal, start_weights
from genmodels.training.command import run_training
from genmodels.training.discriminators import build_discriminator
from genmodels.training.loop import Trainer
from genmodels.training.losses import (
    TONAL_RESOLUTIONS,
    MultiResolutionMel,
    MultiResolutionStft,
    MultiScaleMel,
    TonalDistance,
    si_sdr,
    waveform_loss,
)
from genmodels.training.measures import blur_measures
from genmodels.training.schedule import LoopConfig
from genmodels.training.separation import tones_and_rest

LONGEST = max(resolution.n_fft for resolution in TONAL_RESOLUTIONS)
DEFAULT_CONFIG = Path(__file__).parent / "configs" / "mini_codec.yaml"


@dataclass
class CodecTraining:
    """Configuration of a codec training; `codec` goes to `build_codec` (kinds 'spectral' and 'encodec').

    The first `free_steps` steps train without quantization; then the codebooks start by k-means, and a share
    `bypass` of the items goes on unquantized.

    `apart_weight` is for a codec with tones: its oscillators and its noise are also compared, each by itself,
    with the tones and the rest of what they are to sound like (`tones_and_rest`), so that oscillators do not
    take the noise's place.

    `start` names a codec to go on from: a training's checkpoint.pt, or a model folder (`mini`: the bundled
    one); empty starts from random weights. With `decoder_only` the encoder and the codebooks stay as they
    are, so that language models trained on their tokens stay valid.

    `adversaries` lists discriminators ('mpd', 'msd', 'msstftd'), `discriminators` their arguments by name,
    `adversarial_loss` is 'hinge', 'hinge2' or 'mse'. With any adversary the weights of the losses are shares
    of the gradient, see `Balancer`; without, they are factors. In the first
    `head_start` steps the discriminators learn and the codec does not hear of them.
    """

    corpus: str = "build/corpus"
    valid_corpus: str = "build/corpus-valid"
    folder: str = "build/codec"
    start: str = ""
    decoder_only: bool = False
    batch: int = 8
    seconds: float = 1.0
    valid_items: int = 32
    bf16: bool = True
    mel_weight: float = 1.0
    wave_weight: float = 0.02
    msspec_weight: float = 0.0
    mrstft_weight: float = 0.0
    tonal_weight: float = 0.0
    apart_weight: float = 0.0
    commit_weight: float = 0.05
    free_steps: int = 300
    bypass: float = 0.4
    adversaries: list[str] = field(default_factory=list)
    discriminators: dict[str, Any] = field(default_factory=dict)
    adversarial_loss: str = "hinge"
    adversarial_weight: float = 1.0
    feature_weight: float = 1.0
    total_norm: float = 1.0
    head_start: int = 0
    discriminator_lr: float = 3e-4
    device: str = "auto"
    codec: dict[str, Any] = field(default_factory=dict)
    loop: LoopConfig = field(default_factory=LoopConfig)


class CodecTask:
    """One training step and one validation of a codec.

    Raises:
        ConfigError: the codec is not of a kind that can be trained or is not mono, the crops are too short, a
            weight is negative, or apart_weight has nothing to compare or adversaries beside it.
    """

    def __init__(self, config: CodecTraining) -> None:
        torch.manual_seed(config.loop.seed)
        self.config = config
        self.device = pick_device(config.device)
        codec = build_codec(config.codec)
        if not isinstance(codec, SpectralCodec | EncodecModel) or codec.channels != 1:
            kind = config.codec.get("kind")
            raise ConfigError(
                f"codec: kind {kind!r}, {codec.channels} channels; trained are mono 'spectral' and 'encodec'"
            )
        if config.start:
            try:
                codec.load_state_dict(start_weights(config.start))
            except RuntimeError as error:
                raise ConfigError(
                    f"start: {config.start!r} is another codec ({str(error).splitlines()[0]})"
                ) from error
        elif isinstance(codec, EncodecModel):
            carry_signal(codec)
        self.codec = codec.to(self.device)
        length = round(config.seconds * codec.frame_rate) * codec.hop_length
        # the windows' ends are mirrored, and crops of the validation are twice as long
        longest = LONGEST if config.tonal_weight or config.apart_weight else LONGEST // 2
        if length <= longest // 2:
            least = longest / 2 / codec.sample_rate
            raise ConfigError(f"seconds: {config.seconds} is too short, must be over {least}")
        self.data = AudioCrops(Path(config.corpus), codec.sample_rate, length)
        valid = AudioCrops(Path(config.valid_corpus), codec.sample_rate, 2 * length)
        self.valid = valid.batch(config.valid_items, (0,)).to(self.device)
        self.mel = MultiResolutionMel(codec.sample_rate).to(self.device)
        weights = {
            "mel": config.mel_weight,
            "wave": config.wave_weight,
            "msspec": config.msspec_weight,
            "mrstft": config.mrstft_weight,
            "tonal": config.tonal_weight,
            "apart": config.apart_weight,
        }
        for name, weight in weights.items():
            if weight < 0:
                raise ConfigError(f"{name}_weight: {weight} is negative, must be at least 0")
        self.apart = config.apart_weight > 0
        if self.apart and not config.codec.get("tones"):
            raise ConfigError("apart_weight: the codec has no tones to compare; set codec.tones, or 0 here")
        if self.apart and config.adversaries:
            raise ConfigError("apart_weight: cannot be had together with adversaries; set it to 0")
        self.weights = {name: weight for name, weight in weights.items() if weight}
        self.msspec = MultiScaleMel(codec.sample_rate).to(self.device)
        self.mrstft = MultiResolutionStft().to(self.device)
        self.tonal = TonalDistance(codec.sample_rate).to(self.device)
        self.adversarial = self._objective() if config.adversaries else None

    def _objective(self) -> AdversarialObjective:
        config = self.config
        loss = adversarial_loss(config.adversarial_loss)
        adversaries = {}
        for name in config.adversaries:
            discriminator = build_discriminator(name, config.discriminators.get(name, {})).to(self.device)
            adversaries[name] = Adversary(discriminator, loss, config.discriminator_lr, config.bf16)
        return AdversarialObjective(
            adversaries,
            self.weights,
            config.adversarial_weight,
            config.feature_weight,
            config.total_norm,
            config.head_start,
        )

    def trained(self) -> nn.Module:
        """The part whose parameters are trained."""
        return self.codec.decoder if self.config.decoder_only else self.codec

    def step(self, n: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of step n and its parts."""
        config = self.config
        torch.manual_seed(config.loop.seed + n)
        x = self.data.batch(config.batch, (config.loop.seed, n)).to(self.device)
        sounds, commitment = self._decoded_tokens(x) if config.decoder_only else self._reconstructed(x, n)
        y = torch.stack(sounds).sum(0)
        losses = self._losses(y, x)
        if len(sounds) > 1:
            losses["apart"] = self._apart_loss(sounds, x)
        figures = {name: loss.item() for name, loss in losses.items()}
        if self.adversarial:
            objective, more = self.adversarial(y, x, losses, n)
            figures |= more
        else:
            objective = sum((weight * losses[name] for name, weight in self.weights.items()), y.new_zeros(()))
        if commitment is not None:
            figures["commit"] = commitment.item()
            objective = objective + (0.0 if n < config.free_steps else config.commit_weight) * commitment
        return objective, figures

    def _losses(self, y: Tensor, x: Tensor) -> dict[str, Tensor]:
        """The weighted losses of decoded audio y [B, 1, N] that are no adversary's."""
        kinds: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
            "mel": self.mel,
            "wave": waveform_loss,
            "msspec": self.msspec,
            "mrstft": self.mrstft,
            "tonal": self.tonal,
        }
        return {name: kind(y[:, 0], x[:, 0]) for name, kind in kinds.items() if name in self.weights}

    def _apart_loss(self, sounds: Sequence[Tensor], x: Tensor) -> Tensor:
        """How far tones and noise [B, 1, N] are from those of x; half of it is the tones'."""
        with torch.no_grad():
            tones, rest = tones_and_rest(x[:, 0], self.codec.sample_rate)
        made, noise = (sound[:, 0] for sound in sounds)
        far: Tensor = (self.mel(made, tones) + self.tonal(made, tones)) / 2 + self.mel(noise, rest)
        return 0.5 * far

    def _reconstructed(self, x: Tensor, n: int) -> tuple[tuple[Tensor, ...], Tensor]:
        """What the codec makes of x [B, 1, N] at step n, perhaps in parts, and the commitment loss."""
        config = self.config
        free = n < config.free_steps
        if n == config.free_steps and not config.start:
            self._start_codebooks()
        bypass = torch.rand(len(x), device=self.device) < (1.0 if free else config.bypass)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.bf16):
            if self.apart and isinstance(self.codec, SpectralCodec):
                parts, quantized = self.codec.apart(x, bypass)
                sounds: tuple[Tensor, ...] = parts
            else:
                whole, quantized = self.codec(x, bypass)
                sounds = (whole,)
        return tuple(sound.float() for sound in sounds), quantized.penalty

    def _decoded_tokens(self, x: Tensor) -> tuple[tuple[Tensor, ...], None]:
        """What the decoder makes of the tokens of x [B, 1, N], perhaps in parts; no other part learns."""
        self.codec.encoder.eval()
        self.codec.quantizer.eval()
        with torch.no_grad():
            latents = self.codec.decode_latent(self.codec.encode(x)[0])
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bf16):
            if self.apart and isinstance(self.codec, SpectralCodec):
                sounds: tuple[Tensor, ...] = self.codec.decoder.apart(latents)
            else:
                sounds = (self.codec.decoder(latents),)
        return tuple(sound.float() for sound in sounds), None

    @torch.no_grad()
    def _start_codebooks(self) -> None:
        """K-means on the latents of many batches, so that every codebook starts on more rows than entries."""
        seed = self.config.loop.seed
        latents = [
            self.codec.encoder(self.data.batch(8, (seed, 10**9, i)).to(self.device)) for i in range(32)
        ]
        self.codec.quantizer.start(torch.cat(latents).transpose(1, 2).flatten(0, 1))

    def validate(self) -> dict[str, float]:
        """On held-out crops: mel error, `TonalDistance` (`tonal`), SI-SDR in dB, `blur_measures`,
        codebook use (share of entries)."""
        sums: dict[str, list[Tensor]] = defaultdict(list)
        codes = []
        for x in torch.split(self.valid, 8):
            tokens, scale = self.codec.encode(x)
            y = self.codec.decode(tokens, scale)[:, 0]
            sums["mel"].append(self.mel(y, x[:, 0])[None])
            sums["tonal"].append(self.tonal(y, x[:, 0])[None])
            sums["si_sdr"].append(si_sdr(y, x[:, 0]))
            for name, value in blur_measures(y, x[:, 0], self.codec.sample_rate).items():
                sums[name].append(value)
            codes.append(tokens.cpu())
        tokens = torch.cat(codes)
        use = [torch.unique(tokens[:, k]).numel() / self.codec.cardinality for k in range(tokens.shape[1])]
        means = {name: float(torch.cat(values).mean()) for name, values in sums.items()}
        return {**means, "use": sum(use) / len(use)}


def trainer_for(config: CodecTraining) -> Trainer:
    """The trainer of a codec."""
    task = CodecTask(config)
    optimizer = torch.optim.AdamW(task.trained().parameters(), betas=(0.8, 0.95), weight_decay=1e-3)
    return Trainer(
        task.codec, optimizer, task.step, task.validate, config.loop, Path(config.folder), task.adversarial
    )


def main(arguments: list[str]) -> int:
    """Command line, see `run_training`; returns the exit code."""
    return run_training(CodecTraining, DEFAULT_CONFIG, trainer_for, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
