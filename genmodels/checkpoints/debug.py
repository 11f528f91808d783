"""The model `debug`: random weights, small and quick, for trying programs out."""

from __future__ import annotations

import torch

from genmodels.checkpoints.builders import build_codec, build_lm
from genmodels.codec.base import CompressionModel
from genmodels.lm.model import LMModel

_BINS = 400


def debug_lm() -> LMModel:
    """A language model of 4 codebooks of 400 with text; the weights are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_lm(
            {
                "n_q": 4,
                "card": _BINS,
                "dim": 16,
                "num_heads": 4,
                "num_layers": 2,
                "hidden_scale": 4,
                "delays": [0, 1, 2, 3],
                "conditioners": {"description": {"kind": "words", "dim": 16, "vocabulary": 128}},
                "fuser": {"cross": ["description"]},
            }
        )


def debug_codec() -> CompressionModel:
    """A codec for it: 32 kHz mono, 25 frames a second."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        codec = build_codec(
            {
                "kind": "encodec",
                "seanet": {"n_filters": 4, "dimension": 32, "ratios": [10, 8, 16]},
                "sample_rate": 32000,
                "n_q": 4,
                "bins": _BINS,
            }
        )
        for name, value in codec.state_dict().items():
            # entries of a codebook are all zero until it is trained
            if name.endswith("_codebook.embed"):
                value.normal_()
        return codec
