"""How long the training of `mini` will take here, measured by doing a little of each part.

`python -m genmodels.training.estimate [--items N] [--workers W] [--piece MINUTES] [key=value …]` renders a
few items, lets all trainers take some steps on them, on the device that they will use, and prints minutes.
What was measured is kept in `build/cost.json`, for the next call with the same settings.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import sys
import time
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from genmodels.codec.factory import build_codec
from genmodels.device import pick_device
from genmodels.errors import GenModelsError
from genmodels.training import train_codec, train_lm, train_text
from genmodels.training.command import INTERRUPTED
from genmodels.training.config import load_config
from genmodels.training.corpus.dataset import write_corpus
from genmodels.training.corpus.facts import COMPOSER
from genmodels.training.corpus.render import RenderError
from genmodels.training.encode import encode_corpus
from genmodels.training.loop import Trainer, write_atomic
from genmodels.training.schedule import LoopConfig
from genmodels.training.train_codec import CodecTraining
from genmodels.training.train_lm import LmTraining
from genmodels.training.train_text import TextTraining

KEPT = Path("build") / "cost.json"
PROBE_ITEMS = 3
PROBE_SEED = 800_001
PROBE_S = 4.0
WARM_UP_STEPS = 2
MAX_STEPS = 20


@dataclass(frozen=True)
class Cost:
    """What the parts cost: seconds of processor or device for an item rendered, an item turned into tokens,
    and a step of each training."""

    render: float
    encode: float
    codec: float
    text: float
    lm: float


@dataclass(frozen=True)
class Part:
    """A part of the way: the minutes that are left of it, and what they are made of."""

    name: str
    minutes: float
    made_of: str


def probe(overrides: list[str]) -> Cost:
    """Do a little of each part.

    Args:
        overrides: `key=value` for all trainers.
    Raises:
        GenModelsError: a key is unknown, or the soundfont or FluidSynth is missing.
    """
    with TemporaryDirectory() as name, redirect_stdout(io.StringIO()):
        folder = Path(name)
        places = [f"corpus={folder / 'corpus'}", f"valid_corpus={folder / 'corpus'}", f"folder={folder}"]
        own = [*overrides, *places]
        codec_config = load_config(CodecTraining, train_codec.DEFAULT_CONFIG, [*own, "valid_items=1"])
        text_config = load_config(TextTraining, train_text.DEFAULT_CONFIG, [*for_words(overrides), *places])
        alone = [*own, "valid_items=1", "codec=''", "text=''"]
        lm_config = load_config(LmTraining, train_lm.DEFAULT_CONFIG, alone)
        began = time.monotonic()
        write_corpus(folder / "corpus", PROBE_ITEMS, PROBE_SEED)
        rendered = time.monotonic()
        codec_step = _seconds_a_step(train_codec.trainer_for(codec_config), codec_config.free_steps + 1)
        trained = time.monotonic()
        codec = build_codec(codec_config.codec).eval()
        encode_corpus(folder / "corpus", codec, pick_device(codec_config.device))
        encoded = time.monotonic()
        text_step = _seconds_a_step(train_text.trainer_for(text_config))
        lm_step = _seconds_a_step(train_lm.trainer_for(lm_config))
    render, encode = (rendered - began) / PROBE_ITEMS, (encoded - trained) / PROBE_ITEMS
    return Cost(render, encode, codec_step, text_step, lm_step)


def for_words(overrides: list[str]) -> list[str]:
    """Those of the `key=value` that `make train-mini` hands on to the training of the words."""
    return [setting for setting in overrides if setting.startswith(("loop.", "device="))]


def known_cost(where: str, overrides: list[str], kept: Path = KEPT) -> Cost:
    """What `probe` measures, or has measured before on the same device with the same configurations.

    Args:
        where: device, in words. kept: file that remembers.
    Raises:
        GenModelsError: see `probe`.
    """
    files = [trainer.DEFAULT_CONFIG.read_text() for trainer in (train_codec, train_text, train_lm)]
    settings = hashlib.sha256(json.dumps([where, overrides, files]).encode()).hexdigest()
    # a file that is not there or was cut off is not known
    with suppress(OSError, ValueError):
        known = json.loads(kept.read_text())
        if known["settings"] == settings:
            return Cost(**known["cost"])
    cost = probe(overrides)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(json.dumps({"settings": settings, "cost": asdict(cost)}), kept)
    return cost


def parts(cost: Cost, items: int, workers: int, overrides: list[str]) -> list[Part]:
    """What is left to do, with what is in the configured folders taken off.

    Args:
        items: rendered in all, for training and validation. workers: processes that render at a time.
    """
    codec = load_config(CodecTraining, train_codec.DEFAULT_CONFIG, overrides)
    text = load_config(TextTraining, train_text.DEFAULT_CONFIG, for_words(overrides))
    lm = load_config(LmTraining, train_lm.DEFAULT_CONFIG, overrides)
    folders = [Path(codec.corpus), Path(codec.valid_corpus)]
    rendered = sum(map(_rendered, folders))
    missing = max(0, items - rendered)
    codec_part = _training("codec", codec.loop, cost.codec, Path(codec.folder))
    # other weights make other tokens
    there = sum(len(list(folder.glob("*.tokens.npz"))) for folder in folders) if not codec_part.minutes else 0
    encoded = max(0, items - there)
    return [
        Part("render", missing * cost.render / workers / 60,
             f"{missing} of {items} items, {cost.render:.2f} s each, {workers} at a time"),
        codec_part,
        Part("tokens", encoded * cost.encode / 60, f"{encoded} items, {cost.encode:.2f} s each"),
        _training("words", text.loop, cost.text, Path(text.folder)),
        _training("language model", lm.loop, cost.lm, Path(lm.folder)),
    ]  # fmt: skip


def table(found: list[Part], piece: float = 0.0) -> str:
    """The parts for people; `piece`: minutes of a sitting, 0 for one that has no end."""
    total = sum(part.minutes for part in found)
    rows = [f"  {part.name:15} {part.minutes:6.1f} min   {part.made_of}" for part in found]
    sittings = f", in {max(1, math.ceil(total / piece))} pieces of {piece:g} min" if piece else ""
    return "\n".join([*rows, f"  {'in all':15} {total:6.1f} min{sittings}"])


def _rendered(folder: Path) -> int:
    """How many items of a corpus folder are of the present composer."""
    facts = (json.loads(path.read_text()) for path in folder.glob("[0-9]*.json"))
    return sum(item.get("composer") == COMPOSER for item in facts)


def _training(name: str, loop: LoopConfig, step_s: float, folder: Path) -> Part:
    done_steps, done_s = _progress(folder)
    left_s = max(0, loop.steps - done_steps) * step_s
    if loop.minutes:
        left_s = min(left_s, max(0.0, 60 * loop.minutes - done_s))
    made_of = f"{left_s / step_s:.0f} steps, {step_s:.3f} s each" + (
        f", after {done_steps}" if done_steps else ""
    )
    return Part(name, left_s / 60, made_of)


def _progress(folder: Path) -> tuple[int, float]:
    """Steps and seconds that a training's history tells of."""
    path = folder / "history.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    if not lines:
        return 0, 0.0
    last = json.loads(lines[-1])
    return int(last["step"]), float(last["seconds"])


def _seconds_a_step(trainer: Trainer, first: int = 0) -> float:
    """Mean of some steps, counted on from `first`, after the slow first ones."""
    trainer.state.step = first
    trainer.take_steps(WARM_UP_STEPS)
    count, began = 0, time.monotonic()
    while count < MAX_STEPS and time.monotonic() - began < PROBE_S:
        trainer.take_steps(1)
        count += 1
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.monotonic() - began) / count


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser("python -m genmodels.training.estimate", description=__doc__)
    parser.add_argument("--items", type=int, default=2520, help="rendered in all")
    parser.add_argument("--workers", type=int, default=1, help="processes that render at a time")
    parser.add_argument("--piece", type=float, default=0.0, help="minutes of a sitting; 0 has no end")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="for all trainers")
    options = parser.parse_args(arguments)
    try:
        where = _where(load_config(LmTraining, train_lm.DEFAULT_CONFIG, options.overrides).device)
        cost = known_cost(where, options.overrides)
        found = parts(cost, options.items, options.workers, options.overrides)
    except RenderError as error:
        # where the corpus is there already, nothing else needs what renders it
        print(f"no estimate: {error}")
        return 0
    except GenModelsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"left to do, training on {where}:")
    print(table(found, options.piece))
    return 0


def _where(device: str) -> str:
    """The device of a configuration, in words."""
    picked = pick_device(device)
    if picked.type == "cuda":
        return torch.cuda.get_device_name(picked)
    return f"{picked.type}, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
