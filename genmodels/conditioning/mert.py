"""MERT: features of music at 75 frames a second, learned without labels (arXiv 2306.00107)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.errors import CheckpointError
from genmodels.sharing import shared_while_used

MERT_RATE = 24000
"""Samples a second that it hears."""

_LEAST_SAMPLES = 400
"""What its first layers need for a frame."""

_MUST_BE: dict[str, Any] = {"feature_extractor_cqt": False, "deepnorm": False, "attention_relax": -1.0}


@shared_while_used
def load_mert(name: str) -> nn.Module:
    """A MERT in float32 and evaluation mode, with its features in `.last_hidden_state`.

    Without its optional branches (a constant-Q transform, DeepNorm, relaxed attention), which MERT-v1-95M
    does not use, MERT is HuBERT and its weights have the same names. So Transformers' HuBERT runs it, and no
    code of the checkpoint's is executed.

    Args:
        name: a hub name such as 'm-a-p/MERT-v1-95M', or a folder with its files (nothing is then fetched).
    Raises:
        CheckpointError: it cannot be loaded, uses one of those branches, or lacks weights.
    """
    from transformers import HubertConfig, HubertModel

    try:
        settings, _ = HubertConfig.get_config_dict(name)
    except (OSError, ValueError) as error:
        raise _refused(name, str(error)) from error
    if not settings:
        raise _refused(name, "there is no config.json")
    for key, value in _MUST_BE.items():
        if settings.get(key, value) != value:
            raise CheckpointError(
                f"MERT {name!r}: {key} is {settings[key]!r}, only {value!r} can be run: use MERT-v1-95M"
            )
    kept = {k: v for k, v in settings.items() if k not in ("auto_map", "architectures", "model_type")}
    try:
        loaded: Any = HubertModel.from_pretrained(
            name, config=HubertConfig(**kept), dtype=torch.float32, output_loading_info=True
        )
        model, report = loaded
    except (OSError, ValueError, RuntimeError) as error:
        raise _refused(name, str(error)) from error
    # used in pre-training alone, to hide frames
    missing = sorted(set(report["missing_keys"]) - {"masked_spec_embed"})
    if missing:
        raise _refused(name, f"its weights lack {', '.join(missing[:4])} and {len(missing)} in all")
    frozen: nn.Module = model.eval().requires_grad_(False)
    return frozen


def feature_width(model: nn.Module) -> int:
    """Channels of its features."""
    config: Any = model.config
    return int(config.hidden_size)


def mert_features(model: nn.Module, wav: Tensor, sample_rate: int) -> Tensor:
    """Features [frames >= 1, width] of mono sound [T], which is heard without normalising its loudness."""
    if sample_rate != MERT_RATE:
        from torchaudio.functional import resample

        wav = resample(wav, sample_rate, MERT_RATE)
    wav = F.pad(wav, (0, max(0, _LEAST_SAMPLES - len(wav))))
    features: Tensor = model(wav[None]).last_hidden_state[0]
    return features


def _refused(name: str, why: str) -> CheckpointError:
    where = "the folder" if Path(name).is_dir() else "the hub"
    return CheckpointError(
        f"MERT {name!r} cannot be loaded from {where}: {why}. Give a folder with its config.json and "
        f"weights, or go online once so that it is kept in the hub's cache"
    )
