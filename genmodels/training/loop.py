"""What every training here shares: checkpoints that survive a kill, progress, history."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from genmodels.errors import CheckpointError, ConfigError
from genmodels.training.interrupt import interrupt_noted
from genmodels.training.schedule import SCHEDULES, LoopConfig, LoopState, falls, learning_rate, spent

CLOCKS = {"wall": time.monotonic, "cpu": time.process_time}


class Stateful(Protocol):
    """What has a state of its own to keep in a checkpoint (tensors, numbers, strings, lists, dicts)."""

    def state_dict(self) -> dict[str, Any]:
        """The state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes the state up."""


def save_atomic(value: Any, path: Path) -> None:
    """Writes with torch.save so that a kill leaves either the old file or the new one."""
    temporary = path.with_suffix(path.suffix + ".part")
    with open(temporary, "wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_atomic(text: str, path: Path) -> None:
    """Writes text so that a kill leaves either the old file or the new one."""
    temporary = path.with_suffix(path.suffix + ".part")
    temporary.write_text(text)
    os.replace(temporary, path)


def averaged_weights(checkpoint: Path) -> dict[str, Tensor]:
    """The state dict that a training's checkpoint.pt ends with: the averaged weights, where there are any.

    Raises:
        CheckpointError: the file is not there, or no checkpoint of a training.
    """
    if not checkpoint.exists():
        raise CheckpointError(f"{checkpoint}: no such checkpoint; run that training first")
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    weights: dict[str, Tensor] | None = saved.get("ema") or saved.get("model")
    if weights is None:
        raise CheckpointError(f"{checkpoint}: no checkpoint of a training")
    return weights


class Ema:
    """Exponential moving average of a module's floating-point state, with a warm-up of the decay."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.shadow = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Moves the averages towards the model's present weights."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in model.state_dict().items():
            average = self.shadow[key]
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)


class Trainer:
    """Runs steps until the budget is spent; resumes from `folder/checkpoint.pt` if there is one.

    Args:
        model: the module to train; its weights may be changed by `step` also outside the optimiser (EMA
            codebooks), the averages follow its whole state dict.
        optimizer: a torch optimiser; its learning rate is set here.
        step: `step(n)` returns (loss to descend, figures to log). Everything random in it must be drawn
            from n and the seed, so that a resumed training sees the data it would have seen.
        validate: returns figures; called with the averaged weights in the model.
        config: see `LoopConfig`.
        folder: where checkpoint.pt and history.jsonl live.
        extra: what else `step` changes (discriminators and their optimisers), saved with the rest.

    Raises:
        ConfigError: the clock or the schedule is unknown.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        step: Callable[[int], tuple[Tensor, dict[str, float]]],
        validate: Callable[[], dict[str, float]],
        config: LoopConfig,
        folder: Path,
        extra: Stateful | None = None,
    ) -> None:
        for name, value, known in (
            ("clock", config.clock, CLOCKS),
            ("schedule", config.schedule, SCHEDULES),
        ):
            if value not in known:
                raise ConfigError(f"loop.{name}: {value!r} is not one of {', '.join(known)}")
        self.clock = CLOCKS[config.clock]
        self.extra = extra
        self.model, self.optimizer, self.step_fn, self.validate = model, optimizer, step, validate
        self.config, self.folder = config, folder
        self.state = LoopState()
        self.saved_step = 0
        self.ema = Ema(model, config.ema) if config.ema else None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        """The one file that holds everything."""
        return self.folder / "checkpoint.pt"

    @property
    def stable(self) -> Path:
        """The state from before a trapezoid's fall."""
        return self.folder / "stable.pt"

    def resume(self) -> bool:
        """Takes up the saved state; False if there is none. ConfigError if it is of another model."""
        if not self.checkpoint.exists():
            return False
        saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        state = LoopState(**saved["state"])
        raised = spent(self.config, state) < state.share
        if state.falling and raised and self.stable.exists():
            saved = torch.load(self.stable, map_location="cpu", weights_only=True)
        try:
            self.model.load_state_dict(saved["model"])
        except RuntimeError as error:
            raise ConfigError(
                f"{self.checkpoint}: holds another model ({str(error).splitlines()[0]}); "
                "choose another folder or remove it"
            ) from error
        self.optimizer.load_state_dict(saved["optimizer"])
        # a training without adversaries may go on with them: they start anew
        if self.extra and saved.get("extra"):
            self.extra.load_state_dict(saved["extra"])
        self.state = LoopState(**saved["state"])
        if self.ema and saved["ema"]:
            for key, value in saved["ema"].items():
                self.ema.shadow[key].copy_(value)
        return True

    def save(self) -> None:
        """Writes the checkpoint and the history."""
        self.state.share = spent(self.config, self.state)
        self._write(self.checkpoint)
        lines = "".join(json.dumps(entry) + "\n" for entry in self.state.history)
        write_atomic(lines, self.folder / "history.jsonl")
        self.saved_step = self.state.step

    def _write(self, path: Path) -> None:
        save_atomic(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "state": vars(self.state),
                "ema": self.ema.shadow if self.ema else None,
                "extra": self.extra.state_dict() if self.extra else None,
            },
            path,
        )

    def run(self) -> dict[str, float]:
        """Trains to the end of the budget and returns the last validation's figures.

        Raises:
            KeyboardInterrupt: Ctrl-C came; the step was finished and all is saved, unless it came twice
            (`saved_step` tells).
        """
        config, state = self.config, self.state
        since_save = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        figures: dict[str, float] = {}
        with Progress(*columns, refresh_per_second=1) as progress, interrupt_noted() as interrupted:
            bar = progress.add_task("training", total=1.0)
            progress.update(bar, completed=spent(config, state))
            while spent(config, state) < 1.0:
                if interrupted():
                    self.save()
                    raise KeyboardInterrupt
                if not state.falling and falls(config, state):
                    self._write(self.stable)
                    state.falling = True
                began = self.clock()
                values = self._one_step()
                state.seconds += self.clock() - began
                if state.step % config.log_every == 0:
                    self._log(values)
                    text = " ".join(f"{k} {v:.3f}" for k, v in values.items())
                    progress.update(bar, completed=spent(config, state), description=f"{state.step} {text}")
                if state.step % config.valid_every == 0:
                    figures = self._validated()
                    progress.console.print(self._line(figures))
                if time.monotonic() - since_save > config.checkpoint_seconds:
                    self.save()
                    since_save = time.monotonic()
            if not figures or state.step % config.valid_every:
                figures = self._validated()
                progress.console.print(self._line(figures))
        self.save()
        return figures

    def take_steps(self, count: int) -> None:
        """Steps without validation, history or checkpoint, for those who ask what a step takes."""
        for _ in range(count):
            self._one_step()

    def _one_step(self) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config, self.state)
        self.model.train()
        loss, values = self.step_fn(self.state.step)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.state.step += 1
        if self.ema:
            self.ema.update(self.model, self.state.step)
        return values

    def _log(self, values: dict[str, float]) -> None:
        entry = {"step": float(self.state.step), "seconds": round(self.state.seconds, 1)}
        self.state.history.append({**entry, **{k: round(v, 5) for k, v in values.items()}})

    def _validated(self) -> dict[str, float]:
        with self.averaged():
            self.model.eval()
            with torch.no_grad():
                figures = self.validate()
        self._log({f"valid_{key}": value for key, value in figures.items()})
        return figures

    def _line(self, figures: dict[str, float]) -> str:
        text = " ".join(f"{key} {value:.4f}" for key, value in figures.items())
        return f"step {self.state.step}, {self.state.seconds / 60:.1f} min: validation {text}"

    def averaged(self) -> Averaged:
        """A context in which the model carries its averaged weights."""
        return Averaged(self.model, self.ema)


class Averaged:
    """Swaps the averaged weights in, and the trained ones back out."""

    def __init__(self, model: nn.Module, ema: Ema | None) -> None:
        self.model, self.ema = model, ema
        self.kept: dict[str, Tensor] = {}

    def __enter__(self) -> None:
        if self.ema:
            self.kept = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
            self.model.load_state_dict(self.ema.shadow)

    def __exit__(self, *_: object) -> None:
        if self.ema:
            self.model.load_state_dict(self.kept)
