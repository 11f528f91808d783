"""Bundles a trained codec and language model: `python -m genmodels.training.export [OUT] [CODEC] [LM]`.

OUT is a model folder (default: the bundled one), CODEC and LM are training folders with a checkpoint.pt.
Their averaged weights are written, with the last validation figures; `curves.png` beside them shows both
trainings.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from genmodels.checkpoints.builders import build_lm
from genmodels.checkpoints.bundled import BUNDLED, save_mini
from genmodels.errors import CheckpointError, GenModelsError
from genmodels.training.config import load_config
from genmodels.training.encode import fingerprint, trained_codec
from genmodels.training.train_codec import DEFAULT_CONFIG as CODEC_CONFIG
from genmodels.training.train_codec import CodecTraining
from genmodels.training.train_lm import DEFAULT_CONFIG as LM_CONFIG
from genmodels.training.train_lm import LmTraining


@dataclass(frozen=True)
class Record:
    """What a training's checkpoint tells about it.

    Attributes:
        steps, minutes: how long it ran.
        figures: the last validation's.
        history: all entries, see `Trainer`.
        weights: the averaged weights.
    """

    steps: int
    minutes: float
    figures: dict[str, float]
    history: list[dict[str, float]]
    weights: dict[str, torch.Tensor]


def read_record(folder: Path) -> Record:
    """Reads folder/checkpoint.pt; CheckpointError if there is none."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        raise CheckpointError(f"{path}: no training here; run it first")
    saved = torch.load(path, map_location="cpu", weights_only=True)
    state = saved["state"]
    history: list[dict[str, float]] = state["history"]
    validations = [entry for entry in history if any(key.startswith("valid_") for key in entry)]
    figures = {k: v for k, v in (validations[-1] if validations else {}).items() if k.startswith("valid_")}
    weights = saved["ema"] or saved["model"]
    return Record(state["step"], round(state["seconds"] / 60, 1), figures, history, weights)


def export(
    out: Path,
    codec_folder: Path,
    lm_folder: Path,
    codec_config: Path = CODEC_CONFIG,
    lm_config: Path = LM_CONFIG,
) -> int:
    """Writes the model folder and returns its size in bytes.

    Raises:
        CheckpointError: a training is missing or of another geometry than the configurations say.
    """
    codec_record, lm_record = read_record(codec_folder), read_record(lm_folder)
    codec = trained_codec(codec_folder / "checkpoint.pt", codec_config)
    config = {
        "codec": load_config(CodecTraining, codec_config, []).codec,
        "lm": load_config(LmTraining, lm_config, []).lm,
    }
    lm = build_lm(config["lm"])
    try:
        lm.load_state_dict(lm_record.weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{lm_folder}: does not fit {lm_config}: {reason}") from error
    info = {
        "name": out.name,
        "codec": {"weights": fingerprint(codec), **_summary(codec_record)},
        "lm": _summary(lm_record),
    }
    size = save_mini(out, codec, lm, config, info)
    draw_curves(out / "curves.png", codec_record.history, lm_record.history)
    return size


def _summary(record: Record) -> dict[str, Any]:
    return {"steps": record.steps, "minutes": record.minutes, **record.figures}


def draw_curves(path: Path, codec: list[dict[str, float]], lm: list[dict[str, float]]) -> None:
    """Draws validation figures over minutes of training: the codec's mel error, the model's cross entropy."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    panels = (
        (axes[0], codec, ("valid_mel",), "codec: log-mel error on held-out pieces"),
        (
            axes[1],
            lm,
            ("valid_loss", "valid_null", "valid_wrong_text", "valid_wrong_beat", "valid_wrong_chroma"),
            "language model: cross entropy on held-out pieces (nats)",
        ),
    )
    for axis, history, keys, title in panels:
        for key in keys:
            points = [(entry["seconds"] / 60, entry[key]) for entry in history if key in entry]
            if points:
                axis.plot(*zip(*points, strict=True), label=key.removeprefix("valid_").replace("_", " "))
        axis.set(title=title, xlabel="minutes of training")
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    paths = [Path(text) for text in arguments]
    defaults = [BUNDLED, Path("build/codec"), Path("build/lm")]
    if len(paths) > len(defaults):
        print(__doc__, file=sys.stderr)
        return 2
    out, codec, lm = paths + defaults[len(paths) :]
    try:
        size = export(out, codec, lm)
    except GenModelsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"folder": str(out), "megabytes": round(size / 1e6, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
