"""Which published models are on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genmodels.checkpoints.bundled import BUNDLED
from genmodels.checkpoints.files import cached
from genmodels.checkpoints.names import TRANSFORMERS_CONFIG, PublishedModel
from genmodels.checkpoints.reading import WEIGHT_FILES

State = Literal["yes", "partly", "no"]


@dataclass(frozen=True)
class Availability:
    """What of a model is here.

    Args:
        state: 'yes' if it plays offline, 'partly' if something is still to be fetched, 'no' if all is.
        folder: of its files; None where there are none.
        missing: what is still to be fetched, as 'hub id' or 'hub id/file'.
    """

    state: State
    folder: Path | None
    missing: tuple[str, ...] = ()


def availability(model: PublishedModel) -> Availability:
    """Look for a model in the caches; nothing is fetched."""
    if model.layout == "mini":
        return Availability("yes", BUNDLED)
    if model.layout == "built in":
        return Availability("yes", None)
    folder, missing = _own_files(model)
    others = tuple(name for name in model.needs if not _has_weights(name, in_audiocrafts_cache=False))
    here = folder is not None or len(others) < len(model.needs)
    state: State = "yes" if not missing and not others else "partly" if here else "no"
    return Availability(state, folder, missing + others)


def _own_files(model: PublishedModel) -> tuple[Path | None, tuple[str, ...]]:
    if _has_weights(model.name):
        config = cached(model.name, TRANSFORMERS_CONFIG)
        assert config is not None
        return config.parent, ()
    found = {name: cached(model.name, name) for name in model.files}
    folder = next((path.parent for path in found.values() if path is not None), None)
    return folder, tuple(f"{model.name}/{name}" for name, path in found.items() if path is None)


def _has_weights(hub_id: str, in_audiocrafts_cache: bool = True) -> bool:
    """Whether a model in Transformers' format is cached; Transformers looks in the hub's cache only."""
    files = {
        name: cached(hub_id, name, in_audiocrafts_cache) for name in (TRANSFORMERS_CONFIG, *WEIGHT_FILES)
    }
    return files[TRANSFORMERS_CONFIG] is not None and any(files[name] is not None for name in WEIGHT_FILES)
