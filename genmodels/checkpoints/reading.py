"""Files of weights, read without running code from them."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from genmodels.errors import CheckpointError, ConfigError

_SHARDED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
WEIGHT_FILES = ("model.safetensors", _SHARDED[0], "pytorch_model.bin", _SHARDED[1])
"""Where Transformers keeps weights, in the order in which they are looked for."""


def read_pickle(path: Path) -> dict[str, Any]:
    """A dictionary written by `torch.save`, with `weights_only`: no code of the file runs.

    Tensors of the present (zip) format are mapped, not read, until they are used.

    Raises:
        CheckpointError: missing, truncated, foreign, or with objects that only running code would restore.
    """
    try:
        package = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise CheckpointError(_pickle_message(path, str(error))) from error
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing") from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise CheckpointError(_damaged(path, str(error))) from error
    if not isinstance(package, dict):
        raise CheckpointError(f"{path} holds a {type(package).__name__}, must be a dictionary of weights")
    return package


def _pickle_message(path: Path, error: str) -> str:
    if "omegaconf" in error:
        return (
            f"{path} is a training checkpoint: its configuration is a pickled object, and restoring it would "
            f"run code from the file. Export it where AudioCraft is installed, with audiocraft.utils.export: "
            f"export_lm(CHECKPOINT, 'state_dict.bin') or export_encodec(CHECKPOINT, "
            f"'compression_state_dict.bin'), and load the folder of the two files"
        )
    if "GLOBAL" in error or "global" in error:
        unsupported = next((line.strip() for line in error.splitlines() if "GLOBAL" in line), "")
        # what follows is torch's advice to allow it
        named = unsupported.partition(" was not an allowed")[0]
        return (
            f"{path} holds more than weights, and restoring it would run code from the file, which is never "
            f"done: {named[:200]}. Save its tensors alone, or use the publisher's safetensors file"
        )
    # torch's own words advise to run what is in the file
    return _damaged(path, "torch.save has not written it")


def _damaged(path: Path, error: str) -> str:
    size = path.stat().st_size if path.is_file() else 0
    first = error.strip().splitlines()[0][:200] if error.strip() else "no content"
    return (
        f"{path} ({size} bytes) is truncated or not a file of weights: {first}. Fetch it again (delete it "
        f"first if it lies in a cache)"
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        CheckpointError: missing or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} must hold a JSON object, not a {type(value).__name__}")
    return value


@contextmanager
def usable_configuration(source: Path | str) -> Iterator[None]:
    """Within it, a configuration that no model can be built from gives one clear error: a file may hold
    anything.

    Args:
        source: the file, for the message.
    Raises:
        CheckpointError: names the file and what does not fit.
    """
    try:
        yield
    except (
        ConfigError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError
    ) as error:  # fmt: skip
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(f"{source}: its configuration cannot be used: {what}") from error


def shards_of(path: Path) -> tuple[str, ...]:
    """The files that an index names; none if the file is no index.

    Raises:
        CheckpointError: the index is damaged, or names files elsewhere.
    """
    if path.name not in _SHARDED:
        return ()
    names = read_json(path).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise CheckpointError(f"{path} has no 'weight_map': it is not the index of a sharded checkpoint")
    shards = tuple(sorted({str(name) for name in names.values()}))
    for shard in shards:
        if Path(shard).name != shard:
            raise CheckpointError(f"{path} names the shard {shard!r}, which is not beside it")
    return shards


def read_weights(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """Those weights of a file whose names begin with `prefix`.

    Args:
        path: a safetensors file, a pickled state dict, or the index of a sharded one (its shards lie beside
            it).
        prefix: of the names; the others are not read.
    Raises:
        CheckpointError: a file is missing, truncated or of another kind.
    """
    shards = shards_of(path)
    if shards:
        merged: dict[str, Tensor] = {}
        for shard in shards:
            merged.update(read_weights(path.with_name(shard), prefix))
        absent = sorted({n for n in read_json(path)["weight_map"] if n.startswith(prefix)} - set(merged))
        if absent:
            raise CheckpointError(f"{path}: the shards lack {_some(absent)}")
        return merged
    if path.suffix == ".safetensors":
        return _read_safetensors(path, prefix)
    state = read_pickle(path)
    wrong = [str(name) for name, value in state.items() if not isinstance(value, Tensor)]
    if wrong:
        raise CheckpointError(f"{path} is not a plain state dict: {_some(wrong)} are no tensors")
    return {name: value for name, value in state.items() if name.startswith(prefix)}


def _read_safetensors(path: Path, prefix: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"{path} is missing")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(_damaged(path, str(error))) from error


def full_precision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies in float32 (the published language models are float16), so that the file can be closed."""
    return {
        name: value.to(torch.float32 if value.is_floating_point() else value.dtype, copy=True)
        for name, value in state.items()
    }


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], source: str, assign: bool = False) -> None:
    """Load a state dict that must fit exactly.

    Args:
        module: takes the weights.
        state: by name.
        source: for the message.
        assign: take the tensors themselves instead of copying them.
    Raises:
        CheckpointError: names what is missing, too much, or of another shape.
    """
    own = module.state_dict()
    missing = sorted(set(own) - set(state))
    extra = sorted(set(state) - set(own))
    shapes = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    faults = []
    if missing:
        faults.append(f"it lacks {_some(missing)}")
    if extra:
        faults.append(f"it has {_some(extra)}, which the model does not")
    if shapes:
        faults.append(f"shapes differ: {_some(shapes)}")
    if faults:
        raise CheckpointError(f"{source} does not fit its configuration: {'; '.join(faults)}")
    module.load_state_dict(dict(state), assign=assign)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
