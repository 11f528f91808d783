"""Configurations and models of Transformers from plain mappings, with this package's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genmodels.errors import ConfigError

# written into config.json by Transformers, but not about the architecture
_IGNORED = frozenset({"model_type", "transformers_version", "architectures", "dtype", "torch_dtype"})


def codec_config(kind: str, fields: Mapping[str, Any]) -> Any:
    """A configuration of Transformers; what `fields` leaves out is default.

    Args:
        kind: 'Encodec' or 'Dac'.
        fields: as in config.json.

    Raises:
        ConfigError: a field has an impossible value.
    """
    import transformers
    from huggingface_hub.errors import StrictDataclassError

    kept = {str(k): v for k, v in fields.items() if k not in _IGNORED}
    try:
        return getattr(transformers, f"{kind}Config")(**kept)
    except (TypeError, ValueError, StrictDataclassError) as error:
        raise ConfigError(f"{kind} configuration of Transformers: {error}") from error


def codec_model(kind: str, fields: Mapping[str, Any]) -> Any:
    """A model of Transformers with random weights; arguments and errors as `codec_config`."""
    import transformers

    config = codec_config(kind, fields)
    try:
        return getattr(transformers, f"{kind}Model")(config)
    except ValueError as error:
        raise ConfigError(f"{kind} configuration of Transformers: {error}") from error
