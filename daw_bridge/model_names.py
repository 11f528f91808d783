"""Models by the names that a message may give: never a path."""

from __future__ import annotations

from pathlib import Path

from daw_bridge.errors import ModelError, shorten_text
from genmodels.checkpoints.names import MODELS, published

FOLDER = "models"


def own_models(data: Path) -> dict[str, Path]:
    """The folders below ``models`` in the data folder: name to folder, sorted."""
    above = data / FOLDER
    if not above.is_dir():
        return {}
    found = (path for path in sorted(above.iterdir()) if path.is_dir() and not path.name.startswith("."))
    return {path.name: path for path in found}


def find_model(name: str, data: Path, first: str) -> str:
    """What is to be loaded for a name: a folder below ``models`` in the data folder, the model with which the
    program was started, or a published one.

    Args:
        first: what it was started with.

    Raises:
        ModelError: there is none of this name.
    """
    own = own_models(data)
    if name in own:
        return str(own[name])
    if name == first:
        return first
    model = published(name)
    if model is not None and model.kind != "codec":
        return model.name
    known = [*own, *(model.name for model in MODELS if model.kind != "codec")]
    raise ModelError(
        f"model {shorten_text(name)}: there is none of this name in {data / FOLDER}, and none is published: "
        f"known are {', '.join(known)}"
    )


def shown_name(model: str, data: Path) -> str:
    """The name of what was loaded: a folder below ``models`` in the data folder by its own."""
    path = Path(model)
    return path.name if path.parent == data / FOLDER else model
