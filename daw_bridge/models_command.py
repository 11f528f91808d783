"""What ``daw-bridge models`` shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from daw_bridge.model_names import own_models
from genmodels.checkpoints.availability import availability
from genmodels.checkpoints.bundled import BUNDLED
from genmodels.checkpoints.names import MODELS, PublishedModel

_NOTE = (
    "Weights under a non-commercial licence must not be used commercially; read the licence before you sell "
    "what they made.\n'mini' is this project's own and free."
)


def facts(model: PublishedModel) -> dict[str, Any]:
    """One model as plain values, sizes in bytes."""
    here = availability(model)
    size = sum(path.stat().st_size for path in BUNDLED.glob("*.*")) if model.layout == "mini" else model.size
    return {
        "name": model.name,
        "aliases": list(model.aliases),
        "kind": model.kind,
        "licence": model.licence,
        "commercial_use": "non-commercial" not in model.licence,
        "parameters": model.parameters,
        "size_bytes": size,
        "sample_rate": model.sample_rate,
        "channels": model.channels,
        "window_s": model.window,
        "needs": list(model.needs),
        "here": here.state,
        "folder": None if here.folder is None else str(here.folder),
        "missing": list(here.missing),
    }


def own_facts(name: str, folder: Path) -> dict[str, Any]:
    """One folder of the data folder's models as plain values, sizes in bytes."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {"name": name, "kind": "own", "here": "yes", "folder": str(folder), "size_bytes": size}


def as_json(data: Path) -> str:
    """All models, as a JSON list of `facts` and of `own_facts`."""
    own = [own_facts(name, folder) for name, folder in own_models(data).items()]
    return json.dumps([*(facts(model) for model in MODELS), *own], indent=2)


def as_text(data: Path) -> str:
    """All models, two lines each: what it is, then whether it is here and on what terms; and a line for each
    folder below ``models`` in the data folder."""
    lines = []
    for model in MODELS:
        item = facts(model)
        names = ", ".join([model.name, *model.aliases])
        sound = f"{model.sample_rate} Hz {'stereo' if model.channels == 2 else 'mono'}"
        count = "" if model.parameters is None else f", {model.parameters / 1e6:,.0f} M parameters"
        window = "" if model.window is None else f", {model.window:g} s window"
        lines.append(f"{names}  ({model.kind}, {sound}{count}{window}, {_size(item['size_bytes'])})")
        where = f" in {item['folder']}" if item["folder"] else ""
        missing = f"; to fetch: {', '.join(item['missing'])}" if item["here"] == "partly" else ""
        needs = f"; also needs {', '.join(model.needs)}" if model.needs and item["here"] == "no" else ""
        lines.append(f"    here: {item['here']}{where}{missing}{needs}; licence: {model.licence}")
    for name, folder in own_models(data).items():
        lines.append(f"{name}  (your own, {_size(own_facts(name, folder)['size_bytes'])}) in {folder}")
    return "\n".join([*lines, "", _NOTE])


def _size(size: int) -> str:
    if not size:
        return "nothing to fetch"
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
