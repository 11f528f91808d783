"""How the codebooks of each frame are laid out over the steps of a language model's sequence.

A `Pattern` lists, for each sequence step, the cells (frame, codebook) that it holds. Step 0 is empty (all
special tokens); the model reads step s and predicts step s + 1.
"""

from __future__ import annotations

from genmodels.lm.patterns.build import build_pattern_provider
from genmodels.lm.patterns.layout import Cell, Pattern
from genmodels.lm.patterns.providers import (
    CoarseFirstPattern,
    CodebooksPatternProvider,
    DelayedPatternProvider,
    MusicLMPattern,
    ParallelPatternProvider,
    UnrolledPatternProvider,
)

__all__ = [
    "Cell",
    "CoarseFirstPattern",
    "CodebooksPatternProvider",
    "DelayedPatternProvider",
    "MusicLMPattern",
    "ParallelPatternProvider",
    "Pattern",
    "UnrolledPatternProvider",
    "build_pattern_provider",
]
