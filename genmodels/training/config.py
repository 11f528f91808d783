"""Training configurations: a YAML file plus `key=value` overrides, checked against dataclasses."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genmodels.errors import ConfigError

T = TypeVar("T")


def load_config(kind: type[T], path: Path, overrides: list[str]) -> T:
    """Reads `path`, applies overrides such as `loop.minutes=5`, and returns an instance of `kind`.

    Raises:
        ConfigError: the file is missing, or a key is unknown or has the wrong type; the message names it.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such configuration file")
    try:
        merged = OmegaConf.merge(
            OmegaConf.structured(kind), OmegaConf.load(path), OmegaConf.from_dotlist(overrides)
        )
        return cast(T, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        known = ", ".join(f.name for f in fields(cast(Any, kind)))
        raise ConfigError(f"{path}: {str(error).splitlines()[0]} (keys: {known})") from error
