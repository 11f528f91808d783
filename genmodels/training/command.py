"""What the trainers' command lines share: `[CONFIG] [key=value …]`, resuming, errors to exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from genmodels.errors import GenModelsError
from genmodels.training.config import load_config
from genmodels.training.loop import Trainer

INTERRUPTED = 130
T = TypeVar("T")


def split_arguments(arguments: list[str], default: Path) -> tuple[Path, list[str]]:
    """Command line `[CONFIG] [key=value …]` to (path, overrides)."""
    if arguments and "=" not in arguments[0]:
        return Path(arguments[0]), arguments[1:]
    return default, arguments


def run_training(
    kind: type[T], default: Path, trainer_for: Callable[[T], Trainer], arguments: list[str]
) -> int:
    """Trains to the end of the budget, resuming where an earlier sitting stopped.

    Args:
        kind: dataclass of the configuration.
        default: configuration file when `arguments` name none.
        trainer_for: makes the trainer of a configuration.
        arguments: see `split_arguments`.
    Returns:
        the exit code: 0, 1 after an error, which is printed in one line, 130 after Ctrl-C.
    """
    try:
        trainer = trainer_for(load_config(kind, *split_arguments(arguments, default)))
        if trainer.resume():
            print(f"resumed at step {trainer.state.step}, {trainer.state.seconds / 60:.1f} minutes in")
        try:
            trainer.run()
        except KeyboardInterrupt:
            state = trainer.state
            done = "saved" if trainer.saved_step == state.step else f"saved at step {trainer.saved_step}"
            print(f"stopped at step {state.step}, {state.seconds / 60:.1f} minutes in; {done}")
            return INTERRUPTED
    except GenModelsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
